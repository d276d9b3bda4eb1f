terraform {
  required_providers {
    mdx = {
      source = "nii-gakunin-cloud/mdx"
    }
  }
}

ephemeral "mdx_token" "fresh" {}

# A script that asks the portal for what the provider does not offer. The token is in its environment only.
resource "terraform_data" "report" {
  provisioner "local-exec" {
    command = "curl --fail --header \"Authorization: JWT $MDX_API_TOKEN\" https://oprpl.mdx.jp/api/project/assigned/"
    environment = {
      MDX_API_TOKEN = ephemeral.mdx_token.fresh.token
    }
  }
}
