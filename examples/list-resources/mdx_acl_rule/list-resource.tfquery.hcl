# Every hole in the project's networks.
list "mdx_acl_rule" "all" {
  provider = mdx
}
