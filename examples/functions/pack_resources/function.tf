terraform {
  required_providers {
    mdx = {
      source = "nii-gakunin-cloud/mdx"
    }
  }
}

output "size" {
  description = "36 cores, 115.2 GB of memory and 2 GPUs."
  value       = provider::mdx::pack_resources("gpu", 2)
}
