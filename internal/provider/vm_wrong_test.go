package provider_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

// Ids of the simulator's default world.
const (
	ubuntuCatalog    = "ca7a1060-0000-4000-8000-000000002204"
	gpuCatalog       = "ca7a1060-0000-4000-8000-0000000022ff"
	defaultSegmentID = "5f0c8f3e-5d0b-4e55-8a63-51d5e1c0a001"
	backendSegmentID = "5f0c8f3e-5d0b-4e55-8a63-51d5e1c0a002"
	demoProject      = "7d6f4c1e-9c53-4a1b-8f6d-2f4f5b6c7d01"
	dedicatedProject = "7d6f4c1e-9c53-4a1b-8f6d-2f4f5b6c7d02"
	satoVM           = "e7a10000-0000-4000-8000-000000000001" // running, 8 cpu packs, 40 GB
	myKey            = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJkGbJFxMzn0smuPKcukSHdOueVhpoI9Qwnl4dF/2U0W me"
)

// smallVM is a VM as its user would write it, changed as told; a nil value takes an attribute out.
func smallVM(changes attributes) attributes {
	vm := attributes{
		"name": "web", "catalog_id": ubuntuCatalog, "pack_type": "cpu", "pack_num": 2, "disk_size": 40, "ssh_public_key": myKey,
	}
	maps.Copy(vm, changes)
	return vm
}

// cloneVM is a VM cloned from another, changed as told.
func cloneVM(changes attributes) attributes {
	vm := attributes{"name": "copy", "source_vm_id": satoVM}
	maps.Copy(vm, changes)
	return vm
}

func adapter(number, segment any) attributes {
	return attributes{"adapter_number": number, "segment_id": segment}
}

// dedicatedVM is a VM in a dedicated project, changed as told.
func dedicatedVM(changes attributes) attributes {
	vm := attributes{
		"name": "web", "project_id": dedicatedProject, "catalog_id": ubuntuCatalog, "cpu": 4, "memory": 16, "ssh_public_key": myKey,
	}
	maps.Copy(vm, changes)
	return vm
}

