variable "vc_controller_address" {
  description = "Address of the VC controller."
  type        = string
}

variable "vc_controller_public_key" {
  description = "Public key that the VC controller logs in to its nodes with."
  type        = string
}

data "mdx_catalog" "ubuntu" {
  name = "Ubuntu 22.04 (推奨版)"
}

resource "mdx_vm" "node" {
  name           = "vc-node-1"
  catalog_id     = data.mdx_catalog.ubuntu.id
  pack_type      = "cpu"
  pack_num       = 8
  disk_size      = 40
  ssh_public_key = file("~/.ssh/id_ed25519.pub")
}

# Logs in as the provider's ssh attribute says, here with the agent's key or ~/.ssh/id_ed25519.
resource "mdx_container_host" "node" {
  host            = mdx_vm.node.ipv4_address
  user            = mdx_vm.node.login_username
  hostname        = mdx_vm.node.name
  authorized_keys = [var.vc_controller_public_key]

  # A replaced VM has another host key: this follows it.
  triggers = { vm = mdx_vm.node.id }

  docker = {
    insecure_registries = ["${var.vc_controller_address}:5000", "${var.vc_controller_address}:5001"]
    registry_mirrors    = ["http://${var.vc_controller_address}:5000"]
  }

  vc_controller = {
    address = var.vc_controller_address
    id      = "vc1"
  }

  base_container = {
    image             = "harbor.vcloud.nii.ac.jp/vcp/base:2.1.0-alpine3.21-x86_64"
    environment       = { TZ = "Asia/Tokyo" }
    authorized_keys   = [var.vc_controller_public_key]
    user_init_command = <<-EOT
      #!/bin/sh
      mkdir -p /exported
    EOT
  }
}

output "state" {
  value = mdx_container_host.node.state
}
