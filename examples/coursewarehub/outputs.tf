output "url" {
  description = "Where the world finds the page. The stand-in's certificate is its own."
  value       = "https://${mdx_dnat.manager.pool_address}/"
}

output "login" {
  description = "How to log in to the manager's Base container."
  value       = "ssh root@${mdx_dnat.manager.pool_address}"
}

output "nodes" {
  description = "The nodes, as a VC controller knows them."
  value = {
    for name, host in merge({ (mdx_vm.manager.name) = mdx_container_host.manager }, mdx_container_host.worker) :
    name => { address = host.host, state = host.state, container_id = host.container_id }
  }
}
