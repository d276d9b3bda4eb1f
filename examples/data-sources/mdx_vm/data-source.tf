# A VM that somebody else looks after.
data "mdx_vm" "notebook" {
  name = "sato-notebook"
}

output "address" {
  value = data.mdx_vm.notebook.ipv4_address
}
