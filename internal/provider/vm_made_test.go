package provider_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

const vmHistoryRoute = "GET /api/history/vm/{vm}/"

// failsLate is a portal whose first deploy or clone fails long after it was asked for, and leaves a VM that is off.
func failsLate(t *testing.T, faults ...mdxsim.Fault) *world {
	t.Helper()
	w := startWorld(t, mdxsim.Config{
		Durations: mdxsim.Durations{Fail: eternity}, Quirks: mdxsim.Quirks{FailedDeploy: "left"}, Faults: faults,
	})
	w.FailNextTasks(1)
	return w
}

// beingMade is a condition: the VM's making is waited for.
func (w *world) beingMade() bool { return w.asked("GET /api/task/{task}/") > 0 }

// failedSince is a VM whose making was interrupted, and has failed since.
func failedSince(t *testing.T, config attributes) (w *world, p *plugin, state attributes) {
	t.Helper()
	w = failsLate(t)
	p = w.plugin(t)
	state, _ = p.interrupted(p.plan(nil, config), w.beingMade)
	w.Advance(2 * eternity)
	return w, p, state
}

// replaced plans, checks that the VM is replaced because it was not made, and replaces it.
func (p *plugin) replaced(state, config attributes) attributes {
	p.t.Helper()
	plan := p.plan(state, config)
	if !slices.Equal(plan.replaces, []string{"status"}) || plan.after["status"] != any(unknown) {
		p.t.Fatalf("replaced for %v, with the status %v: %s", plan.replaces, plan.after["status"], plan.said)
	}
	if _, said := p.destroy(state); said != "" {
		p.t.Fatal(said)
	}
	return p.make(config)
}

func TestAVMWhoseMakingFailsAfterAnInterruptIsReplaced(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]attributes{
		"deployed":         smallVM(nil),
		"deployed stopped": smallVM(attributes{"power_state": "stopped"}),
		"cloned":           cloneVM(attributes{"name": "web"}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, p, state := failedSince(t, config)
			id := state["id"]
			state, said := p.refresh(state)
			if state["status"] != "DeployFailed" || !strings.Contains(said, `VM "web" was not made`) || !strings.Contains(said, "内部エラー") {
				t.Errorf("the status is %v: %s", state["status"], said)
			}
			if strings.Contains(said, "next terraform apply") {
				t.Errorf("an apply, which refreshes first, puts off what it is about to do: %s", said)
			}
			if state, said = p.refresh(state); state["status"] != "DeployFailed" || said != "" {
				t.Errorf("the status is %v, and it is told again: %s", state["status"], said)
			}
			state = p.replaced(state, config)
			if state["id"] == id || state["id"] != w.machine("web").UUID {
				t.Errorf("%v was replaced by %v", id, state["id"])
			}
			p.converge(state, config)
		})
	}
}

func TestAVMWhoseMakingFailsUnderTheNextApplyIsNotStarted(t *testing.T) {
	t.Parallel()
	w := failsLate(t)
	p := w.plugin(t)
	config := smallVM(nil)
	state, _ := p.interrupted(p.plan(nil, config), w.beingMade)
	state, _ = p.refresh(state)
	if state["status"] != "Deploying" {
		t.Fatalf("it is %v", state["status"])
	}
	plan := p.plan(state, config)
	w.endsOnceLookedAt(t)
	state, said := p.apply(t.Context(), plan)
	if !strings.Contains(said, "ERROR") || !strings.Contains(said, "内部エラー") {
		t.Error(said)
	}
	if n := w.asked("POST /api/vm/{vm}/power_on/"); n > 0 {
		t.Errorf("it was started %d times", n)
	}
	p.converge(p.replaced(state, config), config)
}

func TestAVMWhoseAnswerWasLostAndWhoseMakingFailedIsNotStarted(t *testing.T) {
	t.Parallel()
	w := failsLate(t, mdxsim.Fault{Route: deployRoute, Nth: 1, Kind: mdxsim.ResetAfter})
	p := w.plugin(t)
	go func() {
		until(t, func() bool { vm := w.machine("web"); return vm != nil && w.asked("GET /api/vm/project/{project}/") > 3 })
		w.Advance(2 * eternity)
	}()
	state, said := p.apply(t.Context(), p.plan(nil, smallVM(nil)))
	if !strings.Contains(said, "ERROR") || !strings.Contains(said, "内部エラー") || state["id"] != w.machine("web").UUID {
		t.Errorf("%v: %s", state["id"], said)
	}
	if n := w.asked("POST /api/vm/{vm}/power_on/"); n > 0 {
		t.Errorf("it was started %d times", n)
	}
}

// Terraform replaces nothing for an attribute that its plan does not change.
func TestAccVMWhoseMakingFailsAfterItsTimeWasUpIsReplaced(t *testing.T) {
	w := failsLate(t)
	config := w.vm(smallVM(attributes{"timeouts": attributes{"create": "1s"}}))
	var first string
	resource.ParallelTest(t, resource.TestCase{
		ProtoV6ProviderFactories: providers(),
		Steps: []resource.TestStep{
			{Config: config, ExpectNonEmptyPlan: true},
			{
				PreConfig: func() {
					first = w.machine("web").UUID
					w.Advance(2 * eternity)
				},
				Config: w.vm(smallVM(nil)),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectResourceAction("mdx_vm.test", plancheck.ResourceActionDestroyBeforeCreate),
				}},
				Check: func(*terraform.State) error {
					if vm := w.machine("web"); vm.UUID == first || vm.Status != mdxsim.PowerOn {
						return fmt.Errorf("%+v", vm)
					}
					return nil
				},
			},
		},
	})
}

