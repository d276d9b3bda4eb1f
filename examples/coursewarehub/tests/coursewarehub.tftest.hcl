# What the module makes of its variables, without a portal and without nodes: terraform test

mock_provider "mdx" {
  mock_data "mdx_segment" {
    defaults = {
      id       = "5f0c8f3e-5d0b-4e55-8a63-51d5e1c0a001"
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

override_resource {
  target = mdx_vm.worker
  values = {
    ipv4_address = "10.0.0.11"
  }
}

variables {
  admin_cidrs           = ["192.0.2.0/24"]
  vc_controller_address = "10.0.0.2"
  hub_image             = "10.0.0.2:5001/coursewarehub/hub:1.0"
  database_image        = "10.0.0.2:5001/coursewarehub/database:1.0"
  ssh_public_key_path   = "tests/key.pub"
  build_environment     = false
}

run "lets_in_https_from_everywhere_and_ssh_from_the_given_networks" {
  assert {
    condition = toset([for rule in mdx_acl_rule.open : "${rule.source_cidr} ${rule.destination_cidr} ${rule.destination_port}"]) == toset([
      "0.0.0.0/0 10.0.0.10/32 443", "192.0.2.0/24 10.0.0.10/32 22",
    ])
    error_message = "Something else is open to the world."
  }
  assert {
    condition = { for key, rule in mdx_acl_rule.host : key => "${rule.source_cidr} ${rule.destination_cidr} ${rule.destination_port}" } == {
      "manager:20022 from 192.0.2.0/24"                = "192.0.2.0/24 10.0.0.10/32 20022"
      "coursewarehub-worker-1:22 from 192.0.2.0/24"    = "192.0.2.0/24 10.0.0.11/32 22"
      "coursewarehub-worker-1:20022 from 192.0.2.0/24" = "192.0.2.0/24 10.0.0.11/32 20022"
      "coursewarehub-worker-2:22 from 192.0.2.0/24"    = "192.0.2.0/24 10.0.0.11/32 22"
      "coursewarehub-worker-2:20022 from 192.0.2.0/24" = "192.0.2.0/24 10.0.0.11/32 20022"
    }
    error_message = "Terraform would not get in, or somebody else would."
  }
}

run "offers_the_managers_folder_to_the_segment" {
  assert {
    condition = alltrue([
      mdx_container_host.manager.base_container.environment["NFS_AUTOSTART"] == "true",
      strcontains(mdx_container_host.manager.base_container.user_init_command, "/exported 10.0.0.0/21(rw,"),
      contains(mdx_container_host.manager.base_container.volumes, "coursewarehub-exported:/exported"),
    ])
    error_message = "The manager does not offer /exported."
  }
  assert {
    condition = alltrue([for host in mdx_container_host.worker :
      host.base_container.environment["NFS_SERVER"] == "10.0.0.10" && strcontains(host.base_container.user_init_command, "mount -t nfs4")
    ])
    error_message = "A worker does not mount the manager's folder."
  }
}

run "has_as_many_workers_as_asked_for" {
  variables {
    workers = 3
  }
  assert {
    condition     = length(mdx_vm.worker) == 3 && keys(mdx_container_host.worker) == ["coursewarehub-worker-1", "coursewarehub-worker-2", "coursewarehub-worker-3"]
    error_message = "There are other workers."
  }
}

run "leaves_nfs_alone_where_the_kernel_has_none" {
  variables {
    mount_nfs = false
  }
  assert {
    condition     = alltrue([for host in mdx_container_host.worker : host.base_container.user_init_command == null])
    error_message = "A worker would try to mount."
  }
}

run "builds_what_it_was_asked_for" {
  command = plan
  variables {
    build_environment = true
  }
  assert {
    condition     = length(terraform_data.member) == 2 && length(terraform_data.stack) == 1
    error_message = "The swarm is not built."
  }
}

run "refuses_ssh_from_the_whole_internet" {
  command = plan
  variables {
    admin_cidrs = ["0.0.0.0/0"]
  }
  expect_failures = [var.admin_cidrs]
}

run "refuses_no_worker" {
  command = plan
  variables {
    workers = 0
  }
  expect_failures = [var.workers]
}
