# A public address that leads to the manager, and what is let in to where. Within the segment nothing is filtered: the
# swarm (2377, 7946, UDP 4789) and NFS (2049) need no rule.

resource "mdx_dnat" "manager" {
  segment_id          = data.mdx_segment.this.id
  destination_address = mdx_vm.manager.ipv4_address
}

locals {
  # The keys are known before the VMs are. 22 is the Base container's SSH server.
  open_to = merge(
    { for cidr in var.web_cidrs : "https from ${cidr}" => { port = 443, cidr = cidr } },
    { for cidr in var.admin_cidrs : "ssh from ${cidr}" => { port = 22, cidr = cidr } },
  )

  # Where Terraform logs in: 22 at first, 20022 once the Base container has 22.
  hosts = merge([
    for pair in setproduct(concat(["manager"], tolist(local.worker_names)), var.admin_cidrs, ["22", "20022"]) :
    pair[0] == "manager" && pair[2] == "22" ? {} : { "${pair[0]}:${pair[2]} from ${pair[1]}" = { host = pair[0], cidr = pair[1], port = tonumber(pair[2]) } }
  ]...)
}

resource "mdx_acl_rule" "open" {
  for_each = local.open_to

  segment_id       = data.mdx_segment.this.id
  protocol         = "TCP"
  source_cidr      = each.value.cidr
  destination_cidr = "${mdx_vm.manager.ipv4_address}/32"
  destination_port = each.value.port
}

resource "mdx_acl_rule" "host" {
  for_each = local.hosts

  segment_id       = data.mdx_segment.this.id
  protocol         = "TCP"
  source_cidr      = each.value.cidr
  destination_cidr = "${each.value.host == "manager" ? mdx_vm.manager.ipv4_address : mdx_vm.worker[each.value.host].ipv4_address}/32"
  destination_port = each.value.port
}
