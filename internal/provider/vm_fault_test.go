package provider_test

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

func TestOneVMWhateverHappensToTheRequest(t *testing.T) {
	t.Parallel()
	deploy, clone := "POST /api/vm/deploy/", "POST /api/vm/{vm}/clone/"
	for name, fault := range map[string]mdxsim.Fault{
		"deployed, and the answer is lost":     {Route: deploy, Nth: 1, Kind: mdxsim.ResetAfter},
		"deployed, and an error is answered":   {Route: deploy, Nth: 1, Kind: mdxsim.Error500, After: true},
		"deployed, and half an answer arrives": {Route: deploy, Nth: 1, Kind: mdxsim.Truncated},
		"deployed, and a page is answered":     {Route: deploy, Nth: 1, Kind: mdxsim.HTML, After: true},
		"not deployed, and nothing answered":   {Route: deploy, Nth: 1, Kind: mdxsim.ResetBefore},
		"not deployed, for an error":           {Route: deploy, Nth: 1, Kind: mdxsim.Error500},
		"not deployed, for overload":           {Route: deploy, Nth: 1, Kind: mdxsim.NotFound},
		"not deployed, for too many requests":  {Route: deploy, Nth: 1, Kind: mdxsim.TooMany},
		"not deployed, for the token":          {Route: deploy, Nth: 1, Kind: mdxsim.Unauthorized},
		"cloned, and the answer is lost":       {Route: clone, Nth: 1, Kind: mdxsim.ResetAfter},
		"not cloned, for an error":             {Route: clone, Nth: 1, Kind: mdxsim.Error502},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := startWorld(t, mdxsim.Config{})
			p := w.plugin(t)
			config := smallVM(nil)
			if fault.Route == clone {
				config = cloneVM(attributes{"name": "web"})
			}
			plan := p.plan(nil, config)
			if err := w.SetFaults([]mdxsim.Fault{fault}); err != nil {
				t.Fatal(err)
			}
			state, said := p.apply(t.Context(), plan)
			if said != "" {
				t.Fatal(said)
			}
			plan.checkKept(t, state)
			stats := w.Stats()
			if state["id"] != w.machine("web").UUID || stats.Deployed != 1 || len(stats.Duplicates) > 0 || len(stats.DuplicateNames) > 0 {
				t.Errorf("%v %+v", state["id"], stats)
			}
			p.converge(state, config)
		})
	}
}

func TestAFailedDeployIsTold(t *testing.T) {
	t.Parallel()
	for _, leaves := range []string{"gone", "left"} {
		t.Run("the VM is "+leaves, func(t *testing.T) {
			t.Parallel()
			w := startWorld(t, mdxsim.Config{Quirks: mdxsim.Quirks{FailedDeploy: leaves}})
			p := w.plugin(t)
			plan := p.plan(nil, smallVM(nil))
			w.FailNextTasks(1)
			state, said := p.apply(t.Context(), plan)
			for _, part := range []string{"ERROR", `VM "web"`, "内部エラーが発生しました。", "operation history"} {
				if !strings.Contains(said, part) {
					t.Errorf("nothing is said of %s: %s", part, said)
				}
			}
			// What is in state now is replaced by the next apply: what is left must be deleted, what is gone be missed by nobody.
			if state["id"] != nil {
				if _, said := p.destroy(state); said != "" {
					t.Error(said)
				}
			}
			if vm := w.machine("web"); vm != nil {
				t.Errorf("a VM is left that no state knows: %+v", vm)
			}
			p.make(smallVM(nil))
		})
	}
}

