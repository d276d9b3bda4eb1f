# Every hole in the project's networks. In a file that ends with .tfquery.hcl, beside the .tf file with the provider block:
#
#   terraform query
list "mdx_acl_rule" "all" {
  provider = mdx
}
