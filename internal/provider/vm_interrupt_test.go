package provider_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

// eternity is longer than any test waits, in the portal's time.
const eternity = 1000 * time.Hour

// until waits for a condition of the world; what ends the test if it never comes is go test's own time limit.
func until(tb testing.TB, condition func() bool) {
	tb.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !condition() {
		select {
		case <-tick.C:
		case <-tb.Context().Done():
			return
		}
	}
}

// interrupted applies a plan and cancels it, as Ctrl-C does, once a condition holds.
func (p *plugin) interrupted(plan planned, when func() bool) (after attributes, diagnostics string) {
	p.t.Helper()
	ctx, cancel := context.WithCancel(p.t.Context())
	go func() {
		until(p.t, when)
		cancel()
	}()
	return p.apply(ctx, plan)
}

func TestAnInterruptedCreateIsContinued(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		durations mdxsim.Durations // of which one does not end before the interrupt
		config    attributes
		when      func(*world) bool
	}{
		"while the deploy request is answered": {
			durations: mdxsim.Durations{DeployAnswer: 800 * time.Second},
			when:      func(w *world) bool { return w.machine("web") != nil },
		},
		"while the VM is deployed": {
			durations: mdxsim.Durations{Deploy: eternity},
			when:      func(w *world) bool { return w.asked("GET /api/task/{task}/") > 0 },
		},
		"while the address is waited for": {
			durations: mdxsim.Durations{Address: eternity},
			when:      func(w *world) bool { return w.asked("GET /api/vm/{vm}/") > 0 },
		},
		"while a VM that is to be stopped is deployed": {
			durations: mdxsim.Durations{Deploy: eternity}, config: attributes{"power_state": "stopped"},
			when: func(w *world) bool { return w.asked("GET /api/task/{task}/") > 0 },
		},
		"while the VM is cloned": {
			durations: mdxsim.Durations{Clone: eternity}, config: attributes{
				"catalog_id": nil, "ssh_public_key": nil, "source_vm_id": satoVM, "disk_size": 50,
			},
			when: func(w *world) bool { return w.asked("GET /api/task/{task}/") > 0 },
		},
		"while the clone is started": {
			durations: mdxsim.Durations{PowerOn: eternity},
			config:    attributes{"catalog_id": nil, "ssh_public_key": nil, "source_vm_id": satoVM},
			when:      func(w *world) bool { return w.asked("POST /api/vm/{vm}/power_on/") > 0 },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := startWorld(t, mdxsim.Config{Durations: test.durations})
			p := w.plugin(t)
			config := smallVM(test.config)
			state, said := p.interrupted(p.plan(nil, config), func() bool { return test.when(w) })
			if strings.Contains(said, "ERROR") || !strings.Contains(said, "continues") {
				t.Errorf("an error would have the VM replaced, and the user must be told: %s", said)
			}
			id, _ := state["id"].(string)
			if id == "" || id != w.machine("web").UUID || state["project_id"] != demoProject {
				t.Fatalf("the id is lost: %v", state)
			}
			w.Advance(2 * eternity)
			state = p.converge(state, config)
			if state["id"] != id || w.machine("web").UUID != id {
				t.Error("the VM was replaced")
			}
			if state["power_state"] == "running" && state["ipv4_address"] == nil {
				t.Error("the address is not known")
			}
		})
	}
}

// endsOnceLookedAt has what is under way end when the list of VMs is asked for the next time.
func (w *world) endsOnceLookedAt(t *testing.T) {
	t.Helper()
	lists := w.asked("GET /api/vm/project/{project}/")
	go func() {
		until(t, func() bool { return w.asked("GET /api/vm/project/{project}/") > lists })
		w.Advance(2 * eternity)
	}()
}

// The address may still be missing when the next apply begins: that apply waits for it.
func TestTheNextApplyWaitsForTheAddress(t *testing.T) {
	t.Parallel()
	w := startWorld(t, mdxsim.Config{Durations: mdxsim.Durations{Address: eternity}})
	p := w.plugin(t)
	config := smallVM(nil)
	state, _ := p.interrupted(p.plan(nil, config), func() bool { return w.asked("GET /api/vm/{vm}/") > 0 })
	state, _ = p.refresh(state)
	plan := p.plan(state, config)
	if plan.after["ipv4_address"] != any(unknown) || plan.after["id"] != state["id"] {
		t.Fatalf("nothing is left to do: %v", plan.changes())
	}
	asked := w.asked("GET /api/vm/{vm}/")
	go func() {
		until(t, func() bool { return w.asked("GET /api/vm/{vm}/") > asked+1 })
		w.Advance(2 * eternity)
	}()
	state, said := p.apply(t.Context(), plan)
	if said != "" || state["ipv4_address"] == nil {
		t.Error(said, state)
	}
	p.converge(state, config)
}