func TestAFailedStepOfAnUpdateLeavesTheTruthInState(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fault mdxsim.Fault
		state attributes
	}{
		"reconfigure": {
			fault: mdxsim.Fault{Route: "POST /api/vm/{vm}/reconfigure/", Nth: 1, Kind: mdxsim.TaskFails},
			state: attributes{"name": "web2", "pack_num": 2, "power_state": "stopped"},
		},
		"power on": {
			fault: mdxsim.Fault{Route: "POST /api/vm/{vm}/power_on/", Nth: 1, Kind: mdxsim.TaskFails},
			state: attributes{"name": "web2", "pack_num": 4, "power_state": "stopped"},
		},
		"rename": {
			fault: mdxsim.Fault{Route: "POST /api/vm/{vm}/rename/", Nth: 1, Times: 9, Kind: mdxsim.TaskFails},
			state: attributes{"name": "web", "pack_num": 2, "power_state": "stopped"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := startWorld(t, mdxsim.Config{})
			p := w.plugin(t)
			config := smallVM(attributes{"allow_stopping_for_update": true})
			state := p.make(config)
			id := state["id"]
			config["name"], config["pack_num"] = "web2", 4
			if err := w.SetFaults([]mdxsim.Fault{test.fault}); err != nil {
				t.Fatal(err)
			}
			state, said := p.apply(t.Context(), p.plan(state, config))
			if !strings.Contains(said, "ERROR") || !strings.Contains(said, "内部エラーが発生しました。") {
				t.Error(said)
			}
			for attribute, want := range test.state {
				if state[attribute] != want {
					t.Errorf("%s is %v in state, want %v", attribute, state[attribute], want)
				}
			}
			if err := w.SetFaults(nil); err != nil {
				t.Fatal(err)
			}
			if state = p.converge(state, config); state["id"] != id || w.machine("web2").PackNum != 4 {
				t.Errorf("%v %+v", state, w.machine("web2"))
			}
		})
	}
}

// A change whose answer is lost is not sent again before the portal was asked.
func TestAChangeWhoseAnswerIsLostIsCarriedOutOnce(t *testing.T) {
	t.Parallel()
	for _, route := range []string{"rename", "shutdown", "reconfigure", "power_on"} {
		for name, kind := range map[string]mdxsim.FaultKind{"done": mdxsim.ResetAfter, "not done": mdxsim.ResetBefore} {
			t.Run(route+", "+name, func(t *testing.T) {
				t.Parallel()
				w := startWorld(t, mdxsim.Config{})
				p := w.plugin(t)
				config := smallVM(attributes{"allow_stopping_for_update": true})
				state := p.make(config)
				config["name"], config["pack_num"] = "web2", 4
				plan := p.plan(state, config)
				if err := w.SetFaults([]mdxsim.Fault{{Route: "POST /api/vm/{vm}/" + route + "/", Nth: 1, Kind: kind}}); err != nil {
					t.Fatal(err)
				}
				after, said := p.apply(t.Context(), plan)
				if kind == mdxsim.ResetAfter && said != "" {
					t.Error(said)
				}
				p.converge(after, config)
				if vm := w.machine("web2"); vm == nil || vm.UUID != state["id"] || vm.PackNum != 4 || vm.Status != mdxsim.PowerOn {
					t.Errorf("%+v", vm)
				}
			})
		}
	}
}

func TestAGuestThatDoesNotListenIsCutOff(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		durations mdxsim.Durations
		faults    []mdxsim.Fault
	}{
		"it has no tools":  {faults: []mdxsim.Fault{{Route: "POST /api/vm/deploy/", Nth: 1, Kind: mdxsim.NoAddress}}},
		"it takes forever": {durations: mdxsim.Durations{Shutdown: eternity}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := startWorld(t, mdxsim.Config{Durations: test.durations, Faults: test.faults})
			p := w.plugin(t)
			config := smallVM(attributes{"shutdown_timeout": "1s", "wait_for_address": false})
			state := p.make(config)
			config["power_state"] = "stopped"
			go func() { // the portal cuts no power while a shutdown is under way
				until(t, func() bool { return w.asked("POST /api/vm/{vm}/power_off/") > 0 })
				w.Advance(2 * eternity)
			}()
			state = p.converge(state, config)
			if state["power_state"] != "stopped" || w.machine("web").Status == mdxsim.PowerOn {
				t.Errorf("%v", state)
			}
			if w.asked("POST /api/vm/{vm}/shutdown/") == 0 || w.asked("POST /api/vm/{vm}/power_off/") == 0 {
				t.Error("it was not asked first, or not cut off")
			}
		})
	}
}

