//go:build unix

package campaign

import (
	"encoding/json"
	"syscall"
	"testing"
	"time"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

// kills are what a kill can hit while Terraform changes or destroys something.
var kills = map[string]func(pid int){
	"terraform": func(pid int) { _ = syscall.Kill(pid, syscall.SIGKILL) }, // it waits for the portal, so it is there
	"provider": func(pid int) {
		for _, child := range childrenOf(pid) {
			_ = syscall.Kill(child, syscall.SIGKILL)
		}
	},
}

// moments are when a request reaches the portal that is killed for.
var moments = map[string]struct {
	late   bool // the portal has carried it out; else it does so with nobody left who asks
	atWork bool // and is still at it when the next run comes
}{
	"as it arrives":           {},
	"when it is carried out":  {late: true},
	"while the next run asks": {late: true, atWork: true},
}

// withEachKill runs a test with each Terraform: what is killed, at which write, and when.
func withEachKill(t *testing.T, victim string, writes []string, test func(b *binaryTrial, killed func(args ...string))) {
	t.Helper()
	clis(t)
	for _, write := range writes {
		for name, moment := range moments {
			t.Run(write+" "+name, func(t *testing.T) {
				withEach(t, func(b *binaryTrial) {
					test(b, func(args ...string) {
						b.killedOn(write, moment.late, moment.atWork, kills[victim], args...)
					})
				})
			})
		}
	}
}

// killedOn is a run that is killed on a write. If the portal is to be still at work on it later, its time stands until
// the next run has asked for something, too.
func (b *binaryTrial) killedOn(write string, late, atWork bool, kill func(pid int), args ...string) {
	b.t.Helper()
	c := b.terraform(append(args, "-auto-approve")...)
	struck := false
	b.front.on(write, late, func() {
		struck = true
		if atWork {
			b.sim.Freeze()
			b.sim.Advance(5 * time.Second) // a new task shows
		}
		kill(c.Process.Pid)
	})
	had := b.stateFile()
	if err := c.Run(); err == nil {
		b.t.Errorf("not killed:\n%s", c.out.String())
	}
	b.front.settle()
	if !json.Valid(b.stateFile()) {
		b.restoreState("a kill", had)
	}
	if !struck {
		b.t.Fatalf("there was no %s:\n%s", write, c.out.String())
	}
	if atWork {
		b.front.at(0, false, b.sim.Thaw)
	}
}

// machine is the VM that the portal has of ours.
func (b *binaryTrial) machine(name string) (found mdxsim.VM) {
	b.t.Helper()
	for _, vm := range b.sim.World().Organisations[0].Projects[0].VMs {
		if vm.Name == name {
			found = vm
		}
	}
	return found
}

func TestRealResizeThatIsKilledIsFinishedByTheNextApply(t *testing.T) {
	t.Parallel()
	writes := []string{"POST /api/vm/*/shutdown/", "POST /api/vm/*/reconfigure/", "POST /api/vm/*/power_on/"}
	withEachKill(t, "terraform", writes, func(b *binaryTrial, killed func(args ...string)) {
		b.wants("a")
		b.converge(0)
		before := b.machine("vm-a")
		b.vms["a"].packs = 4
		b.write(b.wanted())
		killed("apply")
		if out, err := b.terraform("apply", "-auto-approve").run(); err != nil {
			b.t.Error(err, out)
		}
		if out, err := b.terraform("plan", "-detailed-exitcode").run(); err != nil {
			b.t.Errorf("something is left to do: %v\n%s", err, out)
		}
		after := b.machine("vm-a")
		if after.UUID != before.UUID || after.PackNum != 4 || after.Status != mdxsim.PowerOn {
			b.t.Errorf("VM %s is %s with %d packs, want %s running with 4", after.UUID, after.Status, after.PackNum, before.UUID)
		}
		b.made(1)
		b.compare(0)
	})
}

// destroysAfterAKill destroys a VM with its rules again, after a destroy that was killed.
func destroysAfterAKill(b *binaryTrial, killed func(args ...string)) {
	b.wants("a")
	b.vms["a"].acl, b.vms["a"].dnat = true, true
	b.write(b.wanted())
	b.converge(0)
	if has := b.inWorld(); len(has.vms) != 1 || len(has.rules) != 2 {
		b.t.Fatalf("there are %+v, want a VM and two rules", has)
	}
	killed("destroy")
	if out, err := b.terraform("destroy", "-auto-approve").run(); err != nil {
		b.t.Error(err, out)
	}
	if left := b.inWorld(); len(left.vms)+len(left.rules) > 0 {
		b.t.Errorf("the destroy has left %+v", left)
	}
	b.compare(0)
}

var destroying = []string{"DELETE /api/acl/*/", "DELETE /api/dnat/*/", "POST /api/vm/*/power_off/", "POST /api/vm/*/destroy/"}

func TestRealDestroyThatIsKilledIsFinishedByTheNextOne(t *testing.T) {
	t.Parallel()
	withEachKill(t, "terraform", destroying, destroysAfterAKill)
}

func TestRealDestroyWhoseProviderIsKilledIsFinishedByTheNextOne(t *testing.T) {
	t.Parallel()
	withEachKill(t, "provider", destroying, destroysAfterAKill)
}
