package provider_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

// colleague is somebody else at work in the project, on its VM "web".
type colleague struct {
	*mdx.Client
	t  *testing.T
	id mdx.VMID
}

func (w *world) colleague(t *testing.T) colleague {
	t.Helper()
	client, err := mdx.New(mdx.Config{Endpoint: w.endpoint, Token: "demo", PollInterval: 10 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	return colleague{client, t, mdx.VMID(w.machine("web").UUID)}
}

// does asks for a change and waits for what must come of it.
func (c colleague) does(change func(context.Context) ([]mdx.TaskID, error), until func(mdx.VMSummary) bool) {
	c.t.Helper()
	tasks, err := change(c.t.Context())
	for _, task := range tasks {
		if err == nil {
			_, err = c.WaitTask(c.t.Context(), demoProject, task)
		}
	}
	if err == nil {
		_, err = c.WaitVM(c.t.Context(), demoProject, c.id, until)
	}
	if err != nil {
		c.t.Fatal(err)
	}
}

func isOn(vm mdx.VMSummary) bool  { return vm.Status == mdx.VMPowerOn }
func isOff(vm mdx.VMSummary) bool { return vm.Status.IsStopped() }

func (c colleague) stops() {
	c.t.Helper()
	c.does(func(ctx context.Context) ([]mdx.TaskID, error) { return c.PowerOff(ctx, c.id) }, isOff)
}

func (c colleague) starts(level mdx.ServiceLevel) {
	c.t.Helper()
	c.does(func(ctx context.Context) ([]mdx.TaskID, error) { return c.PowerOn(ctx, c.id, level) }, isOn)
}

func (c colleague) reconfigures(change mdx.Reconfiguration) {
	c.t.Helper()
	c.stops()
	c.does(func(ctx context.Context) ([]mdx.TaskID, error) { return c.Reconfigure(ctx, c.id, change) }, isOff)
	c.starts(mdx.Spot)
	if _, err := c.WaitAddress(c.t.Context(), demoProject, c.id); err != nil {
		c.t.Fatal(err)
	}
}

func TestWhatOthersChangeIsFoundAndPutRight(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		behindOurBack func(colleague)
		found         []string // what the next plan changes; computed values besides
		refused       string   // why it cannot be put right
	}{
		"name": {
			behindOurBack: func(c colleague) {
				c.does(func(ctx context.Context) ([]mdx.TaskID, error) { return c.Rename(ctx, c.id, "mine") },
					func(vm mdx.VMSummary) bool { return vm.Name == "mine" })
			},
			found: []string{"name"},
		},
		"pack_num": {
			behindOurBack: func(c colleague) { c.reconfigures(mdx.Reconfiguration{PackNum: 7}) },
			found:         []string{"pack_num", "status"},
		},
		"network_adapters": {
			behindOurBack: func(c colleague) {
				c.reconfigures(mdx.Reconfiguration{NetworkAdapters: []mdx.NetworkAdapter{{AdapterNumber: 1, Segment: backendSegmentID}}})
			},
			found: []string{"network_adapters", "status", "ipv4_address"},
		},
		"disk_size": {
			behindOurBack: func(c colleague) {
				c.reconfigures(mdx.Reconfiguration{HardDisks: []mdx.HardDisk{{DiskNumber: 1, DeviceKey: 2000, CapacityGB: 90}}})
			},
			found: []string{"disk_size"}, refused: "Disks do not shrink",
		},
		"service_level": {
			behindOurBack: func(c colleague) { c.stops(); c.starts(mdx.Guarantee) },
			found:         []string{"service_level", "status"},
		},
		"power_state": {
			behindOurBack: func(c colleague) { c.stops() },
			found:         []string{"power_state", "status"},
		},
		"a second disk": {
			behindOurBack: func(c colleague) {
				c.reconfigures(mdx.Reconfiguration{HardDisks: []mdx.HardDisk{
					{DiskNumber: 1, DeviceKey: 2000, CapacityGB: 40}, {DiskNumber: 2, DeviceKey: 2001, CapacityGB: 100},
				}})
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := startWorld(t, mdxsim.Config{})
			p := w.plugin(t)
			config := smallVM(attributes{
				"allow_stopping_for_update": true, "network_adapters": []any{adapter(1, defaultSegmentID)},
			})
			state := p.make(config)
			test.behindOurBack(w.colleague(t))
			state, said := p.refresh(state)
			if said != "" {
				t.Error(said)
			}
			plan := p.plan(state, config)
			for _, attribute := range test.found {
				if test.refused == "" && !slices.Contains(plan.changes(), attribute) {
					t.Errorf("%s is not found: the plan changes %v", attribute, plan.changes())
				}
			}
			switch {
			case !strings.Contains(plan.said, test.refused):
				t.Error(plan.said)
			case test.refused == "":
				p.converge(state, config)
			}
			if w.Stats().Deployed != 1 {
				t.Error("the VM was replaced")
			}
		})
	}
}

func TestASleepingSpotVMIsToldOfAndWoken(t *testing.T) {
	t.Parallel()
	w := startWorld(t, mdxsim.Config{})
	p := w.plugin(t)
	config := smallVM(nil)
	state := p.make(config)
	address := state["ipv4_address"]
	if err := w.Sleep("web"); err != nil {
		t.Fatal(err)
	}
	w.Advance(time.Minute)
	state, said := p.refresh(state)
	for _, part := range []string{"WARNING", `"power_state"`, `spot VM "web"`, "自動休止", "starts it again"} {
		if !strings.Contains(said, part) {
			t.Errorf("nothing is said of %s: %s", part, said)
		}
	}
	if state["power_state"] != "stopped" || state["status"] != "Deallocated" || state["ipv4_address"] != address {
		t.Errorf("%v", state)
	}
	plan := p.plan(state, config)
	if plan.after["power_state"] != "running" || plan.after["ipv4_address"] != address {
		t.Errorf("what follows the address must not be planned anew: %v", plan.changes())
	}
	state, said = p.apply(t.Context(), plan)
	if said != "" || state["power_state"] != "running" {
		t.Error(said, state)
	}
	plan.checkKept(t, state)
	if _, said = p.refresh(state); said != "" {
		t.Error(said)
	}
}

// Whoever stops a VM that keeps running by its service level, or by hand, is not the platform.
func TestAVMStoppedByHandIsNoReasonForAWarning(t *testing.T) {
	t.Parallel()
	w := startWorld(t, mdxsim.Config{})
	p := w.plugin(t)
	state := p.make(smallVM(nil))
	w.colleague(t).stops()
	if state, said := p.refresh(state); said != "" || state["power_state"] != "stopped" {
		t.Error(said, state["power_state"])
	}
}

func TestAVMLeavesStateOnlyWhenTheListAgrees(t *testing.T) {
	t.Parallel()
	for name, faults := range map[string][]mdxsim.Fault{
		"the detail denies it for a moment": {{Route: "GET /api/vm/{vm}/", Nth: 1, Kind: mdxsim.NotFound}},
		"the detail denies it for long":     {{Route: "GET /api/vm/{vm}/", Nth: 1, Times: 50, Kind: mdxsim.NotFound}},
		"the list omits one":                {{Route: "GET /api/vm/project/{project}/", Nth: 1, Kind: mdxsim.ListOmits}},
		"the portal is down":                {{Route: "*", Nth: 1, Times: 100, Kind: mdxsim.Error503}},
		"a page comes instead":              {{Route: "GET /api/vm/{vm}/", Nth: 1, Kind: mdxsim.HTML}},
		"the token runs out":                {{Route: "*", Nth: 1, Kind: mdxsim.TokenExpires}},
		"the connection breaks":             {{Route: "GET /api/vm/{vm}/", Nth: 1, Kind: mdxsim.ResetAfter}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := startWorld(t, mdxsim.Config{})
			p := w.plugin(t)
			state := p.make(smallVM(nil))
			if err := w.SetFaults(faults); err != nil {
				t.Fatal(err)
			}
			if after, said := p.refresh(state); after["id"] != state["id"] {
				t.Errorf("the VM vanished: %s", said)
			}
		})
	}
	t.Run("it was deleted", func(t *testing.T) {
		t.Parallel()
		w := startWorld(t, mdxsim.Config{})
		p := w.plugin(t)
		state := p.make(smallVM(nil))
		if err := w.DeleteVM("web"); err != nil {
			t.Fatal(err)
		}
		after, said := p.refresh(state)
		if after != nil || said != "" {
			t.Error(said, after)
		}
		if _, said := p.destroy(state); said != "" {
			t.Errorf("deleting what is gone: %s", said)
		}
	})
}