func TestASpotVMThatIsPutToSleepWhileItIsMadeIsStartedAgain(t *testing.T) {
	t.Parallel()
	w := startWorld(t, mdxsim.Config{Durations: mdxsim.Durations{Address: 4000 * time.Second}})
	p := w.plugin(t)
	plan := p.plan(nil, smallVM(nil))
	go func() {
		until(t, func() bool { return w.asked("GET /api/vm/{vm}/") > 0 })
		_ = w.Sleep("web") // the test sees below whether it slept
		until(t, func() bool { return w.asked("POST /api/vm/{vm}/power_on/") > 0 })
		w.Advance(time.Hour)
	}()
	state, said := p.apply(t.Context(), plan)
	if said != "" || state["power_state"] != "running" || state["ipv4_address"] == nil {
		t.Error(said, state)
	}
	if w.asked("POST /api/vm/{vm}/power_on/") == 0 {
		t.Error("it never slept")
	}
}

// After an error of a create Terraform replaces the VM, and one that was deployed well is worth keeping.
func TestAVMThatWasDeployedIsKeptWhateverFailsAfterwards(t *testing.T) {
	t.Parallel()
	const refusals, aWhile = 10, 60
	for name, test := range map[string]struct {
		fault  mdxsim.Fault
		sleeps bool
	}{
		"it sleeps, and starting it fails": {
			mdxsim.Fault{Route: "POST /api/vm/{vm}/power_on/", Nth: 1, Times: refusals, Kind: mdxsim.TaskFails}, true,
		},
		"it sleeps, and starting it is refused": {
			mdxsim.Fault{Route: "POST /api/vm/{vm}/power_on/", Nth: 1, Times: refusals, Kind: mdxsim.NotFound}, true,
		},
		"the portal denies the project for a while": {
			mdxsim.Fault{Route: "GET /api/vm/project/{project}/", Nth: 1, Times: aWhile, Kind: mdxsim.NotFound}, false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := startWorld(t, mdxsim.Config{Durations: mdxsim.Durations{Address: 4000 * time.Second}})
			p := w.plugin(t)
			config := smallVM(nil)
			plan := p.plan(nil, config)
			go func() {
				until(t, func() bool { return w.asked("GET /api/vm/{vm}/") > 0 })
				if err := w.SetFaults([]mdxsim.Fault{test.fault}); err != nil {
					t.Error(err)
				}
				if test.sleeps {
					_ = w.Sleep("web") // what is said below tells whether it slept
				}
			}()
			state, said := p.apply(t.Context(), plan)
			if !strings.HasPrefix(said, "WARNING") || strings.Contains(said, "ERROR") || !strings.Contains(said, "It is kept") {
				t.Fatal(said)
			}
			id := w.machine("web").UUID
			if state["id"] != id {
				t.Fatal(state)
			}
			if err := w.SetFaults(nil); err != nil {
				t.Fatal(err)
			}
			w.Advance(2 * time.Hour)
			if state = p.converge(state, config); state["id"] != id || w.machine("web").UUID != id {
				t.Errorf("it was replaced: %v", state)
			}
		})
	}
}

func TestASpotVMThatIsPutToSleepBeforeItIsSeenRunning(t *testing.T) {
	t.Parallel()
	for name, says := range map[string]string{
		"is started again":                  "",
		"again and again is not waited for": "the platform stopped the VM again and again",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := startWorld(t, mdxsim.Config{})
			p := w.plugin(t)
			config := smallVM(attributes{"timeouts": attributes{"update": "10m"}})
			state := p.make(config)
			if err := w.Sleep("web"); err != nil {
				t.Fatal(err)
			}
			if err := w.SetFaults([]mdxsim.Fault{{
				Route: "GET /api/vm/project/{project}/", Nth: 1, Times: math.MaxInt32, Kind: mdxsim.SpotSleeps,
			}}); err != nil {
				t.Fatal(err)
			}
			if says == "" {
				go func() {
					until(t, func() bool { return w.asked("POST /api/vm/{vm}/power_on/") > 1 })
					if err := w.SetFaults(nil); err != nil {
						t.Error(err)
					}
				}()
			}
			state, _ = p.refresh(state) // which warns that it sleeps
			after, said := p.apply(t.Context(), p.plan(state, config))
			if said != says && (says == "" || !strings.Contains(said, says)) {
				t.Error(said)
			}
			if says == "" && (after["power_state"] != "running" || w.machine("web").Status != mdxsim.PowerOn) {
				t.Error(after)
			}
		})
	}
}

