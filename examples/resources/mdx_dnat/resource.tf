data "mdx_segment" "default" {}

data "mdx_catalog" "ubuntu" {
  name = "Ubuntu 22.04 (推奨版)"
}

resource "mdx_vm" "web" {
  name           = "web"
  catalog_id     = data.mdx_catalog.ubuntu.id
  pack_type      = "cpu"
  pack_num       = 2
  disk_size      = 40
  ssh_public_key = file("~/.ssh/id_ed25519.pub")
}

resource "mdx_vm" "mail" {
  name           = "mail"
  catalog_id     = data.mdx_catalog.ubuntu.id
  pack_type      = "cpu"
  pack_num       = 2
  disk_size      = 40
  ssh_public_key = file("~/.ssh/id_ed25519.pub")
}

# A free public address that leads to the VM.
resource "mdx_dnat" "web" {
  segment_id          = data.mdx_segment.default.id
  destination_address = mdx_vm.web.ipv4_address

  depends_on = [mdx_dnat.mail] # or it might take the one that the other asks for
}

# This public address, whichever VM it leads to.
resource "mdx_dnat" "mail" {
  segment_id          = data.mdx_segment.default.id
  destination_address = mdx_vm.mail.ipv4_address
  pool_address        = "203.0.113.10"
}
