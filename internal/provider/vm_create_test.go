package provider_test

import (
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

// The plan of a new VM tells everything but what the portal decides when it makes it.
func TestAccVMIsPlannedInFull(t *testing.T) {
	w := startWorld(t, mdxsim.Config{})
	at, text := tfjsonpath.New[string], knownvalue.StringExact
	planned := []plancheck.PlanCheck{plancheck.ExpectResourceAction(testVM, plancheck.ResourceActionCreate)}
	for attribute, value := range map[string]knownvalue.Check{
		"project_id": text(demoProject), "template_name": text("UT-20240401-1200-ubuntu-2204-server"), "os_type": text("Linux"),
		"pack_type": text("cpu"), "pack_num": knownvalue.Int64Exact(1), "disk_size": knownvalue.Int64Exact(40),
		"cpu": knownvalue.Null(), "memory": knownvalue.Null(), "gpu": knownvalue.Null(), "storage_network": text("portgroup"),
		"service_level": text("spot"), "nvlink": knownvalue.Bool(false), "login_username": text("mdxuser"),
		"power_state": text("running"), "wait_for_address": knownvalue.Bool(true),
		"allow_stopping_for_update": knownvalue.Bool(false), "shutdown_timeout": text("5m"),
		"network_adapters": knownvalue.ListExact([]knownvalue.Check{knownvalue.ObjectExact(map[string]knownvalue.Check{
			"adapter_number": knownvalue.Int64Exact(1), "segment_id": text(defaultSegmentID),
		})}),
	} {
		planned = append(planned, plancheck.ExpectKnownValue(testVM, at(attribute), value))
	}
	for _, attribute := range []string{
		"id", "status", "ipv4_address", "ipv6_address", "global_ipv4_address", "service_networks", "storage_networks", "hard_disks",
		"esxi", "vcenter", "vmware_tools_status",
	} {
		planned = append(planned, plancheck.ExpectUnknownValue(testVM, at(attribute)))
	}
	resource.ParallelTest(t, resource.TestCase{
		ProtoV6ProviderFactories: providers(),
		Steps: []resource.TestStep{{
			Config:           w.vm(attributes{"name": "web", "catalog_id": ubuntuCatalog, "ssh_public_key": myKey}),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: planned},
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownValue(testVM, at("status"), text("PowerON")),
				statecheck.ExpectKnownValue(testVM, at("ipv4_address"), knownvalue.StringRegexp(regexp.MustCompile(`^10\.0\.`))),
				statecheck.ExpectKnownValue(testVM, at("ipv6_address"), knownvalue.StringRegexp(regexp.MustCompile(`^2001:`))),
				statecheck.ExpectKnownValue(testVM, at("vmware_tools_status"), text("toolsOk")),
				statecheck.ExpectKnownValue(testVM, at("service_networks").AtSliceIndex(0).AtMapKey("segment_name"), text("default")),
				statecheck.ExpectKnownValue(testVM, at("storage_networks").AtSliceIndex(0).AtMapKey("type"), text("portgroup")),
				statecheck.ExpectKnownValue(testVM, at("hard_disks").AtSliceIndex(0).AtMapKey("capacity"), knownvalue.Int64Exact(40)),
			},
		}},
	})
}

