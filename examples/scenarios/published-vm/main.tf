# A VM that the world reaches on port 443 and the campus on port 22; nobody else gets in, and nothing stays behind when
# it is destroyed.
#
#   export MDX_API_TOKEN=...        # portal: menu on your user name
#   export MDX_PROJECT_NAME=...     # not needed with a single project
#   terraform init && terraform apply -var campus_cidr=192.0.2.0/24

terraform {
  required_version = ">= 1.11"

  required_providers {
    mdx = {
      source = "nii-gakunin-cloud/mdx"
    }
  }
}

provider "mdx" {}

variable "campus_cidr" {
  description = "Network of your campus, from where the VM is administered."
  type        = string
}

variable "ssh_public_key_path" {
  description = "Public key that may log in to the VM."
  type        = string
  default     = "~/.ssh/id_ed25519.pub"
}

data "mdx_catalog" "ubuntu" {
  name = "Ubuntu 22.04 (推奨版)"
}

data "mdx_segment" "default" {}

resource "mdx_vm" "web" {
  name           = "web"
  catalog_id     = data.mdx_catalog.ubuntu.id
  pack_type      = "cpu"
  pack_num       = 2
  disk_size      = 40
  service_level  = "guarantee"
  ssh_public_key = file(var.ssh_public_key_path)

  network_adapters = [{
    adapter_number = 1
    segment_id     = data.mdx_segment.default.id
  }]
}

# A public address that leads to the VM. Which one it is does not matter: a free one is taken.
resource "mdx_dnat" "web" {
  segment_id          = data.mdx_segment.default.id
  destination_address = mdx_vm.web.ipv4_address
}

# The rules refer to the VM's address, so they go before the VM does, and follow it when it is replaced.
resource "mdx_acl_rule" "https" {
  segment_id       = data.mdx_segment.default.id
  protocol         = "TCP"
  source_cidr      = "0.0.0.0/0"
  destination_cidr = "${mdx_vm.web.ipv4_address}/32"
  destination_port = 443
}

resource "mdx_acl_rule" "ssh" {
  segment_id       = data.mdx_segment.default.id
  protocol         = "TCP"
  source_cidr      = var.campus_cidr
  destination_cidr = "${mdx_vm.web.ipv4_address}/32"
  destination_port = 22
}

output "public_address" {
  description = "Where the world finds the VM."
  value       = mdx_dnat.web.pool_address
}

output "campus_address" {
  description = "Where the campus logs in: ssh <login_username>@<campus_address>."
  value       = mdx_vm.web.ipv4_address
}

output "login_username" {
  description = "The user of the catalog's template."
  value       = mdx_vm.web.login_username
}
