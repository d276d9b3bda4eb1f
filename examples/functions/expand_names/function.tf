terraform {
  required_providers {
    mdx = {
      source = "nii-gakunin-cloud/mdx"
    }
  }
}

data "mdx_catalog" "ubuntu" {
  name = "Ubuntu 22.04 (推奨版)"
}

resource "mdx_vm" "node" {
  for_each = toset(provider::mdx::expand_names("node-[1-3]"))

  name           = each.key
  catalog_id     = data.mdx_catalog.ubuntu.id
  pack_type      = "cpu"
  pack_num       = 2
  disk_size      = 40
  ssh_public_key = file("~/.ssh/id_ed25519.pub")
}
