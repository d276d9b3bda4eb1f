terraform {
  required_version = ">= 1.11"

  required_providers {
    mdx = {
      source = "nii-gakunin-cloud/mdx"
    }
  }
}

# The token comes from MDX_API_TOKEN, or from the file that MDX_TOKEN_FILE names.
provider "mdx" {
  project_name = "my-project"
}
