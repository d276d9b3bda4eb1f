# By the prefix of the members' names, in the provider's project or in another one.
terraform import mdx_vm_group.workers node-
terraform import mdx_vm_group.workers my-project/node-
