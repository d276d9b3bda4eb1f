package provider_test

import (
	"context"
	"strings"
	"testing"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

// An apply that answers other than planned is an error of Terraform's, and after a create it has the VM replaced, with all
// that is on it. What others do to a VM that is being worked on is for the next plan to tell.
func TestAVMThatSomebodyRenamesWhileItComesUpIsRenamedBack(t *testing.T) {
	t.Parallel()
	for name, packs := range map[string]int{"made": 2, "resized": 4} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := startWorld(t, mdxsim.Config{Durations: mdxsim.Durations{Address: eternity}})
			p := w.plugin(t)
			config := smallVM(attributes{"allow_stopping_for_update": true, "wait_for_address": packs == 2})
			var prior attributes
			if packs != 2 {
				prior = p.make(config)
				config["pack_num"], config["wait_for_address"] = packs, true
			}
			plan := p.plan(prior, config)
			renamed := make(chan struct{})
			go func() {
				defer close(renamed)
				until(t, func() bool { return w.asked("GET /api/vm/{vm}/") > 0 && w.isUp("web", packs) })
				c := w.colleague(t)
				c.does(func(ctx context.Context) ([]mdx.TaskID, error) { return c.Rename(ctx, c.id, "mine") },
					func(vm mdx.VMSummary) bool { return vm.Name == "mine" })
				w.Advance(2 * eternity)
			}()
			state, said := p.apply(t.Context(), plan)
			<-renamed
			if said != "" {
				t.Fatal(said)
			}
			plan.checkKept(t, state)
			if after := p.converge(state, config); after["id"] != state["id"] || w.machine("web") == nil {
				t.Errorf("it was not renamed back: %v", after)
			}
		})
	}
}

// isUp tells whether a VM runs with so many packs.
func (w *world) isUp(name string, packs int) bool {
	vm := w.machine(name)
	return vm != nil && vm.Status == mdxsim.PowerOn && vm.PackNum == packs
}

// An interrupted create leaves a VM that is still being made, and the portal may not tell yet what it is made of. That is no
// difference to the configuration, for which the VM would be stopped as soon as it runs.
func TestAVMThatIsStillBeingMadeIsWhatWasAskedFor(t *testing.T) {
	t.Parallel()
	for _, told := range []string{"full", "bare"} {
		t.Run(told, func(t *testing.T) {
			t.Parallel()
			w := startWorld(t, mdxsim.Config{
				Quirks: mdxsim.Quirks{Deploying: told}, Durations: mdxsim.Durations{Deploy: eternity},
			})
			p := w.plugin(t)
			config := smallVM(attributes{"allow_stopping_for_update": true})
			state, _ := p.interrupted(p.plan(nil, config), func() bool { return w.asked("GET /api/task/{task}/") > 0 })
			state, _ = p.refresh(state)
			plan := p.plan(state, config)
			asked := w.asked("GET /api/vm/project/{project}/")
			go func() {
				until(t, func() bool { return w.asked("GET /api/vm/project/{project}/") > asked })
				w.Advance(2 * eternity)
			}()
			after, said := p.apply(t.Context(), plan)
			if said != "" || w.asked("POST /api/vm/{vm}/shutdown/") > 0 {
				t.Errorf("it was shut down; said: %s; planned: %v", said, plan.changes())
			}
			p.converge(after, config)
		})
	}
}

// A disk that somebody has grown past the planned size would have to shrink, with what is on it.
func TestADiskThatHasGrownMeanwhileIsNotAskedToShrink(t *testing.T) {
	t.Parallel()
	w := startWorld(t, mdxsim.Config{})
	p := w.plugin(t)
	config := smallVM(attributes{"allow_stopping_for_update": true})
	state := p.make(config)
	config["disk_size"] = 50
	plan := p.plan(state, config)
	c := w.colleague(t)
	vm, err := c.VM(t.Context(), demoProject, c.id)
	if err != nil {
		t.Fatal(err)
	}
	vm.HardDisks[0].CapacityGB = 60
	c.reconfigures(mdx.Reconfiguration{HardDisks: vm.HardDisks})
	asked, stops := w.asked("POST /api/vm/{vm}/reconfigure/"), w.asked("POST /api/vm/{vm}/shutdown/")
	after, said := p.apply(t.Context(), plan)
	if !strings.Contains(said, "60 GB") || after["disk_size"] != 60 {
		t.Errorf("%v, said: %s", after["disk_size"], said)
	}
	if w.asked("POST /api/vm/{vm}/reconfigure/") > asked || w.asked("POST /api/vm/{vm}/shutdown/") > stops {
		t.Error("it was asked for, or shut down for it")
	}
}
