package provider_test

import (
	"strings"
	"testing"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

// A portal under load says 404 to anything (PORTAL.md §8). That is no word of the guest's, and no reason to take what it
// has not written to its disk.
func TestAnOverloadedPortalIsNoReasonToCutThePower(t *testing.T) {
	t.Parallel()
	for name, times := range map[string]int{"for a moment": 1, "for long": 99} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := startWorld(t, mdxsim.Config{})
			p := w.plugin(t)
			config := smallVM(attributes{"allow_stopping_for_update": true})
			state := p.make(config)
			config["pack_num"] = 4
			plan := p.plan(state, config)
			if err := w.SetFaults([]mdxsim.Fault{
				{Route: "POST /api/vm/{vm}/shutdown/", Nth: 1, Times: times, Kind: mdxsim.NotFound},
			}); err != nil {
				t.Fatal(err)
			}
			after, said := p.apply(t.Context(), plan)
			if cuts := w.asked("POST /api/vm/{vm}/power_off/"); cuts > 0 {
				t.Error("the power was cut of a guest that was not asked")
			}
			if failed := strings.Contains(said, "ERROR"); failed != (times > 1) {
				t.Error(said)
			}
			if err := w.SetFaults(nil); err != nil {
				t.Fatal(err)
			}
			p.converge(after, config)
		})
	}
}

func TestAVMIsNotLeftOffForAMomentOfOverload(t *testing.T) {
	t.Parallel()
	w := startWorld(t, mdxsim.Config{})
	p := w.plugin(t)
	config := smallVM(attributes{"allow_stopping_for_update": true})
	state := p.make(config)
	config["pack_num"] = 4
	plan := p.plan(state, config)
	if err := w.SetFaults([]mdxsim.Fault{{Route: "POST /api/vm/{vm}/power_on/", Nth: 1, Kind: mdxsim.NotFound}}); err != nil {
		t.Fatal(err)
	}
	if _, said := p.apply(t.Context(), plan); said != "" || w.machine("web").Status != mdxsim.PowerOn {
		t.Errorf("it is %s: %s", w.machine("web").Status, said)
	}
}

// A name that another VM has is refused whether the VM runs or not.
func TestAVMIsNotShutDownForANameThatIsTaken(t *testing.T) {
	t.Parallel()
	w := startWorld(t, mdxsim.Config{})
	p := w.plugin(t)
	config := smallVM(attributes{"allow_stopping_for_update": true})
	state := p.make(config)
	p.make(smallVM(attributes{"name": "taken"}))
	config["name"] = "taken"
	_, said := p.apply(t.Context(), p.plan(state, config))
	if !strings.Contains(said, `ERROR AttributeName("name")`) {
		t.Errorf("said: %s", said)
	}
	if vm := w.machine("web"); vm.Status != mdxsim.PowerOn || w.asked("POST /api/vm/{vm}/shutdown/") > 0 {
		t.Errorf("it was shut down: %+v", vm)
	}
}
