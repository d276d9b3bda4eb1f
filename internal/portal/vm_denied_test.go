package portal

import (
	"testing"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

// An overloaded portal answers 404 to anything. Taken for the VM's absence, that would drop a VM from the state that
// exists and costs points.
func TestA404AboutSomethingElseIsNotTheEndOfAVM(t *testing.T) {
	for name, c := range map[string]struct {
		route string
		do    func(*testing.T, *Portal, mdx.VMID) error
	}{
		"destroy, and that is denied":       {"POST /api/vm/{vm}/destroy/", destroyAs},
		"destroy, and the power is denied":  {"POST /api/vm/{vm}/power_off/", destroyAs},
		"destroy, and the rules are denied": {"GET /api/acl/segment/{segment}/", destroyAs},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRuns(t, mdxsim.Config{})
			run := r.run()
			made, err := run.CreateVM(t.Context(), r.ordered(run, "web"))
			if err != nil {
				t.Fatal(err)
			}
			if err := run.AwaitCreated(t.Context(), VMTarget{Project: leftProject, ID: made.ID, Name: "web"}, made); err != nil {
				t.Fatal(err)
			}
			if _, err := run.WaitAddress(t.Context(), leftProject, made.ID); err != nil {
				t.Fatal(err)
			}
			if err := r.SetFaults([]mdxsim.Fault{{Route: c.route, Nth: 1, Times: 99, Kind: mdxsim.NotFound}}); err != nil {
				t.Fatal(err)
			}
			next := r.run()
			if err := c.do(t, next, made.ID); err == nil || mdx.IsNotFound(err) {
				t.Errorf("taken for the end of the VM: %v", err)
			}
			if len(r.vms("web")) != 1 {
				t.Error("it is gone")
			}
		})
	}
}

func destroyAs(t *testing.T, p *Portal, id mdx.VMID) error {
	t.Helper()
	return p.DestroyVM(t.Context(), VMTarget{Project: leftProject, ID: id, Name: "web"})
}