func TestWrongVMsAreRefusedAtPlanTime(t *testing.T) {
	p := startWorld(t, mdxsim.Config{}).plugin(t)
	for name, test := range map[string]struct {
		config attributes
		want   []string // parts of what is said, the attribute first
	}{
		"an empty name": {
			smallVM(attributes{"name": ""}),
			[]string{`"name"`, "must not be empty"},
		},
		"a name with a range": {
			smallVM(attributes{"name": "web-[1-3]"}),
			[]string{`"name"`, "expands into several VMs", "mdx_vm_group"},
		},
		"a name with a blank": {
			smallVM(attributes{"name": "my web"}),
			[]string{`"name"`, "a blank or a slash"},
		},
		"a name with a slash": {
			smallVM(attributes{"name": "demo/web"}),
			[]string{`"name"`, "a blank or a slash"},
		},
		"nothing to make it from": {
			smallVM(attributes{"catalog_id": nil}),
			[]string{`"catalog_id"`, "catalog_id", "source_vm_id"},
		},
		"a catalog entry and a source": {
			smallVM(attributes{"source_vm_id": satoVM}),
			[]string{`"catalog_id"`, "source_vm_id"},
		},
		"an empty catalog entry": {
			smallVM(attributes{"catalog_id": ""}),
			[]string{`"catalog_id"`, "at least 1"},
		},
		"a catalog entry that is not there": {
			smallVM(attributes{"catalog_id": "no-such"}),
			[]string{`"catalog_id"`, `"no-such"`, "mdx_catalog"},
		},
		"an unknown system": {
			smallVM(attributes{"os_type": "BeOS"}),
			[]string{`"os_type"`, `"Linux"`, `"BeOS"`},
		},
		"an unknown pack": {
			smallVM(attributes{"pack_type": "tpu"}),
			[]string{`"pack_type"`, `"gpu"`, `"tpu"`},
		},
		"no packs at all": {
			smallVM(attributes{"pack_num": 0}),
			[]string{`"pack_num"`, "at least 1"},
		},
		"a negative number of packs": {
			smallVM(attributes{"pack_num": -2}),
			[]string{`"pack_num"`, "at least 1"},
		},
		"more cpu packs than a VM may have": {
			smallVM(attributes{"pack_num": 153}),
			[]string{`"pack_num"`, "153 packs", "152 cpu packs"},
		},
		"more gpu packs than a VM may have": {
			smallVM(attributes{"catalog_id": gpuCatalog, "pack_type": "gpu", "pack_num": 9, "disk_size": 100}),
			[]string{`"pack_num"`, "9 packs", "8 gpu packs"},
		},
		"more packs than a VM may have, of the type that the entry needs": {
			smallVM(attributes{"catalog_id": gpuCatalog, "pack_type": nil, "pack_num": 9, "disk_size": 100}),
			[]string{`"pack_num"`, "9 gpu packs", "at most 8"},
		},
		"cpu packs for a template that needs a GPU": {
			smallVM(attributes{"catalog_id": gpuCatalog, "pack_num": 20, "disk_size": 100}),
			[]string{`"pack_type"`, `"Ubuntu 22.04 GPU"`, `must be "gpu"`},
		},
		"less memory than the template needs": {
			smallVM(attributes{"catalog_id": "ca7a1060-0000-4000-8000-000000002404", "pack_num": 1}),
			[]string{`"pack_num"`, "1.51 GB", `"Ubuntu 24.04"`, "at least 2 GB"},
		},
		"a disk smaller than the template": {
			smallVM(attributes{"disk_size": 20}),
			[]string{`"disk_size"`, "20 GB", "at least 40 GB"},
		},
		"no disk": {
			smallVM(attributes{"disk_size": 0}),
			[]string{`"disk_size"`, "at least 1"},
		},
		"more than the project has": {
			smallVM(attributes{"disk_size": 200000}),
			[]string{`"disk_size"`, "200000 GB of disk", "100000 altogether"},
		},
		"packs and cores": {
			smallVM(attributes{"cpu": 2, "memory": 4}),
			[]string{`"pack_`, "cpu", "memory"},
		},
		"cores without memory": {
			smallVM(attributes{"pack_num": nil, "pack_type": nil, "cpu": 2}),
			[]string{`"cpu"`, "memory"},
		},
		"memory without cores": {
			smallVM(attributes{"pack_num": nil, "pack_type": nil, "memory": 2}),
			[]string{`"memory"`, "cpu"},
		},
		"cores in a normal project": {
			smallVM(attributes{"pack_num": nil, "pack_type": nil, "cpu": 2, "memory": 4}),
			[]string{`"cpu"`, "normal one", "pack_type and pack_num"},
		},
		"packs in a dedicated project": {
			dedicatedVM(attributes{"cpu": nil, "memory": nil, "pack_num": 2}),
			[]string{`"pack_num"`, "dedicated one", "cpu and memory"},
		},
		"no size in a dedicated project": {
			dedicatedVM(attributes{"cpu": nil, "memory": nil}),
			[]string{`"cpu"`, "give cpu and memory"},
		},
		"less memory than the template needs, in a dedicated project": {
			dedicatedVM(attributes{"catalog_id": "ca7a1060-0000-4000-8000-000000002404", "memory": 1}),
			[]string{`"memory"`, "at least 2 GB"},
		},
		"no GPU for a template that needs one, in a dedicated project": {
			dedicatedVM(attributes{"catalog_id": gpuCatalog}),
			[]string{`"gpu"`, `"Ubuntu 22.04 GPU"`, "at least 1"},
		},
		"a negative number of GPUs": {
			dedicatedVM(attributes{"gpu": -1}),
			[]string{`"gpu"`, "at least 0"},
		},
		"NVLink without GPUs": {
			smallVM(attributes{"nvlink": true}),
			[]string{`"nvlink"`, "this one has none"},
		},
		"an unknown storage network": {
			smallVM(attributes{"storage_network": "infiniband"}),
			[]string{`"storage_network"`, `"sr-iov"`, `"infiniband"`},
		},
		"an unknown service level": {
			smallVM(attributes{"service_level": "gold"}),
			[]string{`"service_level"`, `"guarantee"`, `"gold"`},
		},
		"an unknown power state": {
			smallVM(attributes{"power_state": "on"}),
			[]string{`"power_state"`, `"running"`, `"on"`},
		},
		"no adapters": {
			smallVM(attributes{"network_adapters": []any{}}),
			[]string{`"network_adapters"`, "at least 1"},
		},
		"an adapter number of zero": {
			smallVM(attributes{"network_adapters": []any{adapter(0, defaultSegmentID)}}),
			[]string{`"adapter_number"`, "at least 1"},
		},
		"two adapters of one number": {
			smallVM(attributes{"network_adapters": []any{adapter(1, defaultSegmentID), adapter(1, backendSegmentID)}}),
			[]string{`"adapter_number"`, "number 1"},
		},
		"a segment that is not there": {
			smallVM(attributes{"network_adapters": []any{adapter(1, "no-such")}}),
			[]string{`"segment_id"`, `"no-such"`, `"default", "backend"`},
		},
		"a segment's name in place of its id": {
			smallVM(attributes{"network_adapters": []any{adapter(1, "backend")}}),
			[]string{`"segment_id"`, backendSegmentID},
		},
		"no public key": {
			smallVM(attributes{"ssh_public_key": nil}),
			[]string{`"ssh_public_key"`, "Nobody could log in", ".pub"},
		},
		"a path in place of a key": {
			smallVM(attributes{"ssh_public_key": "~/.ssh/id_ed25519.pub"}),
			[]string{`"ssh_public_key"`, "not its path"},
		},
		"a private key": {
			smallVM(attributes{"ssh_public_key": "-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0\n-----END OPENSSH PRIVATE KEY-----"}),
			[]string{`"ssh_public_key"`, "this is a private key"},
		},
		"two keys": {
			smallVM(attributes{"ssh_public_key": myKey + "\n" + myKey}),
			[]string{`"ssh_public_key"`, "more than one public key"},
		},
		"a duration without a unit": {
			smallVM(attributes{"shutdown_timeout": "90"}),
			[]string{`"shutdown_timeout"`, "90s"},
		},
		"a time limit that is none": {
			smallVM(attributes{"timeouts": attributes{"create": "an hour"}}),
			[]string{`"timeouts"`, "an hour"},
		},
		"an empty project": {
			smallVM(attributes{"project_id": ""}),
			[]string{`"project_id"`, "at least 1"},
		},
		"a source that is not there": {
			cloneVM(attributes{"source_vm_id": "no-such"}),
			[]string{`"source_vm_id"`, `"no-such"`, "within its project"},
		},
		"a clone with a key of its own": {
			cloneVM(attributes{"ssh_public_key": myKey}),
			[]string{`"ssh_public_key"`, "source_vm_id"},
		},
		"a clone with a smaller disk": {
			cloneVM(attributes{"disk_size": 20}),
			[]string{`"disk_size"`, `40 GB in VM "sato-notebook"`, "not shrink to 20 GB"},
		},
		"a clone with another system": {
			cloneVM(attributes{"os_type": "Windows"}),
			[]string{`"os_type"`, `"Linux"`, `"Windows"`},
		},
		"a clone with too many packs": {
			cloneVM(attributes{"pack_num": 200}),
			[]string{`"pack_num"`, "at most 152"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			plan := p.plan(nil, test.config)
			if !strings.Contains(plan.said, "ERROR") {
				t.Fatalf("it was not refused: %q", plan.said)
			}
			for _, part := range test.want {
				if !strings.Contains(plan.said, part) {
					t.Errorf("nothing is said of %s:\n%s", part, plan.said)
				}
			}
			if strings.Contains(plan.said, "c2VjcmV0") {
				t.Errorf("a secret is repeated:\n%s", plan.said)
			}
		})
	}
}

