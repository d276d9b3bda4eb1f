# The provider's project. Others are found by name or id.
data "mdx_project" "this" {}

output "until" {
  value = data.mdx_project.this.end_date
}