// A clone has its source's disk until it is made.
func TestACloneThatIsStillMadeUnderTheNextApplyGetsItsDisk(t *testing.T) {
	t.Parallel()
	for _, deploying := range []string{"full", "bare"} {
		t.Run(deploying, func(t *testing.T) {
			t.Parallel()
			w := startWorld(t, mdxsim.Config{
				Durations: mdxsim.Durations{Clone: eternity}, Quirks: mdxsim.Quirks{Deploying: deploying},
			})
			p := w.plugin(t)
			config := cloneVM(attributes{"name": "web", "disk_size": 50})
			state, _ := p.interrupted(p.plan(nil, config), w.beingMade)
			state, _ = p.refresh(state)
			if state["status"] != "Deploying" {
				t.Fatalf("it is %v", state["status"])
			}
			plan := p.plan(state, config)
			w.endsOnceLookedAt(t)
			state, said := p.apply(t.Context(), plan)
			if said != "" {
				t.Error(said)
			}
			state, _ = p.refresh(state)
			if again := p.plan(state, config); !again.empty() {
				t.Errorf("the plan after an apply is not empty: %s %v", again.said, again.changes())
			}
		})
	}
}

func TestACreateThatTakesTooLongIsContinued(t *testing.T) {
	t.Parallel()
	w := startWorld(t, mdxsim.Config{Durations: mdxsim.Durations{Address: eternity}})
	p := w.plugin(t)
	config := smallVM(attributes{"timeouts": attributes{"create": "1s"}})
	state, said := p.apply(t.Context(), p.plan(nil, config))
	if strings.Contains(said, "ERROR") || !strings.Contains(said, `address of VM "web"`) || !strings.Contains(said, "continues") {
		t.Error(said)
	}
	w.Advance(2 * eternity)
	if after := p.converge(state, config); after["id"] != state["id"] {
		t.Error("the VM was replaced")
	}
}

// Nothing is known of a request that waits for its turn: it is simply not sent.
func TestAnInterruptInTheQueueLeavesNothing(t *testing.T) {
	t.Parallel()
	w := startWorld(t, mdxsim.Config{Durations: mdxsim.Durations{DeployAnswer: 8000 * time.Second}})
	p := w.plugin(t)
	first := p.plan(nil, smallVM(attributes{"name": "first"}))
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.apply(t.Context(), first)
	}()
	until(t, func() bool { return w.machine("first") != nil })
	lists := w.asked("GET /api/vm/project/{project}/")
	state, said := p.interrupted(p.plan(nil, smallVM(nil)), func() bool {
		return w.asked("GET /api/vm/project/{project}/") > lists
	})
	if state["id"] != nil || !strings.Contains(said, "ERROR") || w.machine("web") != nil {
		t.Errorf("%v %s", state, said)
	}
	<-done
}

func TestAnInterruptedUpdateLeavesTheTruthInState(t *testing.T) {
	t.Parallel()
	w := startWorld(t, mdxsim.Config{Durations: mdxsim.Durations{Reconfigure: eternity}})
	p := w.plugin(t)
	config := smallVM(attributes{"allow_stopping_for_update": true})
	state := p.make(config)
	config["pack_num"] = 4
	after, said := p.interrupted(p.plan(state, config), func() bool {
		return w.asked("POST /api/vm/{vm}/reconfigure/") > 0
	})
	if !strings.Contains(said, "Run terraform apply again to continue") {
		t.Error(said)
	}
	if after["power_state"] != "stopped" || after["pack_num"] != 2 || after["id"] != state["id"] {
		t.Errorf("state says %v, %v", after["power_state"], after["pack_num"])
	}
	w.Advance(2 * eternity)
	after = p.converge(after, config)
	if vm := w.machine("web"); after["power_state"] != "running" || vm.PackNum != 4 || vm.UUID != state["id"] {
		t.Errorf("%v, %+v", after, vm)
	}
}
