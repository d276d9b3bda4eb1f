# What is built on the nodes, by ./swarm over SSH into the Base containers. Each of its commands may be run again: what
# holds already is skipped. The swarm's join token goes from the manager to the worker through this machine's memory and
# is in no file, state or log; the database's password never leaves the manager.

locals {
  ssh = {
    SSH_KEY     = var.ssh_private_key_path == null ? "" : pathexpand(var.ssh_private_key_path)
    KNOWN_HOSTS = abspath("${path.root}/known_hosts")
  }
}

resource "terraform_data" "swarm" {
  count = var.build_environment ? 1 : 0

  triggers_replace = [mdx_vm.manager.id]

  provisioner "local-exec" {
    command = "${path.module}/swarm init"
    environment = merge(local.ssh, {
      MANAGER      = mdx_vm.manager.ipv4_address
      MANAGER_ID   = mdx_container_host.manager.container_id
      ADDRESS_POOL = var.swarm_address_pool
    })
  }
}

# A worker's membership. It goes before the worker does: its services move away first.
resource "terraform_data" "member" {
  for_each = var.build_environment ? local.worker_names : toset([])

  triggers_replace = [mdx_container_host.worker[each.key].triggers["vm"], terraform_data.swarm[0].id]

  # What leaving takes, since nothing else is known then.
  input = {
    swarm = abspath("${path.module}/swarm")
    environment = merge(local.ssh, {
      MANAGER    = mdx_vm.manager.ipv4_address
      MANAGER_ID = mdx_container_host.manager.container_id
      WORKER     = mdx_container_host.worker[each.key].host
      WORKER_ID  = mdx_container_host.worker[each.key].container_id
      NODE       = each.key
      MOUNT_NFS  = tostring(var.mount_nfs)
    })
  }

  provisioner "local-exec" {
    command     = "${self.input.swarm} join"
    environment = self.input.environment
  }

  provisioner "local-exec" {
    when        = destroy
    command     = "${self.input.swarm} leave"
    environment = self.input.environment
  }
}

resource "terraform_data" "stack" {
  count = var.build_environment ? 1 : 0

  triggers_replace = [
    terraform_data.swarm[0].id, filesha256("${path.module}/stack.yml"), var.hub_image, var.database_image, var.mount_nfs,
  ]

  provisioner "local-exec" {
    command = "${path.module}/swarm deploy"
    environment = merge(local.ssh, {
      MANAGER        = mdx_vm.manager.ipv4_address
      MANAGER_ID     = mdx_container_host.manager.container_id
      STACK          = "${path.module}/stack.yml"
      HUB_IMAGE      = var.hub_image
      DATABASE_IMAGE = var.database_image
      HOME_FOLDERS   = var.mount_nfs ? "/exported/home" : "home"
    })
  }

  depends_on = [terraform_data.member]
}
