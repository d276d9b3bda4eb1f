package vm

import "github.com/hashicorp/terraform-plugin-framework/attr"

// effect is what it takes to change an attribute of a VM that exists.
type effect int

const (
	inPlace  effect = iota // changed while the VM runs, or known to this provider alone
	stops                  // changed while the VM is stopped
	replaces               // only another VM can have it
	origin                 // what the VM was made from: replaces it, once the state knows it (see [replacedBy])
)

// attribute is one of a VM's that a configuration may have.
type attribute struct {
	name   string
	change effect
	told   bool // the portal tells it afterwards, so that a difference shows
}

// vmAttributes are all that a VM may be configured with. What a plan makes of a change, and what a group compares among its
// members, goes by this list.
var vmAttributes = []attribute{
	{"name", inPlace, false}, // each member of a group has its own
	{"project_id", replaces, false},
	{"catalog_id", origin, false},
	{"source_vm_id", origin, false},
	{"template_name", replaces, false},
	{"os_type", replaces, true},
	{"pack_type", replaces, true},
	{"pack_num", stops, true},
	{"disk_size", stops, true},
	{"cpu", replaces, true},
	{"memory", replaces, true},
	{"gpu", replaces, true},
	{"storage_network", replaces, true},
	{"service_level", stops, true},
	{"network_adapters", stops, true},
	{"ssh_public_key", origin, false},
	{"nvlink", replaces, true},
	{"power_state", inPlace, true},
	{"wait_for_address", inPlace, false},
	{"allow_stopping_for_update", inPlace, false},
	{"shutdown_timeout", inPlace, false},
	{"timeouts", inPlace, false},
}

// differ tells whether two values are there and are not the same.
func differ(one, other attr.Value) bool { return !one.IsNull() && !other.IsNull() && !one.Equal(other) }