// vmKinds are VMs that differ in how they are made, and what must be true of them then.
var vmKinds = map[string]struct {
	config attributes
	state  attributes
	status mdxsim.Status
}{
	"stopped": {
		config: smallVM(attributes{"power_state": "stopped"}),
		state:  attributes{"power_state": "stopped", "ipv4_address": nil, "esxi": nil},
		status: mdxsim.PowerOff,
	},
	"whose address is not waited for": {
		config: smallVM(attributes{"wait_for_address": false}),
		state:  attributes{"power_state": "running"}, status: mdxsim.PowerOn,
	},
	"with the GPU that its template needs": {
		config: attributes{"name": "web", "catalog_id": gpuCatalog, "ssh_public_key": myKey, "nvlink": true, "pack_num": 2},
		state:  attributes{"pack_type": "gpu", "pack_num": 2, "disk_size": 100, "nvlink": true}, status: mdxsim.PowerOn,
	},
	"kept running, on SR-IOV": {
		config: smallVM(attributes{"service_level": "guarantee", "storage_network": "sr-iov"}),
		state:  attributes{"service_level": "guarantee", "storage_network": "sr-iov"}, status: mdxsim.PowerOn,
	},
	"with adapters in an order of its own": {
		config: smallVM(attributes{"network_adapters": []any{adapter(2, defaultSegmentID), adapter(1, backendSegmentID)}}),
		state:  attributes{"network_adapters": []any{adapter(2, defaultSegmentID), adapter(1, backendSegmentID)}}, status: mdxsim.PowerOn,
	},
	"in a dedicated project": {
		config: dedicatedVM(attributes{"gpu": 1}),
		state: attributes{
			"cpu": 4, "memory": 16, "gpu": 1, "pack_type": nil, "pack_num": nil, "project_id": dedicatedProject,
		},
		status: mdxsim.PowerOn,
	},
	"cloned": {
		config: cloneVM(attributes{"name": "web"}),
		state: attributes{
			"pack_num": 8, "pack_type": "cpu", "disk_size": 40, "os_type": "Linux", "catalog_id": nil, "template_name": nil,
			"login_username": "mdxuser", "service_level": "spot", "source_vm_id": satoVM,
		},
		status: mdxsim.PowerOn,
	},
	"cloned, larger": {
		config: cloneVM(attributes{
			"name": "web", "pack_num": 10, "disk_size": 60, "network_adapters": []any{adapter(1, backendSegmentID)},
		}),
		state: attributes{"pack_num": 10, "disk_size": 60}, status: mdxsim.PowerOn,
	},
	"cloned, stopped": {
		config: cloneVM(attributes{"name": "web", "power_state": "stopped"}),
		state:  attributes{"power_state": "stopped", "ipv4_address": nil}, status: mdxsim.PowerOff,
	},
}

func TestVMsOfEveryKind(t *testing.T) {
	t.Parallel()
	for name, test := range vmKinds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := startWorld(t, mdxsim.Config{Durations: mdxsim.Durations{Deallocate: -1}})
			p := w.plugin(t)
			plan := p.plan(nil, test.config)
			state, said := p.apply(t.Context(), plan)
			if plan.said+said != "" {
				t.Fatal(plan.said, said)
			}
			plan.checkKept(t, state)
			for attribute, want := range test.state {
				if !reflect.DeepEqual(state[attribute], want) {
					t.Errorf("%s is %v, want %v", attribute, state[attribute], want)
				}
			}
			if vm := w.machine("web"); vm.Status != test.status || vm.UUID != state["id"] {
				t.Errorf("the portal has %+v", vm)
			}
			p.converge(state, test.config)
			if _, said := p.destroy(state); said != "" || w.machine("web") != nil {
				t.Error(said)
			}
		})
	}
}

func TestATakenNameNamesTheImport(t *testing.T) {
	t.Parallel()
	w := startWorld(t, mdxsim.Config{})
	p := w.plugin(t)
	state, said := p.apply(t.Context(), p.plan(nil, smallVM(attributes{"name": "sato-notebook"})))
	for _, part := range []string{`AttributeName("name")`, `"sato-notebook"`, "terraform import", satoVM} {
		if !strings.Contains(said, part) {
			t.Errorf("nothing is said of %s: %s", part, said)
		}
	}
	if state["id"] != nil || w.asked("POST /api/vm/deploy/") > 0 {
		t.Error("it was asked for all the same")
	}
}

// What the portal refuses only when it is asked is shown beside the attribute that it is about.
func TestTheRefusalOfAFieldIsShownAtItsAttribute(t *testing.T) {
	t.Parallel()
	world := mdxsim.DefaultWorld()
	world.Organisations[0].Projects[0].Catalogs[0].MinDiskGB = 50
	w := startWorld(t, mdxsim.Config{World: world})
	p := w.plugin(t)
	plan := p.plan(nil, smallVM(attributes{"disk_size": 60}))
	plan.config["pack_num"] = 500 // not what was planned, as where the portal's rules differ from what is known of them
	plan.after["pack_num"] = 500
	_, said := p.apply(t.Context(), plan)
	if !strings.Contains(said, `ERROR AttributeName("pack_num")`) {
		t.Error(said)
	}
}
