# By the names of project and VM, or by the VM's id.
terraform import mdx_vm.web my-project/web
terraform import mdx_vm.web 5f0c8f3e-5d0b-4e55-8a63-51d5e1c0b001
