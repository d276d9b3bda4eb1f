data "mdx_catalog" "ubuntu" {
  name = "Ubuntu 22.04 (推奨版)"
}

# node-0 to node-9, made with one request and waited for together.
resource "mdx_vm_group" "workers" {
  name_prefix    = "node-"
  size           = 10
  catalog_id     = data.mdx_catalog.ubuntu.id
  pack_type      = "cpu"
  pack_num       = 8
  disk_size      = 40
  ssh_public_key = file("~/.ssh/id_ed25519.pub")

  # A change of pack_num or disk_size shuts members down, two at a time.
  allow_stopping_for_update = true
  max_unavailable           = 2
}

output "workers" {
  value = { for m in mdx_vm_group.workers.members : m.name => m.ipv4_address }
}
