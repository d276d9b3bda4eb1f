data "mdx_global_addresses" "all" {}

output "free_public_addresses" {
  value = data.mdx_global_addresses.all.free
}

# Where each used public address leads.
output "published" {
  value = { for used in data.mdx_global_addresses.all.by_dnat : used.address => used.destination_address }
}
