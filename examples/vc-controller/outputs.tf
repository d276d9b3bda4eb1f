output "nodes" {
  description = "The Unit's nodes, in the order of node_ids. What is not known yet is null."
  value = [for id in local.node_ids : {
    node_id      = id
    name         = local.nodes[id].name
    vm_id        = try(mdx_vm.node[id].id, null)
    power_state  = try(mdx_vm.node[id].power_state, null)
    ip_address   = try(coalesce(local.nodes[id].address, mdx_vm.node[id].ipv4_address), null)
    state        = try(mdx_container_host.node[id].state, "HOST_ERROR")
    container_id = try(mdx_container_host.node[id].container_id, null)
  }]
}
