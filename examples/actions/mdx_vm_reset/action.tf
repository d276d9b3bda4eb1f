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

resource "mdx_vm" "web" {
  name           = "web"
  catalog_id     = data.mdx_catalog.ubuntu.id
  pack_type      = "cpu"
  pack_num       = 2
  disk_size      = 40
  ssh_public_key = file("~/.ssh/id_ed25519.pub")
}

# terraform apply -invoke=action.mdx_vm_reset.web
action "mdx_vm_reset" "web" {
  config {
    vm_id = mdx_vm.web.id
  }
}
