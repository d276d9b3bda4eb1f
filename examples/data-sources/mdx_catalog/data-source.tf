data "mdx_catalog" "ubuntu" {
  name = "Ubuntu 22.04 (推奨版)"
}

output "least_disk" {
  value = "${data.mdx_catalog.ubuntu.lower_limit_disk} GB"
}
