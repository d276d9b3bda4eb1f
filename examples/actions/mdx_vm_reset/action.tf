# terraform apply -invoke=action.mdx_vm_reset.web
action "mdx_vm_reset" "web" {
  config {
    vm_id = mdx_vm.web.id
  }
}
