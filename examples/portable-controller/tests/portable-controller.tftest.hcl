# What the module makes of its variables, without a portal: terraform test

mock_provider "mdx" {
  mock_data "mdx_segment" {
    defaults = {
      id       = "5f0c8f3e-5d0b-4e55-8a63-51d5e1c0a001"
      name     = "default"
      ip_range = "10.0.0.0/21"
    }
  }
  mock_resource "mdx_vm" {
    defaults = {
      ipv4_address   = "10.0.0.10"
      login_username = "mdxuser"
    }
  }
  mock_resource "mdx_dnat" {
    defaults = {
      pool_address = "203.0.113.10"
    }
  }
}

variables {
  admin_cidrs         = ["192.0.2.0/24", "198.51.100.0/24"]
  ssh_public_key_path = "tests/key.pub"
}

run "opens_two_ports_to_the_given_networks" {
  assert {
    condition = toset([for rule in mdx_acl_rule.admin : "${rule.source_cidr} ${rule.destination_cidr} ${rule.destination_port}"]) == toset([
      "192.0.2.0/24 10.0.0.10/32 22", "192.0.2.0/24 10.0.0.10/32 8080",
      "198.51.100.0/24 10.0.0.10/32 22", "198.51.100.0/24 10.0.0.10/32 8080",
    ])
    error_message = "The rules open something else."
  }
  assert {
    condition     = mdx_dnat.controller.destination_address == "10.0.0.10"
    error_message = "The public address leads elsewhere."
  }
}

run "has_docker_and_no_base_container" {
  assert {
    condition     = mdx_container_host.controller.base_container == null && mdx_container_host.controller.ssh_port == 22
    error_message = "The controller's host is not a VC node."
  }
  assert {
    condition     = mdx_vm.controller.service_level == "guarantee" && mdx_vm.controller.pack_num == 4 && mdx_vm.controller.disk_size == 40
    error_message = "The controller's VM is smaller or less reliable than it has to be."
  }
}

run "writes_the_catalog_from_what_the_portal_says" {
  assert {
    condition = yamldecode(output.vpn_catalog_yml) == {
      cci_version = "1.0"
      mdx = {
        default = {
          mdx_segment_name       = "default"
          mdx_catalog_name       = "Ubuntu 22.04 (推奨版)"
          mdx_pack_type          = "cpu"
          mdx_service_level      = "guarantee"
          private_network_ipmask = "10.0.0.0/21"
        }
      }
    }
    error_message = "The catalog says something else:\n${output.vpn_catalog_yml}"
  }
}

run "writes_what_it_was_told_into_the_catalog" {
  variables {
    mdx_project_name           = "demo"
    mdx_pack_type              = "gpu"
    mdx_service_level          = "spot"
    private_network_ipmask     = "10.0.1.0/24"
    ntp_servers                = ["ntp.nii.ac.jp"]
    cloud_instance_dns_servers = ["10.0.0.2"]
  }
  assert {
    condition = yamldecode(output.vpn_catalog_yml).mdx.default == {
      mdx_project_name           = "demo"
      mdx_segment_name           = "default"
      mdx_catalog_name           = "Ubuntu 22.04 (推奨版)"
      mdx_pack_type              = "gpu"
      mdx_service_level          = "spot"
      private_network_ipmask     = "10.0.1.0/24"
      ntp_servers                = ["ntp.nii.ac.jp"]
      cloud_instance_dns_servers = ["10.0.0.2"]
    }
    error_message = "The catalog says something else:\n${output.vpn_catalog_yml}"
  }
}

run "has_the_name_and_time_servers_of_its_nodes" {
  variables {
    ntp_servers                = ["ntp.nii.ac.jp"]
    cloud_instance_dns_servers = ["10.0.0.2"]
  }
  assert {
    condition     = mdx_container_host.controller.ntp_servers[0] == "ntp.nii.ac.jp" && mdx_container_host.controller.dns_servers[0] == "10.0.0.2"
    error_message = "The controller asks other servers than its nodes do."
  }
}

run "refuses_the_whole_internet" {
  command = plan
  variables {
    admin_cidrs = ["0.0.0.0/0"]
  }
  expect_failures = [var.admin_cidrs]
}

run "refuses_no_network_at_all" {
  command = plan
  variables {
    admin_cidrs = []
  }
  expect_failures = [var.admin_cidrs]
}

run "refuses_too_small_a_host" {
  command = plan
  variables {
    pack_num  = 2
    disk_size = 20
  }
  expect_failures = [var.pack_num, var.disk_size]
}
