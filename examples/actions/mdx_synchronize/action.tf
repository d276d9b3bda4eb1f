terraform {
  required_providers {
    mdx = {
      source = "nii-gakunin-cloud/mdx"
    }
  }
}

# terraform apply -invoke=action.mdx_synchronize.now
action "mdx_synchronize" "now" {
  config {}
}
