# In a file that ends with .tfquery.hcl, beside the .tf file with the provider block. Then:
#
#   terraform query -generate-config-out=found.tf    # writes a resource and an import block for each VM
#   terraform plan                                   # what would be imported
list "mdx_vm" "by_hand" {
  provider = mdx

  config {
    name_prefix = "web-"
  }
}
