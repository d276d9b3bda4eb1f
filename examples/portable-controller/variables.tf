variable "mdx_project_name" {
  description = "Project on mdx, as the portal calls it. Left out: MDX_PROJECT_NAME, or the only project you are in."
  type        = string
  default     = null
}

variable "mdx_segment_name" {
  description = "Segment that the controller and its nodes are on. Left out: the project's default segment."
  type        = string
  default     = null
}

variable "mdx_catalog_name" {
  description = "Catalog entry that the controller and its nodes are deployed from."
  type        = string
  default     = "Ubuntu 22.04 (推奨版)"
}

variable "mdx_pack_type" {
  description = "Kind of packs that the controller's nodes get, for the VPN catalog: cpu or gpu."
  type        = string
  default     = "cpu"

  validation {
    condition     = contains(["cpu", "gpu"], var.mdx_pack_type)
    error_message = "mdx_pack_type is cpu or gpu."
  }
}

variable "mdx_service_level" {
  description = "Service level of the controller's nodes, for the VPN catalog: spot or guarantee. The controller itself is never spot."
  type        = string
  default     = "guarantee"

  validation {
    condition     = contains(["spot", "guarantee"], var.mdx_service_level)
    error_message = "mdx_service_level is spot or guarantee."
  }
}

variable "private_network_ipmask" {
  description = "Network that the controller's nodes take their addresses from, for the VPN catalog. Left out: the segment's."
  type        = string
  default     = null

  validation {
    condition     = var.private_network_ipmask == null || can(cidrhost(var.private_network_ipmask, 0))
    error_message = "private_network_ipmask is a network such as 10.0.0.0/21."
  }
}

variable "ntp_servers" {
  description = "NTP servers of the controller, and of its nodes by the VPN catalog. Left out: those of the template."
  type        = list(string)
  default     = null
}

variable "cloud_instance_dns_servers" {
  description = "Name servers of the controller, and of its nodes by the VPN catalog. Left out: those of DHCP."
  type        = list(string)
  default     = null
}

variable "admin_cidrs" {
  description = "Networks from where the controller may be reached: your campus, and the one that this apply runs from."
  type        = set(string)

  validation {
    condition     = length(var.admin_cidrs) > 0 && alltrue([for cidr in var.admin_cidrs : can(cidrhost(cidr, 0))])
    error_message = "admin_cidrs needs at least one network such as 192.0.2.0/24."
  }

  validation {
    condition     = alltrue([for cidr in var.admin_cidrs : !endswith(cidr, "/0")])
    error_message = "A VC controller holds the keys of your clouds: name the networks it is used from, not the whole internet."
  }
}

variable "name" {
  description = "Name of the VM, and its host name."
  type        = string
  default     = "vc-controller"
}

variable "pack_num" {
  description = "CPU packs of the VM. The controller and Jupyter need four."
  type        = number
  default     = 4

  validation {
    condition     = var.pack_num >= 4
    error_message = "The controller and Jupyter need at least 4 CPU packs."
  }
}

variable "disk_size" {
  description = "Disk of the VM in GB. The controller's images need forty."
  type        = number
  default     = 40

  validation {
    condition     = var.disk_size >= 40
    error_message = "The controller's images need a disk of at least 40 GB."
  }
}

variable "ssh_public_key_path" {
  description = "Public key that may log in to the VM. Its private half must be among the provider's ssh keys: the agent's, or ~/.ssh/id_ed25519."
  type        = string
  default     = "~/.ssh/id_ed25519.pub"
}
