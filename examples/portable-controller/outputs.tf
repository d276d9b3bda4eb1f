output "public_address" {
  description = "Where your networks find the controller: ssh on port 22, Jupyter on 8080."
  value       = mdx_dnat.controller.pool_address
}

output "address" {
  description = "The controller's address on its segment: what its nodes call it, and vc_controller.address of mdx_container_host."
  value       = mdx_vm.controller.ipv4_address
}

output "login" {
  description = "How to log in, once the host is ready."
  value       = "ssh ${mdx_vm.controller.login_username}@${mdx_dnat.controller.pool_address}"
}

output "docker_version" {
  description = "Docker Engine on the controller's host."
  value       = mdx_container_host.controller.docker_version
}

output "vpn_catalog_yml" {
  description = "The VPN catalog for this project, ready to be put beside the controller: terraform output -raw vpn_catalog_yml."
  value = yamlencode({
    cci_version = "1.0"
    mdx = {
      default = merge(
        {
          mdx_segment_name       = data.mdx_segment.this.name
          mdx_catalog_name       = var.mdx_catalog_name
          mdx_pack_type          = var.mdx_pack_type
          mdx_service_level      = var.mdx_service_level
          private_network_ipmask = coalesce(var.private_network_ipmask, data.mdx_segment.this.ip_range)
        },
        # What is not said is left out: the controller knows its own defaults.
        var.mdx_project_name == null ? {} : { mdx_project_name = var.mdx_project_name },
        var.ntp_servers == null ? {} : { ntp_servers = var.ntp_servers },
        var.cloud_instance_dns_servers == null ? {} : { cloud_instance_dns_servers = var.cloud_instance_dns_servers },
      )
    }
  })
}
