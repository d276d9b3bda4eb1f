# From the VPN catalog: what a network on mdx is, the same for all its Units.

variable "mdx_project_name" {
  description = "Project that the Unit's VMs belong to. Left out: MDX_PROJECT_NAME, or the only project of the token."
  type        = string
  default     = null
}

variable "mdx_segment_name" {
  description = "Network segment of the nodes. Left out: the project's default segment."
  type        = string
  default     = null
}

variable "mdx_catalog_name" {
  description = "Name of the portal's catalog entry that the VMs are deployed from."
  type        = string
}

variable "mdx_pack_type" {
  description = "Kind of pack that VMs are made of, where the flavor does not say: cpu or gpu."
  type        = string
  default     = "cpu"

  validation {
    condition     = contains(["cpu", "gpu"], var.mdx_pack_type)
    error_message = "mdx_pack_type is \"cpu\" or \"gpu\"."
  }
}

variable "mdx_service_level" {
  description = "guarantee: the VMs run until they are stopped. spot: cheaper, and the platform may stop them at any time."
  type        = string
  default     = "guarantee"

  validation {
    condition     = contains(["spot", "guarantee"], var.mdx_service_level)
    error_message = "mdx_service_level is \"spot\" or \"guarantee\"."
  }
}

variable "mdx_acl_for_controller" {
  description = "Whether access rules let the VC controller in to each node. Not needed where both are in one segment."
  type        = bool
  default     = true
}

variable "private_network_ipmask" {
  description = "Network that ip_addresses are taken from, such as 10.0.0.0/21."
  type        = string
  default     = null

  validation {
    condition     = var.private_network_ipmask == null || can(cidrhost(var.private_network_ipmask, 0))
    error_message = "private_network_ipmask is a network with its mask, such as 10.0.0.0/21."
  }
}

variable "ntp_servers" {
  description = "Time servers of the nodes. Left out: the template's."
  type        = list(string)
  default     = []
}

variable "cloud_instance_dns_servers" {
  description = "Name servers of the nodes. Left out: the network's."
  type        = list(string)
  default     = []
}

# From the Unit.

variable "unit_name" {
  description = "Name of the Unit, unique in the project; its nodes are called <unit_name>-<node id>."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z]([A-Za-z0-9-]{0,50}[A-Za-z0-9])?$", var.unit_name))
    error_message = "unit_name is made of letters, digits and hyphens, begins with a letter, and has 52 characters at most."
  }
}

variable "num_nodes" {
  description = "How many nodes the Unit has."
  type        = number

  validation {
    condition     = var.num_nodes >= 0 && floor(var.num_nodes) == var.num_nodes
    error_message = "num_nodes is a whole number, 0 or more."
  }
}

variable "node_ids" {
  description = "Ids of the nodes, one for each. To remove a chosen node, take out its id. Left out: 1, 2, 3 and so on."
  type        = list(string)
  default     = null

  validation {
    condition     = var.node_ids == null ? true : length(var.node_ids) == var.num_nodes
    error_message = "node_ids has one id for each of num_nodes."
  }
  validation {
    condition     = var.node_ids == null ? true : length(distinct(var.node_ids)) == length(var.node_ids)
    error_message = "node_ids has no id twice."
  }
  validation {
    condition     = var.node_ids == null ? true : alltrue([for id in var.node_ids : can(regex("^[A-Za-z0-9]{1,8}$", id))])
    error_message = "An id in node_ids has 1 to 8 letters and digits."
  }
}

