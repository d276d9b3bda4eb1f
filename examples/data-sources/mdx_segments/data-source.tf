data "mdx_segments" "all" {}

output "networks" {
  value = { for segment in data.mdx_segments.all.segments : segment.name => segment.ip_range }
}
