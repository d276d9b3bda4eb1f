# What the module makes of a Unit, without a portal: terraform test

mock_provider "mdx" {
  mock_resource "mdx_vm" {
    defaults = {
      ipv4_address   = "10.0.0.9"
      login_username = "mdxuser"
      status         = "PowerON"
    }
  }
  mock_resource "mdx_container_host" {
    defaults = {
      state        = "RUNNING"
      container_id = "c0ffee"
    }
  }
}

variables {
  mdx_project_name         = "demo"
  mdx_segment_name         = "default"
  mdx_catalog_name         = "Ubuntu 22.04 (推奨版)"
  private_network_ipmask   = "10.0.0.0/21"
  unit_name                = "web"
  num_nodes                = 3
  flavor                   = "small"
  params_e                 = ["TZ=Asia/Tokyo", "OPTIONS=a=1 b=2"]
  params_v                 = ["/lib/modules:/lib/modules:rw"]
  ssh_public_key           = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJkGbJFxMzn0smuPKcukSHdOueVhpoI9Qwnl4dF/2U0W user"
  vc_controller_address    = "10.0.7.2"
  vc_controller_id         = "vc1"
  vc_controller_public_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMC+XgWAXh9kzhVb53NksV6aXtzhPzMryW4PNzSOdKrp controller"
}

run "three_nodes" {
  assert {
    condition     = [for n in output.nodes : n.name] == ["web-1", "web-2", "web-3"]
    error_message = "The nodes are ${jsonencode(output.nodes)}."
  }
  assert {
    condition     = alltrue([for n in output.nodes : n.state == "RUNNING" && n.container_id == "c0ffee" && n.ip_address == "10.0.0.9"])
    error_message = "What the controller reads is ${jsonencode(output.nodes)}."
  }
  assert {
    condition     = alltrue([for vm in mdx_vm.node : vm.pack_num == 2 && vm.pack_type == "cpu" && vm.service_level == "guarantee"])
    error_message = "The flavor small is two cpu packs."
  }
  assert {
    condition     = mdx_container_host.node["1"].base_container.environment == tomap({ TZ = "Asia/Tokyo", OPTIONS = "a=1 b=2" })
    error_message = "Only the first = of params_e ends the name."
  }
  assert {
    condition     = length(mdx_acl_rule.controller) == 6 && length(mdx_acl_rule.first_login) == 0
    error_message = "The controller is let in to each node over TCP and UDP."
  }
}

run "time_and_names" {
  variables {
    ntp_servers                = ["ntp.nict.jp"]
    cloud_instance_dns_servers = ["10.0.0.53"]
  }
  assert {
    condition = alltrue([
      for host in mdx_container_host.node : join(" ", concat(host.ntp_servers, host.dns_servers)) == "ntp.nict.jp 10.0.0.53"
    ])
    error_message = "The hosts have the catalog's servers."
  }
}

run "a_chosen_node_goes" {
  variables {
    num_nodes = 2
    node_ids  = ["1", "3"]
  }
  assert {
    condition     = keys(mdx_vm.node) == ["1", "3"] && [for n in output.nodes : n.name] == ["web-1", "web-3"]
    error_message = "Node 3 keeps its name when node 2 goes."
  }
}

run "a_gpu_flavor_says_so_itself" {
  variables {
    flavor = "gpu"
  }
  assert {
    condition     = alltrue([for vm in mdx_vm.node : vm.pack_type == "gpu" && vm.pack_num == 1])
    error_message = "The flavor gpu is one gpu pack."
  }
}

run "fixed_addresses" {
  variables {
    ip_addresses = ["10.0.4.1", "10.0.4.2", "10.0.4.3"]
  }
  assert {
    condition     = [for n in output.nodes : n.ip_address] == ["10.0.4.1", "10.0.4.2", "10.0.4.3"]
    error_message = "The addresses go by the order of the nodes."
  }
  assert {
    condition     = mdx_container_host.node["2"].static_ipv4_address == "10.0.4.2" && mdx_container_host.node["2"].host == "10.0.0.9"
    error_message = "A node is first met where the portal put it."
  }
  assert {
    condition     = mdx_acl_rule.controller["2/TCP"].destination_cidr == "10.0.4.2/32" && mdx_acl_rule.first_login["2"].destination_cidr == "10.0.0.9/32"
    error_message = "The controller is let in at both addresses."
  }
}

run "one_node_is_off" {
  variables {
    powered_off_nodes = ["2"]
  }
  assert {
    condition     = [for id in ["1", "2", "3"] : mdx_vm.node[id].power_state] == ["running", "stopped", "running"]
    error_message = "Only node 2 is off."
  }
  assert {
    condition     = mdx_container_host.node["2"].power_state == "stopped" && keys(mdx_acl_rule.controller) == ["1/TCP", "1/UDP", "3/TCP", "3/UDP"]
    error_message = "No rule leads to a node that is off."
  }
}

run "the_controller_is_in_the_segment" {
  variables {
    mdx_acl_for_controller = false
  }
  assert {
    condition     = length(mdx_acl_rule.controller) == 0
    error_message = "No rule is needed."
  }
}

run "no_nodes" {
  variables {
    num_nodes = 0
  }
  assert {
    condition     = output.nodes == []
    error_message = "A Unit may be empty."
  }
}

run "ids_that_do_not_match_the_number" {
  command = plan
  variables {
    node_ids = ["1", "3"]
  }
  expect_failures = [var.node_ids]
}

run "an_id_twice" {
  command = plan
  variables {
    node_ids = ["1", "3", "3"]
  }
  expect_failures = [var.node_ids]
}

run "too_few_addresses" {
  command = plan
  variables {
    ip_addresses = ["10.0.4.1"]
  }
  expect_failures = [var.ip_addresses]
}

run "an_address_outside_the_network" {
  command = plan
  variables {
    ip_addresses = ["10.0.4.1", "10.0.4.2", "10.0.8.3"]
  }
  expect_failures = [var.ip_addresses]
}

run "an_unknown_flavor" {
  command = plan
  variables {
    flavor = "huge"
  }
  expect_failures = [var.flavor]
}

run "an_unknown_node_is_off" {
  command = plan
  variables {
    powered_off_nodes = ["4"]
  }
  expect_failures = [var.powered_off_nodes]
}

run "an_environment_without_a_name" {
  command = plan
  variables {
    params_e = ["Asia/Tokyo"]
  }
  expect_failures = [var.params_e]
}

run "a_script_without_an_interpreter" {
  command = plan
  variables {
    user_init_command = "mkdir -p /exported"
  }
  expect_failures = [var.user_init_command]
}

run "what_is_wrong_with_the_rest" {
  command = plan
  variables {
    unit_name              = "web_1"
    mdx_pack_type          = "tpu"
    mdx_service_level      = "best"
    private_network_ipmask = "10.0.0.0"
    disk_size              = 0
    params_v               = ["modules:/lib/modules"]
    power_state            = "off"
    vc_controller_address  = "controller.example.ac.jp"
  }
  expect_failures = [
    var.unit_name, var.mdx_pack_type, var.mdx_service_level, var.private_network_ipmask, var.disk_size, var.params_v,
    var.power_state, var.vc_controller_address,
  ]
}
