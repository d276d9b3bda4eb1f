data "mdx_segment" "default" {}

# Follows the VM's address: goes before the VM does, and is made again for the next one.
resource "mdx_acl_rule" "https" {
  segment_id       = data.mdx_segment.default.id
  protocol         = "TCP"
  source_cidr      = "0.0.0.0/0"
  destination_cidr = "${mdx_vm.web.ipv4_address}/32"
  destination_port = 443
}
