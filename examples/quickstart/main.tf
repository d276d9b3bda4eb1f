# One VM on mdx: its catalog found by name, in the project's default segment.
#
#   export MDX_API_TOKEN=...        # portal: menu on your user name
#   export MDX_PROJECT_NAME=...     # not needed with a single project
#   terraform init && terraform apply

terraform {
  required_version = ">= 1.11"

  required_providers {
    mdx = {
      source = "nii-gakunin-cloud/mdx"
    }
  }
}

provider "mdx" {}

variable "ssh_public_key_path" {
  description = "Public key that may log in to the VM."
  type        = string
  default     = "~/.ssh/id_ed25519.pub"
}

data "mdx_catalog" "ubuntu" {
  name = "Ubuntu 22.04 (推奨版)"
}

data "mdx_segment" "default" {}

resource "mdx_vm" "hello" {
  name           = "hello-mdx"
  catalog_id     = data.mdx_catalog.ubuntu.id
  pack_type      = "cpu"
  pack_num       = 2
  disk_size      = 40
  ssh_public_key = file(var.ssh_public_key_path)

  network_adapters = [{
    adapter_number = 1
    segment_id     = data.mdx_segment.default.id
  }]
}

output "ipv4_address" {
  description = "The VM's address on its segment."
  value       = mdx_vm.hello.ipv4_address
}

output "login_username" {
  description = "The user of the catalog's template: ssh <login_username>@<ipv4_address>."
  value       = mdx_vm.hello.login_username
}
