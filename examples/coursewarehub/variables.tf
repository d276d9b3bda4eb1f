variable "mdx_project_name" {
  description = "Project on mdx, as the portal calls it. Left out: MDX_PROJECT_NAME, or the only project you are in."
  type        = string
  default     = null
}

variable "mdx_segment_name" {
  description = "Segment of the nodes. Left out: the project's default segment."
  type        = string
  default     = null
}

variable "mdx_catalog_name" {
  description = "Catalog entry that the VMs are deployed from."
  type        = string
  default     = "Ubuntu 22.04 (推奨版)"
}

variable "mdx_pack_type" {
  description = "Kind of packs the nodes get: cpu or gpu."
  type        = string
  default     = "cpu"

  validation {
    condition     = contains(["cpu", "gpu"], var.mdx_pack_type)
    error_message = "mdx_pack_type is cpu or gpu."
  }
}

variable "mdx_service_level" {
  description = "Service level of the workers: guarantee, or spot, which the platform may stop at any time. The manager is never spot."
  type        = string
  default     = "guarantee"

  validation {
    condition     = contains(["spot", "guarantee"], var.mdx_service_level)
    error_message = "mdx_service_level is spot or guarantee."
  }
}

variable "private_network_ipmask" {
  description = "Network that the manager's /exported is offered to. Left out: the segment's."
  type        = string
  default     = null

  validation {
    condition     = var.private_network_ipmask == null || can(cidrhost(var.private_network_ipmask, 0))
    error_message = "private_network_ipmask is a network such as 10.0.0.0/21."
  }
}

variable "ntp_servers" {
  description = "NTP servers of the nodes. Left out: those of the template."
  type        = list(string)
  default     = null
}

variable "cloud_instance_dns_servers" {
  description = "Name servers of the nodes. Left out: those of DHCP."
  type        = list(string)
  default     = null
}

variable "name" {
  description = "What the nodes' names begin with: coursewarehub-manager, coursewarehub-worker-1, and so on."
  type        = string
  default     = "coursewarehub"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,30}$", var.name))
    error_message = "name is made of small letters, digits and hyphens, and begins with a letter."
  }
}

variable "workers" {
  description = "How many workers there are. Change it and apply: workers join, or leave, the highest number first."
  type        = number
  default     = 2

  validation {
    condition     = var.workers >= 1 && var.workers == floor(var.workers)
    error_message = "workers is a whole number, 1 or more: the hub's servers run on workers."
  }
}

variable "manager_pack_num" {
  description = "Packs of the manager."
  type        = number
  default     = 8
}

variable "manager_disk_size" {
  description = "Disk of the manager in GB. Everybody's files and the database are on it."
  type        = number
  default     = 100
}

variable "worker_pack_num" {
  description = "Packs of each worker."
  type        = number
  default     = 8
}

variable "worker_disk_size" {
  description = "Disk of each worker in GB."
  type        = number
  default     = 60
}

variable "admin_cidrs" {
  description = "Networks from where SSH is let in to the nodes: yours, and the one that this apply runs from."
  type        = set(string)

  validation {
    condition     = length(var.admin_cidrs) > 0 && alltrue([for cidr in var.admin_cidrs : can(cidrhost(cidr, 0)) && !endswith(cidr, "/0")])
    error_message = "admin_cidrs needs at least one network such as 192.0.2.0/24, and not the whole internet."
  }
}

variable "web_cidrs" {
  description = "Networks from where the page is let in."
  type        = set(string)
  default     = ["0.0.0.0/0"]

  validation {
    condition     = alltrue([for cidr in var.web_cidrs : can(cidrhost(cidr, 0))])
    error_message = "web_cidrs are networks such as 192.0.2.0/24."
  }
}

variable "ssh_public_key_path" {
  description = "Public key that may log in to the VMs and to their Base containers."
  type        = string
  default     = "~/.ssh/id_ed25519.pub"
}

variable "ssh_private_key_path" {
  description = "Its private half, for ./swarm. Left out: what ssh finds by itself, such as the agent's."
  type        = string
  default     = null
}

variable "vc_controller_address" {
  description = "Address of the VC controller. Images are pulled from its registries, on the ports 5000 and 5001."
  type        = string
}

variable "vc_controller_id" {
  description = "Id of the VC controller."
  type        = string
  default     = "vccontroller"
}

variable "image" {
  description = "Image of the Base container."
  type        = string
  default     = "harbor.vcloud.nii.ac.jp/vcp/coursewarehub:base"
}

variable "hub_image" {
  description = "Image of the hub and its proxy, as the nodes pull it."
  type        = string
}

variable "database_image" {
  description = "Image of the database, as the manager pulls it."
  type        = string
}

variable "time_zone" {
  description = "Time zone of the Base containers."
  type        = string
  default     = "Asia/Tokyo"
}

variable "swarm_address_pool" {
  description = "Network that the swarm's overlay networks are cut from, /24 each. It must not meet any network that the nodes talk to."
  type        = string
  default     = "10.250.0.0/16"

  validation {
    condition     = can(cidrhost(var.swarm_address_pool, 0))
    error_message = "swarm_address_pool is a network such as 10.250.0.0/16."
  }
}

variable "mount_nfs" {
  description = "Whether workers mount the manager's /exported. False where the kernel has no NFS client; home folders are then each worker's own."
  type        = bool
  default     = true
}

variable "build_environment" {
  description = "Whether ./swarm builds the swarm and the stack. False leaves it at the nodes, for notebooks or Ansible to go on from."
  type        = bool
  default     = true
}
