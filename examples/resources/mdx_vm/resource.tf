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

# Kept running, and resized without asking again.
resource "mdx_vm" "database" {
  name           = "database"
  catalog_id     = data.mdx_catalog.ubuntu.id
  pack_type      = "cpu"
  pack_num       = 16
  disk_size      = 200
  service_level  = "guarantee"
  ssh_public_key = file("~/.ssh/id_ed25519.pub")

  allow_stopping_for_update = true

  timeouts = {
    create = "90m"
  }
}

# A copy of it, to try things on.
resource "mdx_vm" "rehearsal" {
  name         = "rehearsal"
  source_vm_id = mdx_vm.database.id
  power_state  = "stopped"
}
