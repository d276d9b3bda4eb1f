data "mdx_project_usage" "this" {}

output "points" {
  value = data.mdx_project_usage.this.remaining_points
}
