# A Unit's life on the portal simulator. It deploys VMs, so it is kept apart from what "terraform test" runs by itself.
# With the simulator's own line at hand, and terraform.tfvars.json beside main.tf:
#
#   mdxsim -listen 127.0.0.1:0 -token demo -speed 600 -vm-backend process
#   export MDX_ENDPOINT=... MDX_API_TOKEN=demo MDX_SSH_PRIVATE_KEY_PATH=...
#   terraform test -test-directory=tests/simulator

variables {
  unit_name = "rehearsal"
  num_nodes = 2
  node_ids  = null
}

run "two_nodes" {
  assert {
    condition     = [for n in output.nodes : n.state] == ["RUNNING", "RUNNING"]
    error_message = "The nodes are ${jsonencode(output.nodes)}."
  }
  assert {
    condition     = alltrue([for rule in mdx_acl_rule.controller : endswith(rule.destination_cidr, "/32")])
    error_message = "Each rule leads to one node."
  }
}

run "three_nodes" {
  variables {
    num_nodes = 3
  }
  assert {
    condition     = [for n in output.nodes : "${n.name} ${n.state}"] == ["rehearsal-1 RUNNING", "rehearsal-2 RUNNING", "rehearsal-3 RUNNING"]
    error_message = "The nodes are ${jsonencode(output.nodes)}."
  }
}

run "the_second_goes_and_the_third_is_off" {
  variables {
    num_nodes         = 2
    node_ids          = ["1", "3"]
    powered_off_nodes = ["3"]
  }
  assert {
    condition     = [for n in output.nodes : "${n.name} ${n.state}"] == ["rehearsal-1 RUNNING", "rehearsal-3 POWER_OFF"]
    error_message = "The nodes are ${jsonencode(output.nodes)}."
  }
}

run "the_third_is_on_again" {
  variables {
    num_nodes = 2
    node_ids  = ["1", "3"]
  }
  assert {
    condition     = [for n in output.nodes : n.state] == ["RUNNING", "RUNNING"]
    error_message = "The nodes are ${jsonencode(output.nodes)}."
  }
}
