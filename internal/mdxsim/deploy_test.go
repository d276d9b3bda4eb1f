package mdxsim_test

import (
	"testing"
	"time"
)

// What a deploy is refused for, before anything is made.
func TestDeployRefused(t *testing.T) {
	for name, c := range map[string]struct {
		field string
		value any
	}{
		"no name":              {"vm_name", ""},
		"a name that is taken": {"vm_name", "sato-notebook"},
		"two-digit range":      {"vm_name", "n-[1-12]"},
		"zero-padded range":    {"vm_name", "n-[01-03]"},
		"backward range":       {"vm_name", "n-[3-1]"},
		"two ranges":           {"vm_name", "n-[1-2]-[1-2]"},
		"unknown catalog":      {"catalog", "nothing"},
		"unknown project":      {"project", "nothing"},
		"no service level":     {"service_level", ""},
		"pack_num 0":           {"pack_num", 0},
		"too many packs":       {"pack_num", 153},
		"unknown pack":         {"pack_type", "tpu"},
		"disk too small":       {"disk_size", 39},
		"no adapter":           {"network_adapters", []any{}},
		"unknown storage":      {"storage_network", "nfs"},
	} {
		t.Run(name, func(t *testing.T) {
			p := frozen(t, fast())
			refused := p.post("/api/vm/deploy/", deployBody("x", func(b map[string]any) { b[c.field] = c.value })).must(400)
			if refused.object()[c.field] == nil {
				t.Errorf("the refusal does not name %s: %s", c.field, refused.text)
			}
			p.Advance(time.Hour)
			if n := p.Stats().Deployed; n != 0 {
				t.Errorf("%d machines made", n)
			}
		})
	}
}

// A name with a range of single digits makes a machine and a task for each.
func TestDeployRange(t *testing.T) {
	p := frozen(t, fast())
	ids := p.post("/api/vm/deploy/", deployBody("n-[1-3]", nil)).must(202).object()["task_id"].([]any)
	if len(ids) != 3 {
		t.Fatalf("tasks: %v", ids)
	}
	p.Advance(time.Hour)
	for _, name := range []string{"n-1", "n-2", "n-3"} {
		if p.vmNamed(name) == nil {
			t.Errorf("no %s", name)
		}
	}
}

// An address that was given back is the next one to be handed out.
func TestAddressReused(t *testing.T) {
	p := frozen(t, fast())
	first := p.deployed("first")
	p.post("/api/vm/"+first+"/shutdown/", nil).must(202)
	p.Advance(time.Minute)
	p.post("/api/vm/"+first+"/destroy/", nil).must(202)
	p.Advance(2 * time.Minute)
	second := p.deployed("second")
	if got := p.addresses(second); got[0] != "10.0.0.4" {
		t.Fatalf("address: %v", got)
	}
}
