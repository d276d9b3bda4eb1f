# The node that a portable VC controller and its Jupyter run on: one VM with Docker, reached on the ports 22 and 8080
# from your own networks and from nowhere else.
#
#   export MDX_API_TOKEN=...        # portal: menu on your user name
#   terraform init
#   terraform apply -var 'mdx_project_name=my project' -var 'admin_cidrs=["192.0.2.0/24"]'
#   terraform output -raw vpn_catalog_yml >vpn_catalog.yml

terraform {
  required_version = ">= 1.11"

  required_providers {
    mdx = {
      source = "nii-gakunin-cloud/mdx"
    }
  }
}

provider "mdx" {
  project_name = var.mdx_project_name
}

data "mdx_catalog" "this" {
  name = var.mdx_catalog_name
}

data "mdx_segment" "this" {
  name = var.mdx_segment_name
}

resource "mdx_vm" "controller" {
  name           = var.name
  catalog_id     = data.mdx_catalog.this.id
  pack_type      = "cpu"
  pack_num       = var.pack_num
  disk_size      = var.disk_size
  service_level  = "guarantee" # the controller has to be there when the nodes are not
  ssh_public_key = file(var.ssh_public_key_path)

  network_adapters = [{
    adapter_number = 1
    segment_id     = data.mdx_segment.this.id
  }]
}

resource "mdx_dnat" "controller" {
  segment_id          = data.mdx_segment.this.id
  destination_address = mdx_vm.controller.ipv4_address
}

locals {
  open_ports = { ssh = 22, jupyter = 8080 }

  # One rule for each network and port. The keys are known before the VM is, and stay when another network is added.
  rules = {
    for rule in setproduct(keys(local.open_ports), var.admin_cidrs) :
    "${rule[0]} from ${rule[1]}" => { port = local.open_ports[rule[0]], cidr = rule[1] }
  }
}

resource "mdx_acl_rule" "admin" {
  for_each = local.rules

  segment_id       = data.mdx_segment.this.id
  protocol         = "TCP"
  source_cidr      = each.value.cidr
  destination_cidr = "${mdx_vm.controller.ipv4_address}/32"
  destination_port = each.value.port
}

# Docker and no Base container, so the host's own SSH server stays on port 22.
resource "mdx_container_host" "controller" {
  host     = mdx_vm.controller.ipv4_address
  user     = mdx_vm.controller.login_username
  hostname = mdx_vm.controller.name
  ssh_port = 22
  triggers = { vm = mdx_vm.controller.id }

  ntp_servers = var.ntp_servers
  dns_servers = var.cloud_instance_dns_servers

  depends_on = [mdx_acl_rule.admin] # it logs in over SSH
}
