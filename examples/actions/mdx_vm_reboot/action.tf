# terraform apply -invoke=action.mdx_vm_reboot.web
action "mdx_vm_reboot" "web" {
  config {
    vm_id = mdx_vm.web.id
  }
}
