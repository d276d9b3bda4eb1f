# The Terraform root of one Unit on mdx: what a VC controller applies, one folder and one state for each Unit.
#
# terraform.tfvars.json is what the controller renders from its VPN catalog (vpn_catalog.yml) and the Unit (unit.yml).
# Credentials come from the environment and are in no file:
#
#   export MDX_API_TOKEN=...              # portal: menu on your user name
#   export MDX_SSH_PRIVATE_KEY_PATH=...   # the private half of vc_controller_public_key
#   terraform init
#   terraform apply -auto-approve -input=false -json -parallelism=100
#   terraform output -json nodes
#
# The guide "Driving mdx from a VC controller" tells the rest.

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

locals {
  flavor = yamldecode(file("${path.module}/flavors.yml")).mdx[var.flavor]

  # A node is known by its id and never by its place, so that any of them can go without the others moving up.
  node_ids = var.node_ids != null ? var.node_ids : [for n in range(var.num_nodes) : tostring(n + 1)]
  nodes = {
    for place, id in local.node_ids : id => {
      name        = "${var.unit_name}-${id}"
      address     = try(var.ip_addresses[place], null)
      power_state = contains(var.powered_off_nodes, id) ? "stopped" : var.power_state
    }
  }

  # Nodes that rules lead to: a VM that has been off since it was made has no address yet.
  open = [for id, node in local.nodes : id if var.mdx_acl_for_controller && node.power_state == "running"]
}

data "mdx_catalog" "unit" {
  name = var.mdx_catalog_name
}

data "mdx_segment" "unit" {
  name = var.mdx_segment_name
}

# Equal VMs that are asked for together share a deploy request, up to ten at a time.
resource "mdx_vm" "node" {
  for_each = local.nodes

  name           = each.value.name
  catalog_id     = data.mdx_catalog.unit.id
  pack_type      = try(local.flavor.mdx_pack_type, var.mdx_pack_type)
  pack_num       = local.flavor.mdx_pack_num
  disk_size      = var.disk_size
  service_level  = var.mdx_service_level
  power_state    = each.value.power_state
  ssh_public_key = var.vc_controller_public_key

  # Another flavor or a larger disk restarts the node; nothing else in this file does.
  allow_stopping_for_update = true

  network_adapters = [{
    adapter_number = 1
    segment_id     = data.mdx_segment.unit.id
  }]
}

# A node that is to have a fixed address is first met at another.
resource "mdx_acl_rule" "first_login" {
  for_each = toset([for id in local.open : id if local.nodes[id].address != null])

  segment_id       = data.mdx_segment.unit.id
  protocol         = "TCP"
  source_cidr      = "${var.vc_controller_address}/32"
  destination_cidr = "${mdx_vm.node[each.key].ipv4_address}/32"
  destination_port = 22
}

# SSH and Docker over TCP; Serf, which Base containers find each other with, over UDP too.
resource "mdx_acl_rule" "controller" {
  for_each = {
    for pair in setproduct(local.open, ["TCP", "UDP"]) :
    "${pair[0]}/${pair[1]}" => { node = pair[0], protocol = pair[1] }
  }

  segment_id       = data.mdx_segment.unit.id
  protocol         = each.value.protocol
  source_cidr      = "${var.vc_controller_address}/32"
  destination_cidr = "${coalesce(local.nodes[each.value.node].address, mdx_vm.node[each.value.node].ipv4_address)}/32"
}

resource "mdx_container_host" "node" {
  for_each = local.nodes

  host                = coalesce(mdx_vm.node[each.key].ipv4_address, each.value.name)
  user                = mdx_vm.node[each.key].login_username
  hostname            = each.value.name
  static_ipv4_address = each.value.address
  ntp_servers         = length(var.ntp_servers) > 0 ? var.ntp_servers : null
  dns_servers         = length(var.cloud_instance_dns_servers) > 0 ? var.cloud_instance_dns_servers : null
  power_state         = mdx_vm.node[each.key].power_state

  # A VM that is replaced is a new node, in the same apply.
  triggers = { vm = mdx_vm.node[each.key].id }

  docker = {
    insecure_registries = ["${var.vc_controller_address}:5000", "${var.vc_controller_address}:5001"]
    registry_mirrors    = ["http://${var.vc_controller_address}:5000"]
  }

  vc_controller = {
    address = var.vc_controller_address
    id      = var.vc_controller_id
  }

  base_container = {
    image             = var.image
    environment       = { for text in var.params_e : split("=", text)[0] => join("=", slice(split("=", text), 1, length(split("=", text)))) }
    volumes           = var.params_v
    authorized_keys   = [var.ssh_public_key]
    user_init_command = var.user_init_command
  }

  # The controller gets in through these, also for the last time.
  depends_on = [mdx_acl_rule.first_login, mdx_acl_rule.controller]
}