// An overloaded portal does not tell how a VM was made: that is no proof that it was made well.
func TestAVMOfWhoseMakingNothingIsHeardYetIsLookedAtAgain(t *testing.T) {
	t.Parallel()
	config := smallVM(nil)
	w, p, state := failedSince(t, config)
	if err := w.SetFaults([]mdxsim.Fault{{Route: vmHistoryRoute, Nth: 1, Times: 99, Kind: mdxsim.NotFound}}); err != nil {
		t.Fatal(err)
	}
	if state, _ = p.refresh(state); state["status"] != nil {
		t.Errorf("the status is %v", state["status"])
	}
	if err := w.SetFaults(nil); err != nil {
		t.Fatal(err)
	}
	state, _ = p.refresh(state)
	p.converge(p.replaced(state, config), config)
}

// A list may leave something out for once: what is the first in it then has made no VM.
func TestAVMIsNotTakenForOneThatWasNotMadeByAHistoryThatLeavesItsMakingOut(t *testing.T) {
	t.Parallel()
	w := startWorld(t, mdxsim.Config{Faults: []mdxsim.Fault{{Route: "POST /api/vm/{vm}/power_on/", Nth: 1, Kind: mdxsim.TaskFails}}})
	p := w.plugin(t)
	config := cloneVM(attributes{"name": "web"})
	state, said := p.apply(t.Context(), p.plan(nil, config))
	if w.machine("web").Status == mdxsim.PowerOn || state["status"] != nil {
		t.Fatalf("%v %s", state["status"], said)
	}
	if err := w.SetFaults([]mdxsim.Fault{{Route: vmHistoryRoute, Nth: 1, Kind: mdxsim.ListOmits, Element: 9}}); err != nil {
		t.Fatal(err)
	}
	state, said = p.refresh(state)
	if state["status"] == "DeployFailed" {
		t.Errorf("a sound VM is %v: %s", state["status"], said)
	}
	p.converge(state, config)
}

func TestAVMIsNotTakenForMadeByAHistoryThatLeavesItsMakingOut(t *testing.T) {
	t.Parallel()
	config := smallVM(nil)
	w, p, state := failedSince(t, config)
	if err := w.SetFaults([]mdxsim.Fault{{Route: vmHistoryRoute, Nth: 1, Kind: mdxsim.ListOmits}}); err != nil {
		t.Fatal(err)
	}
	state, _ = p.refresh(state)
	state, _ = p.refresh(state)
	p.converge(p.replaced(state, config), config)
}

// Somebody may have mended it, or wants it as it is.
func TestAVMWhoseMakingFailedIsImportedAsItIs(t *testing.T) {
	t.Parallel()
	for what, config := range map[string]attributes{"mdx_vm": smallVM(nil), "mdx_vm_group": smallGroup("web", 1)} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			w := failsLate(t)
			p := w.plugin(t)
			p.resource, p.private = what, new([]byte)
			state, _ := p.interrupted(p.plan(nil, config), w.beingMade)
			w.Advance(2 * eternity)
			id := state["id"].(string)
			if what == "mdx_vm_group" {
				id = "web"
			}
			state, _ = p.imported(id)
			if state, said := p.refresh(state); state == nil || strings.Contains(fmt.Sprint(state), "DeployFailed") {
				t.Errorf("%v: %s", state, said)
			}
		})
	}
}

func TestAMemberWhoseMakingFailsAfterAnInterruptIsReplaced(t *testing.T) {
	t.Parallel()
	for name, refreshes := range map[string]bool{"seen by a refresh": true, "seen by the update": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := failsLate(t)
			p := w.plugin(t)
			p.resource, p.private = "mdx_vm_group", new([]byte)
			config := smallGroup("web", 2)
			state, _ := p.interrupted(p.plan(nil, config), w.beingMade)
			w.Advance(2 * eternity)
			if !refreshes {
				var said string
				if state, said = p.apply(t.Context(), p.plan(state, config)); !strings.Contains(said, "内部エラー") {
					t.Error(said)
				}
			}
			state, said := p.refresh(state)
			if !strings.Contains(fmt.Sprint(state["members"]), "DeployFailed") {
				t.Errorf("%v", state["members"])
			}
			if refreshes && !regexp.MustCompile(`web\d: not made: the portal failed to make it .*内部エラー`).MatchString(said) {
				t.Errorf("it is not told which member was not made: %s", said)
			}
			state, said = p.apply(t.Context(), p.plan(state, config))
			if said != "" {
				t.Error(said)
			}
			state, _ = p.refresh(state)
			if again := p.plan(state, config); !again.empty() {
				t.Errorf("the plan after an apply is not empty: %v", again.changes())
			}
			if n := w.Stats().Deployed; n != 3 {
				t.Errorf("%d VMs were made", n)
			}
		})
	}
}