variable "ip_addresses" {
  description = "Fixed addresses of the nodes, in the order of node_ids. Left out: those that the portal gives."
  type        = list(string)
  default     = []

  validation {
    condition     = contains([0, var.num_nodes], length(var.ip_addresses))
    error_message = "ip_addresses has one address for each of num_nodes, or none."
  }
  validation {
    condition     = length(distinct(var.ip_addresses)) == length(var.ip_addresses)
    error_message = "ip_addresses has no address twice."
  }
  validation {
    condition     = alltrue([for a in var.ip_addresses : can(cidrhost("${a}/32", 0)) && !strcontains(a, ":")])
    error_message = "ip_addresses are IPv4 addresses."
  }
  validation {
    condition = var.private_network_ipmask == null ? true : alltrue([
      for a in var.ip_addresses :
      try(cidrhost("${a}/${split("/", var.private_network_ipmask)[1]}", 0) == cidrhost(var.private_network_ipmask, 0), false)
    ])
    error_message = "ip_addresses are in private_network_ipmask."
  }
}

variable "flavor" {
  description = "Size of the nodes, a name in flavors.yml."
  type        = string

  validation {
    condition     = contains(keys(yamldecode(file("${path.module}/flavors.yml")).mdx), var.flavor)
    error_message = "flavor is one of ${join(", ", keys(yamldecode(file("${path.module}/flavors.yml")).mdx))}."
  }
}

variable "disk_size" {
  description = "Disk of each node in GB."
  type        = number
  default     = 40

  validation {
    condition     = var.disk_size >= 1 && floor(var.disk_size) == var.disk_size
    error_message = "disk_size is a whole number of GB."
  }
}

variable "image" {
  description = "Image of the Base container, with its tag."
  type        = string
  default     = "harbor.vcloud.nii.ac.jp/vcp/base:2.1.0-alpine3.21-x86_64"
}

variable "params_e" {
  description = "Environment of the Base container, as NAME=value. It is kept in state, so let no secret be among it."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for text in var.params_e : can(regex("^[A-Za-z_][A-Za-z0-9_]*=", text))])
    error_message = "Each of params_e is NAME=value."
  }
}

variable "params_v" {
  description = "Folders of the host that the Base container mounts, as source:target or source:target:ro."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for text in var.params_v : can(regex("^/[^:]*:/[^:]*(:[a-z,]+)?$", text))])
    error_message = "Each of params_v is source:target or source:target:options, with absolute paths."
  }
}

variable "ssh_public_key" {
  description = "Public key that users of the Unit log in to its Base containers with."
  type        = string
}

variable "user_init_command" {
  description = "Script that each Base container runs at every start."
  type        = string
  default     = null

  validation {
    condition     = var.user_init_command == null ? true : startswith(var.user_init_command, "#!")
    error_message = "user_init_command begins with a line that names its interpreter, such as #!/bin/sh."
  }
  validation {
    condition     = var.user_init_command == null ? true : length(base64encode(var.user_init_command)) <= 4 * 93 * 1024 / 3
    error_message = "user_init_command has 93 KB at most."
  }
}

variable "power_state" {
  description = "Whether the Unit's nodes are running or stopped."
  type        = string
  default     = "running"

  validation {
    condition     = contains(["running", "stopped"], var.power_state)
    error_message = "power_state is \"running\" or \"stopped\"."
  }
}

variable "powered_off_nodes" {
  description = "Ids of single nodes that are off while the Unit is running."
  type        = list(string)
  default     = []

  validation {
    condition = length(setsubtract(var.powered_off_nodes,
    var.node_ids != null ? var.node_ids : [for n in range(var.num_nodes) : tostring(n + 1)])) == 0
    error_message = "powered_off_nodes are ids of the Unit's nodes."
  }
}

# About the VC controller itself.

variable "vc_controller_address" {
  description = "Address of the VC controller. Its registry mirror is at port 5000, its users' registry at 5001."
  type        = string

  validation {
    condition     = can(cidrhost("${var.vc_controller_address}/32", 0))
    error_message = "vc_controller_address is an IPv4 address."
  }
}

variable "vc_controller_id" {
  description = "Id of the VC controller (VCCC_ID)."
  type        = string
}

variable "vc_controller_public_key" {
  description = "Public key that the VC controller logs in to the nodes' hosts with."
  type        = string
}
