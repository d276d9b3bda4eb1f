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

# Follows the VM's address: goes before the VM does, and is made again for the next one.
resource "mdx_acl_rule" "https" {
  segment_id       = data.mdx_segment.default.id
  protocol         = "TCP"
  source_cidr      = "0.0.0.0/0"
  destination_cidr = "${mdx_vm.web.ipv4_address}/32"
  destination_port = 443
}
