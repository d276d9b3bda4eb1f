package provider_test

import (
	"strings"
	"testing"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

// A change that needs members stopped rolls through the group, each being back before the next one stops. One that does not
// come back is no reason to stop the others.
func TestNoMemberIsStoppedForAChangeThatAnotherDidNotComeBackFrom(t *testing.T) {
	t.Parallel()
	w := startWorld(t, mdxsim.Config{})
	p := w.plugin(t)
	p.resource, p.private = "mdx_vm_group", new([]byte)
	config := smallGroup("web", 4)
	config["allow_stopping_for_update"] = true
	state := p.make(config)
	config["pack_num"] = 4
	plan := p.plan(state, config)
	if err := w.SetFaults([]mdxsim.Fault{
		{Route: "POST /api/vm/{vm}/power_on/", Nth: 1, Times: 99, Kind: mdxsim.TaskFails},
	}); err != nil {
		t.Fatal(err)
	}
	state, said := p.apply(t.Context(), plan)
	if !strings.Contains(said, "ERROR") || !strings.Contains(said, "did not come back") {
		t.Error(said)
	}
	down := 0
	for _, name := range []string{"web0", "web1", "web2", "web3"} {
		if w.machine(name).Status != mdxsim.PowerOn {
			down++
		}
	}
	if down != 1 {
		t.Errorf("%d members are down, and max_unavailable is 1", down)
	}
	if err := w.SetFaults(nil); err != nil {
		t.Fatal(err)
	}
	state, _ = p.refresh(state)
	state, said = p.apply(t.Context(), p.plan(state, config))
	if strings.Contains(said, "ERROR") {
		t.Error(said)
	}
	state, _ = p.refresh(state)
	if again := p.plan(state, config); !again.empty() {
		t.Errorf("the next apply has not done the rest: %v", again.changes())
	}
}
