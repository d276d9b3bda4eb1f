# The newest Ubuntu that needs no GPU.
data "mdx_catalogs" "ubuntu" {
  os_name      = "Ubuntu"
  gpu_required = false
}

output "newest" {
  value = data.mdx_catalogs.ubuntu.catalogs[0].name
}
