data "mdx_segment" "default" {}

# A free public address that leads to the VM.
resource "mdx_dnat" "web" {
  segment_id          = data.mdx_segment.default.id
  destination_address = mdx_vm.web.ipv4_address
}

# This public address, whichever VM it leads to.
resource "mdx_dnat" "mail" {
  segment_id          = data.mdx_segment.default.id
  destination_address = mdx_vm.mail.ipv4_address
  pool_address        = "203.0.113.10"
}
