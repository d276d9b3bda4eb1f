package provider_test

import (
	"testing"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

func TestAMemberThatSomebodyHasRenamedIsNotDestroyedButRenamedBack(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		from, to string
		size     int // to which the group of three comes
		power    string
	}{
		"and nothing else is new":  {"web1", "keep", 3, "running"},
		"to another kind of index": {"web1", "web01", 3, "running"},
		"while the group shrinks":  {"web0", "keep", 1, "running"},
		"while the group grows":    {"web2", "keep", 4, "running"},
		"while the group is shut":  {"web1", "keep", 3, "stopped"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := startWorld(t, mdxsim.Config{})
			p := w.plugin(t)
			p.resource = "mdx_vm_group"
			state := p.make(smallGroup("web", 3))
			id := w.machine(test.from).UUID
			w.rename(t, test.from, test.to)

			config := smallGroup("web", test.size)
			config["power_state"] = test.power
			state, _ = p.refresh(state)
			state, said := p.apply(t.Context(), p.plan(state, config))
			if said != "" {
				t.Fatal(said)
			}
			if vm := w.machine(test.from); vm == nil || vm.UUID != id || w.machine(test.to) != nil {
				t.Errorf("%s is %+v, and was %s", test.from, vm, id)
			}
			state, _ = p.refresh(state)
			if members, _ := state["members"].([]any); len(members) != test.size {
				t.Errorf("%v", members)
			}
			if again := p.plan(state, config); !again.empty() {
				t.Errorf("the plan after the apply is not empty: %v", again.changes())
			}
		})
	}
}

// With -refresh=false, or between plan and apply, the plan does not know. Terraform refuses another name than the planned one.
func TestAVMThatSomebodyHasRenamedSinceItsPlanIsRenamedBack(t *testing.T) {
	t.Parallel()
	w := startWorld(t, mdxsim.Config{})
	p := w.plugin(t)
	state := p.make(smallVM(nil))
	id := w.machine("web").UUID
	w.rename(t, "web", "keep")
	state, said := p.apply(t.Context(), p.plan(state, smallVM(attributes{"power_state": "stopped"})))
	if said != "" || state["name"] != "web" {
		t.Errorf("%s, %v", said, state["name"])
	}
	if vm := w.machine("web"); vm == nil || vm.UUID != id {
		t.Errorf("web is %+v, and was %s", vm, id)
	}
}