func TestAFailedDestroyIsToldAndRepeated(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]mdxsim.Fault{
		"power off fails": {Route: "POST /api/vm/{vm}/power_off/", Nth: 1, Times: 4, Kind: mdxsim.TaskFails},
		"destroy fails":   {Route: "POST /api/vm/{vm}/destroy/", Nth: 1, Kind: mdxsim.TaskFails},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := startWorld(t, mdxsim.Config{})
			p := w.plugin(t)
			state := p.make(smallVM(nil))
			if err := w.SetFaults([]mdxsim.Fault{fault}); err != nil {
				t.Fatal(err)
			}
			after, said := p.destroy(state)
			if !strings.Contains(said, `destroy VM "web"`) || !strings.Contains(said, "内部エラーが発生しました。") || after["id"] != state["id"] {
				t.Fatal(said, after)
			}
			if after, said := p.destroy(after); said != "" || after != nil {
				t.Error(said)
			}
			if w.machine("web") != nil {
				t.Error("it is still there")
			}
		})
	}
}

func TestADestroyWhoseAnswerIsLostIsCarriedOutOnce(t *testing.T) {
	t.Parallel()
	w := startWorld(t, mdxsim.Config{})
	p := w.plugin(t)
	state := p.make(smallVM(nil))
	if err := w.SetFaults([]mdxsim.Fault{{Route: "POST /api/vm/{vm}/destroy/", Nth: 1, Kind: mdxsim.ResetAfter}}); err != nil {
		t.Fatal(err)
	}
	if _, said := p.destroy(state); said != "" || w.machine("web") != nil {
		t.Error(said)
	}
}

// Whatever the portal's answer where nobody outside knows it, a VM is made, changed, stopped, started and destroyed.
func TestAVMLivesUnderEveryQuirkOfThePortal(t *testing.T) {
	t.Parallel()
	elsewhere := []string{"acl", "dnat", "masks", "ports", "segment-api"} // what VMs have no part in
	for _, quirk := range mdxsim.AllQuirks() {
		for _, value := range quirk.Values[1:] {
			if slices.ContainsFunc(elsewhere, func(prefix string) bool { return strings.HasPrefix(quirk.Name, prefix) }) {
				continue
			}
			t.Run(quirk.Name+" "+value, func(t *testing.T) {
				t.Parallel()
				var quirks mdxsim.Quirks
				if err := quirks.Set(quirk.Name, value); err != nil {
					t.Fatal(err)
				}
				w := startWorld(t, mdxsim.Config{Quirks: quirks})
				p := w.plugin(t)
				config := smallVM(attributes{"allow_stopping_for_update": true, "storage_network": "sr-iov"})
				state := p.make(config)
				id, address := state["id"], state["ipv4_address"]
				config["name"], config["disk_size"] = "web2", 50
				state = p.converge(state, config)
				config["power_state"] = "stopped"
				if state = p.converge(state, config); state["ipv4_address"] != address {
					t.Errorf("the address was %v and is %v while the VM is off", address, state["ipv4_address"])
				}
				config["power_state"] = "running"
				if state = p.converge(state, config); state["id"] != id || state["power_state"] != "running" {
					t.Errorf("%v", state)
				}
				if _, said := p.destroy(state); said != "" || w.machine("web2") != nil {
					t.Error(said)
				}
			})
		}
	}
}
