data "mdx_vms" "web" {
  name_regex     = "^web-[0-9]+$"
  read_addresses = true
}

output "web" {
  value = [for vm in data.mdx_vms.web.vms : vm.name]
}
