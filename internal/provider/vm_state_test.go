package provider_test

import (
	"strings"
	"testing"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

// A VM in a state that refuses what is asked is told of with the way out, and nothing of it is lost.
func TestVMsInStatesThatRefuse(t *testing.T) {
	t.Parallel()
	for status, test := range map[mdxsim.Status]struct {
		power  any      // what power_state says
		update []string // what a start says
		gone   bool     // whether it can be destroyed
	}{
		mdxsim.Suspended: {power: "stopped", update: []string{`update VM "sato-notebook"`, "(Suspended)", "operation history"}},
		"Detached":       {power: nil, update: []string{"Detached", "neither started nor stopped", "-replace"}},
		"NotFound":       {power: nil, update: []string{"NotFound", "neither started nor stopped", "-replace"}},
		mdxsim.PowerOff:  {power: "stopped", gone: true},
	} {
		t.Run(string(status), func(t *testing.T) {
			t.Parallel()
			world := mdxsim.DefaultWorld()
			vm := &world.Organisations[0].Projects[0].VMs[0]
			vm.Status, vm.Foreign = status, false
			w := startWorld(t, mdxsim.Config{World: world})
			p := w.plugin(t)
			state, said := p.imported(satoVM)
			if said != "" || state["power_state"] != test.power || state["status"] != string(status) {
				t.Fatal(said, state)
			}
			after, said := p.apply(t.Context(), p.plan(state, attributes{"name": "sato-notebook", "service_level": "guarantee"}))
			for _, part := range test.update {
				if !strings.Contains(said, part) {
					t.Errorf("nothing is said of %s: %s", part, said)
				}
			}
			if (said == "") != (len(test.update) == 0) || after["id"] != satoVM {
				t.Error(said, after["id"])
			}
			after, said = p.destroy(after)
			if test.gone != (after == nil) || test.gone == strings.Contains(said, "ERROR") {
				t.Errorf("destroyed: %s %v", said, after)
			}
		})
	}
}
