# CoursewareHub on mdx: one manager and some workers, each a VM with VCP's Base container, made a Docker swarm with a
# JupyterHub stack on it, behind a public address. One apply, from nothing to the page.
#
#   export MDX_API_TOKEN=...        # portal: menu on your user name
#   terraform init
#   terraform apply -var-file=my.tfvars
#
# It runs ./swarm, which needs ssh on this machine. The guide "CoursewareHub on mdx" tells the rest.

terraform {
  required_version = ">= 1.11"

  required_providers {
    mdx = {
      source = "nii-gakunin-cloud/mdx"
    }
  }
}

provider "mdx" {
  project_name = var.mdx_project_name
}

data "mdx_catalog" "this" {
  name = var.mdx_catalog_name
}

data "mdx_segment" "this" {
  name = var.mdx_segment_name
}

locals {
  public_key = trimspace(file(pathexpand(var.ssh_public_key_path)))
  network    = coalesce(var.private_network_ipmask, data.mdx_segment.this.ip_range)
  adapters   = [{ adapter_number = 1, segment_id = data.mdx_segment.this.id }]

  # Named volumes are on the VM's disk and outlive the Base container, and with it a change of its image: the swarm's
  # membership, its volumes and secrets are in the first. /lib/modules is for NFS.
  volumes = ["${var.name}-docker:/var/lib/docker", "/lib/modules:/lib/modules:ro"]

  docker = {
    insecure_registries = ["${var.vc_controller_address}:5000", "${var.vc_controller_address}:5001"]
  }
  vc_controller = {
    address = var.vc_controller_address
    id      = var.vc_controller_id
  }
}

resource "mdx_vm" "manager" {
  name             = "${var.name}-manager"
  catalog_id       = data.mdx_catalog.this.id
  pack_type        = var.mdx_pack_type
  pack_num         = var.manager_pack_num
  disk_size        = var.manager_disk_size
  service_level    = "guarantee" # everybody's files and the database are on it
  network_adapters = local.adapters
  ssh_public_key   = local.public_key
}

locals {
  worker_names = toset([for i in range(var.workers) : "${var.name}-worker-${i + 1}"])
}

# Equal VMs that are asked for together share a deploy request, up to ten at a time.
resource "mdx_vm" "worker" {
  for_each = local.worker_names

  name             = each.key
  catalog_id       = data.mdx_catalog.this.id
  pack_type        = var.mdx_pack_type
  pack_num         = var.worker_pack_num
  disk_size        = var.worker_disk_size
  service_level    = var.mdx_service_level
  network_adapters = local.adapters
  ssh_public_key   = local.public_key
}

resource "mdx_container_host" "manager" {
  host     = mdx_vm.manager.ipv4_address
  user     = mdx_vm.manager.login_username
  hostname = mdx_vm.manager.name
  triggers = { vm = mdx_vm.manager.id }

  ntp_servers   = var.ntp_servers
  dns_servers   = var.cloud_instance_dns_servers
  docker        = local.docker
  vc_controller = local.vc_controller

  base_container = {
    image           = var.image
    environment     = { TZ = var.time_zone, NFS_AUTOSTART = "true" }
    volumes         = concat(local.volumes, ["${var.name}-exported:/exported"])
    authorized_keys = [local.public_key]

    # At every start: offer /exported to the segment.
    user_init_command = <<-EOT
      #!/bin/sh
      set -e
      mkdir -p /exported/home
      echo '/exported ${local.network}(rw,sync,no_subtree_check,no_root_squash,fsid=0)' >/etc/exports
      exportfs -ra
    EOT
  }

  depends_on = [mdx_acl_rule.host] # it logs in over SSH
}

resource "mdx_container_host" "worker" {
  for_each = local.worker_names

  host     = mdx_vm.worker[each.key].ipv4_address
  user     = mdx_vm.worker[each.key].login_username
  hostname = each.key
  triggers = { vm = mdx_vm.worker[each.key].id }

  ntp_servers   = var.ntp_servers
  dns_servers   = var.cloud_instance_dns_servers
  docker        = local.docker
  vc_controller = local.vc_controller

  base_container = {
    image           = var.image
    environment     = { TZ = var.time_zone, NFS_AUTOSTART = "false", NFS_SERVER = mdx_vm.manager.ipv4_address }
    volumes         = local.volumes
    authorized_keys = [local.public_key]

    # At every start: mount the manager's folder, however long the manager takes to offer it.
    user_init_command = !var.mount_nfs ? null : <<-EOT
      #!/bin/sh
      mkdir -p /exported
      grep -qw nfs4 /proc/filesystems || modprobe nfs || { echo 'this kernel has no NFS client' >&2; exit 1; }
      until mountpoint -q /exported || mount -t nfs4 "$NFS_SERVER:/" /exported; do sleep 5; done
    EOT
  }

  depends_on = [mdx_acl_rule.host]
}
