package provider_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

const testVM = "mdx_vm.test"

// What stopping or starting a VM changes, and what moving it to other networks changes besides.
var (
	byPower   = []string{"status", "esxi", "vmware_tools_status", "service_networks", "storage_networks"}
	addresses = []string{"ipv4_address", "ipv6_address", "global_ipv4_address"}
	computed  = slices.Concat(byPower, addresses, []string{
		"id", "project_id", "login_username", "vcenter", "hard_disks", "template_name",
	})
)

// vmStep changes one thing of a VM that the step before left.
type vmStep struct {
	what   string
	change attributes // nil takes an attribute out of the configuration
	action plancheck.ResourceActionType
	// opens are the computed values that the plan of an update leaves open; all others are known.
	opens []string
	// machine checks what became of the VM.
	machine func(before, after *mdxsim.VM) bool
}

const (
	unchanged = plancheck.ResourceActionNoop
	updated   = plancheck.ResourceActionUpdate
	replaced  = plancheck.ResourceActionReplace
)

func same(before, after *mdxsim.VM) bool    { return before.UUID == after.UUID }
func another(before, after *mdxsim.VM) bool { return before.UUID != after.UUID }

// changesInPlace are the attributes that change in place, each on a VM that runs and, where it matters, on one that does
// not.
var changesInPlace = []vmStep{
	{
		what: "what the portal chose, written down", action: unchanged, machine: same,
		change: attributes{
			"os_type": "Linux", "storage_network": "portgroup", "nvlink": false, "project_id": demoProject,
			"template_name": "UT-20240401-1200-ubuntu-2204-server", "service_level": "spot", "power_state": "running",
			"network_adapters": []any{adapter(1, defaultSegmentID)},
		},
	},
	{
		what: "allow_stopping_for_update", action: updated, machine: same, change: attributes{"allow_stopping_for_update": true},
	},
	{
		what: "name", action: updated, change: attributes{"name": "web2"},
		machine: func(before, after *mdxsim.VM) bool { return same(before, after) && after.Status == mdxsim.PowerOn },
	},
	{
		what: "pack_num", action: updated, opens: byPower, change: attributes{"pack_num": 4},
		machine: func(before, after *mdxsim.VM) bool {
			return same(before, after) && after.PackNum == 4 && after.Status == mdxsim.PowerOn
		},
	},
	{
		what: "disk_size", action: updated, opens: append([]string{"hard_disks"}, byPower...), change: attributes{"disk_size": 60},
		machine: func(before, after *mdxsim.VM) bool {
			return same(before, after) && after.Disks[0].CapacityGB == 60 && len(after.Disks) == 1
		},
	},
	{
		what: "network_adapters", action: updated, opens: slices.Concat(byPower, addresses),
		change: attributes{"network_adapters": []any{adapter(2, backendSegmentID), adapter(1, defaultSegmentID)}},
		machine: func(before, after *mdxsim.VM) bool {
			return same(before, after) && len(after.Adapters) == 2 && after.Adapters[0].SegmentID == backendSegmentID
		},
	},
	{
		what: "service_level", action: updated, opens: byPower, change: attributes{"service_level": "guarantee"},
		machine: func(before, after *mdxsim.VM) bool { return same(before, after) && after.ServiceLevel == "guarantee" },
	},
	{
		what: "all that needs a stop, at once", action: updated, opens: slices.Concat(byPower, addresses, []string{"hard_disks"}),
		change: attributes{
			"name": "web3", "pack_num": 6, "disk_size": 70, "service_level": "spot",
			"network_adapters": []any{adapter(1, backendSegmentID)},
		},
		machine: func(before, after *mdxsim.VM) bool {
			return same(before, after) && after.PackNum == 6 && after.Disks[0].CapacityGB == 70 && len(after.Adapters) == 1 &&
				after.ServiceLevel == "spot" && after.Status == mdxsim.PowerOn
		},
	},
	{
		what: "pack_num while power_state goes to stopped", action: updated, opens: byPower,
		change: attributes{"pack_num": 4, "power_state": "stopped", "allow_stopping_for_update": false},
		machine: func(before, after *mdxsim.VM) bool {
			return same(before, after) && after.PackNum == 4 && after.Status != mdxsim.PowerOn
		},
	},
	{
		what: "pack_num of a stopped VM", action: updated, opens: []string{"status"}, change: attributes{"pack_num": 2},
		machine: func(before, after *mdxsim.VM) bool {
			return same(before, after) && after.PackNum == 2 && after.Status != mdxsim.PowerOn
		},
	},
	{
		what: "service_level while power_state goes to running", action: updated, opens: byPower,
		change: attributes{"service_level": "guarantee", "power_state": "running"},
		machine: func(before, after *mdxsim.VM) bool {
			return same(before, after) && after.ServiceLevel == "guarantee" && after.Status == mdxsim.PowerOn
		},
	},
	{
		what: "power_state to stopped", action: updated, opens: byPower, change: attributes{"power_state": "stopped"},
		machine: func(before, after *mdxsim.VM) bool { return same(before, after) && after.Status != mdxsim.PowerOn },
	},
	{
		what: "power_state to running", action: updated, opens: byPower, change: attributes{"power_state": nil},
		machine: func(before, after *mdxsim.VM) bool { return same(before, after) && after.Status == mdxsim.PowerOn },
	},
	{
		what: "what the portal has no part in", action: updated, machine: same,
		change: attributes{
			"wait_for_address": false, "shutdown_timeout": "1m", "timeouts": attributes{"create": "2h"},
			"ssh_public_key": myKey + "@example.jp\n", // another comment
		},
	},
	{
		what: "origin, left out", action: updated, machine: same,
		change: attributes{"catalog_id": nil, "ssh_public_key": nil, "template_name": nil},
	},
}

