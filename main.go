// Command terraform-provider-mdx is the Terraform provider plugin for mdx.
package main

func main() {}
