terraform {
  required_providers {
    mdx = {
      source = "nii-gakunin-cloud/mdx"
    }
  }
}

locals {
  # 4 cores and 16 GB of memory, no GPU: 11 packs, since a cpu pack brings 1.51 GB.
  pack_num = provider::mdx::packs_needed("cpu", 4, 16, 0)
}

output "pack_num" {
  value = local.pack_num
}