// changesByReplacing are the attributes that need another VM.
var changesByReplacing = []vmStep{
	{what: "template_name", action: replaced, machine: another, change: attributes{"template_name": "UT-20240401-1200-ubuntu-2204-desktop"}},
	{
		what: "catalog_id", action: replaced, machine: another,
		change: attributes{"catalog_id": "ca7a1060-0000-4000-8000-000000002004", "template_name": nil},
	},
	{what: "pack_type", action: replaced, machine: another, change: attributes{"pack_type": "gpu", "pack_num": 1}},
	{what: "nvlink", action: replaced, machine: another, change: attributes{"nvlink": true}},
	{what: "storage_network", action: replaced, machine: another, change: attributes{"storage_network": "sr-iov"}},
	{
		what: "ssh_public_key", action: replaced, machine: another,
		change: attributes{"ssh_public_key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE9Ud3Xp3HsnlbzXGkPMkFjFVbbn0O2kSbqyuMXpcmVE me"},
	},
	{
		what: "source_vm_id in place of catalog_id", action: replaced, machine: another,
		change: attributes{
			"catalog_id": nil, "ssh_public_key": nil, "source_vm_id": satoVM, "pack_type": nil, "pack_num": nil, "nvlink": nil,
			"storage_network": nil,
		},
	},
	{
		what: "project_id", action: replaced, machine: another,
		change: attributes{
			"project_id": dedicatedProject, "source_vm_id": nil, "catalog_id": ubuntuCatalog, "ssh_public_key": myKey,
			"cpu": 4, "memory": 16,
		},
	},
	{what: "cpu", action: replaced, machine: another, change: attributes{"cpu": 8}},
	{what: "memory", action: replaced, machine: another, change: attributes{"memory": 32}},
	{what: "gpu", action: replaced, machine: another, change: attributes{"gpu": 1}},
}

func TestAccVMChangesInPlace(t *testing.T)     { changeStepByStep(t, changesInPlace) }
func TestAccVMChangesByReplacing(t *testing.T) { changeStepByStep(t, changesByReplacing) }

// changeStepByStep applies a small VM and then each step, and checks plan and portal.
func changeStepByStep(t *testing.T, changes []vmStep) {
	t.Helper()
	w := startWorld(t, mdxsim.Config{})
	config := smallVM(nil)
	steps := []resource.TestStep{{Config: w.vm(config)}}
	for _, change := range changes {
		var before *mdxsim.VM
		was := config["name"].(string)
		config = maps.Clone(config)
		maps.Copy(config, change.change)
		is := config["name"].(string)
		steps = append(steps, resource.TestStep{
			PreConfig:        func() { before = w.machine(was) },
			Config:           w.vm(config),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: change.planChecks()},
			Check: func(*terraform.State) error {
				if after := w.machine(is); !change.machine(before, after) {
					return fmt.Errorf("changing %s: the portal has\n%+v, which was\n%+v", change.what, after, before)
				}
				return nil
			},
		})
	}
	resource.ParallelTest(t, resource.TestCase{ProtoV6ProviderFactories: providers(), Steps: steps})
}

// planChecks are what the plan of a step says.
func (s vmStep) planChecks() []plancheck.PlanCheck {
	checks := []plancheck.PlanCheck{plancheck.ExpectResourceAction(testVM, s.action)}
	if s.action == replaced {
		return append(checks, plancheck.ExpectUnknownValue(testVM, tfjsonpath.New("id")))
	}
	for _, attribute := range computed {
		if slices.Contains(s.opens, attribute) {
			checks = append(checks, plancheck.ExpectUnknownValue(testVM, tfjsonpath.New(attribute)))
		} else {
			checks = append(checks, known(testVM, attribute))
		}
	}
	return checks
}

func TestAccVMRefusesWhatNeedsAStopUnlessAllowed(t *testing.T) {
	w := startWorld(t, mdxsim.Config{})
	steps := []resource.TestStep{{Config: w.vm(smallVM(nil))}}
	for attribute, value := range map[string]any{
		"pack_num": 4, "disk_size": 60, "network_adapters": []any{adapter(1, backendSegmentID)}, "service_level": "guarantee",
	} {
		steps = append(steps, resource.TestStep{
			Config:      w.vm(smallVM(attributes{attribute: value})),
			PlanOnly:    true,
			ExpectError: regexp.MustCompile(`(?s)` + attribute + `.*allow_stopping_for_update\s+=\s+true`),
		})
	}
	steps = append(steps,
		resource.TestStep{
			Config:      w.vm(smallVM(attributes{"disk_size": 39, "allow_stopping_for_update": true})),
			PlanOnly:    true,
			ExpectError: regexp.MustCompile(`(?s)Disks do not shrink.*40\s+GB`),
		},
		resource.TestStep{
			Config:      w.vm(smallVM(attributes{"service_level": "guarantee", "power_state": "stopped"})),
			PlanOnly:    true,
			ExpectError: regexp.MustCompile(`(?s)takes a service level when it\s+starts`),
		},
	)
	resource.ParallelTest(t, resource.TestCase{ProtoV6ProviderFactories: providers(), Steps: steps})
}