// What depends on something that is not created yet is checked when it is.
func TestUnknownValuesAreNotJudged(t *testing.T) {
	p := startWorld(t, mdxsim.Config{}).plugin(t)
	for name, config := range map[string]attributes{
		"catalog entry":   smallVM(attributes{"catalog_id": unknown, "disk_size": 1}),
		"source":          cloneVM(attributes{"source_vm_id": unknown}),
		"packs":           smallVM(attributes{"pack_num": unknown}),
		"pack type":       smallVM(attributes{"pack_type": unknown}),
		"disk":            smallVM(attributes{"disk_size": unknown}),
		"key":             smallVM(attributes{"ssh_public_key": unknown}),
		"project":         smallVM(attributes{"project_id": unknown}),
		"adapters":        smallVM(attributes{"network_adapters": unknown}),
		"a segment":       smallVM(attributes{"network_adapters": []any{adapter(1, unknown)}}),
		"adapter number":  smallVM(attributes{"network_adapters": []any{adapter(unknown, defaultSegmentID)}}),
		"cores":           dedicatedVM(attributes{"cpu": unknown}),
		"everything else": smallVM(attributes{"name": unknown, "power_state": unknown, "service_level": unknown, "nvlink": unknown}),
	} {
		t.Run(name, func(t *testing.T) {
			if plan := p.plan(nil, config); plan.said != "" {
				t.Error(plan.said)
			}
		})
	}
}

func TestWhatMayNotFitIsAWarning(t *testing.T) {
	world := mdxsim.DefaultWorld()
	world.Organisations[0].Projects[0].Quota.CPUPacks = 20 // 8 of which sato-notebook has
	p := startWorld(t, mdxsim.Config{World: world}).plugin(t)
	for packs, want := range map[int]string{12: "", 13: "WARNING", 21: "ERROR"} {
		plan := p.plan(nil, smallVM(attributes{"pack_num": packs}))
		severity, _, _ := strings.Cut(plan.said, " ")
		if severity != want {
			t.Errorf("%d of 12 free packs: %s", packs, plan.said)
		}
	}
}
