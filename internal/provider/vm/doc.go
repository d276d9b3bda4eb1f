// Package vm is the part of the provider that makes and shows VMs: mdx_vm, mdx_vm_group, their data sources, lists, actions
// and functions. It translates between Terraform and package portal.
package vm
