data "mdx_projects" "mine" {}
