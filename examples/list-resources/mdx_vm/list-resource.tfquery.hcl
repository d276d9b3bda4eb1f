# terraform query -generate-config-out=found.tf
list "mdx_vm" "by_hand" {
  provider = mdx

  config {
    name_prefix = "web-"
  }
}
