# The project's default segment.
data "mdx_segment" "default" {}

data "mdx_segment" "backend" {
  name = "backend"
}

output "backend_network" {
  value = data.mdx_segment.backend.ip_range
}
