terraform {
  required_version = ">= 1.14"

  required_providers {
    mdx = {
      source = "nii-gakunin-cloud/mdx"
    }
  }
}

provider "mdx" {}
