// Package host is the part of the provider that turns machines into VC nodes: mdx_container_host. It translates between
// Terraform and package containerhost.
package host
