package portal

import (
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

// notebook is a VM of the simulator's world that runs, as it is to stay.
var notebook = VMTarget{
	Project: demoProject, ID: "e7a10000-0000-4000-8000-000000000001", Name: "sato-notebook", Running: true,
	ServiceLevel: mdx.Guarantee, ShutdownTimeout: time.Minute,
}

// asked notes what is asked of VMs: the last part of each request's path.
type asked struct {
	mu   sync.Mutex
	what []string
}

func (a *asked) hear(r *http.Request) {
	if r.Method != http.MethodPost || !strings.HasPrefix(r.URL.Path, "/api/vm/") {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.what = append(a.what, path.Base(r.URL.Path))
}

// notebookIn is the VM as the simulator has it.
func notebookIn(sim *mdxsim.Sim) mdxsim.VM {
	for _, vm := range sim.World().Organisations[0].Projects[0].VMs {
		if vm.UUID == string(notebook.ID) {
			return vm
		}
	}
	return mdxsim.VM{}
}

func TestAChangeIsMadeInOrderAndNoFurtherThanNeeded(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		quirks mdxsim.Quirks
		change func(*VMChange)
		want   string // requests, in order
		is     func(mdxsim.VM) bool
	}{
		"nothing": {change: func(*VMChange) {}, want: "", is: func(vm mdxsim.VM) bool { return vm.Status == mdxsim.PowerOn }},
		"another name": {
			change: func(c *VMChange) { c.NewName = "other" }, want: "rename",
			is: func(vm mdxsim.VM) bool { return vm.Name == "other" && vm.Status == mdxsim.PowerOn },
		},
		"another name, which a running VM can't get": {
			quirks: mdxsim.Quirks{Rename: "stopped"}, change: func(c *VMChange) { c.NewName, c.MayStop = "other", true },
			want: "rename shutdown rename power_on",
			is:   func(vm mdxsim.VM) bool { return vm.Name == "other" && vm.Status == mdxsim.PowerOn },
		},
		"packs": {
			change: func(c *VMChange) { c.PackNum, c.MayStop = 9, true }, want: "shutdown reconfigure power_on",
			is: func(vm mdxsim.VM) bool { return vm.PackNum == 9 && vm.Status == mdxsim.PowerOn },
		},
		"the disk, and off": {
			change: func(c *VMChange) { c.DiskGB, c.MayStop, c.Running = 80, true, false }, want: "shutdown reconfigure",
			is: func(vm mdxsim.VM) bool { return vm.Disks[0].CapacityGB == 80 && vm.Status != mdxsim.PowerOn },
		},
		"power": {
			change: func(c *VMChange) { c.PowerChanges, c.Running = true, false }, want: "shutdown",
			is: func(vm mdxsim.VM) bool { return vm.Status != mdxsim.PowerOn },
		},
		"the name that somebody has changed meanwhile": {
			change: func(c *VMChange) { c.Name = "as-planned" }, want: "rename",
			is: func(vm mdxsim.VM) bool { return vm.Name == "as-planned" },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var requests asked
			p, sim := simulated(t, mdxsim.Config{Quirks: test.quirks}, requests.hear)
			change := VMChange{VMTarget: notebook}
			test.change(&change)
			if err := p.ChangeVM(t.Context(), change); err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(requests.what, " "); got != test.want {
				t.Errorf("asked for %q, want %q", got, test.want)
			}
			if vm := notebookIn(sim); !test.is(vm) {
				t.Errorf("it is %+v", vm)
			}
			if err := p.ChangeVM(t.Context(), change); err != nil && change.NewName == "" {
				t.Errorf("once more: %v", err)
			}
		})
	}
}

func TestAChangeThatHasBecomeImpossibleChangesNothing(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change VMChange
		says   string
	}{
		"it needs a stop that is not allowed": {VMChange{PackNum: 9}, "allow_stopping_for_update"},
		"the disk is larger":                  {VMChange{DiskGB: 20, MayStop: true}, "40 GB meanwhile"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var requests asked
			p, _ := simulated(t, mdxsim.Config{}, requests.hear)
			change := test.change
			change.VMTarget, change.NewName = notebook, "other"
			err := p.ChangeVM(t.Context(), change)
			if err == nil || !strings.Contains(err.Error(), test.says) || len(requests.what) > 0 {
				t.Errorf("%v, after %q", err, requests.what)
			}
		})
	}
}

// A lost answer is neither a request to send again nor a change that is taken for made.
func TestAChangeEndsAsWantedAlthoughAnAnswerIsLost(t *testing.T) {
	t.Parallel()
	for _, request := range []string{"rename", "shutdown", "reconfigure", "power_on"} {
		for kind, sent := range map[mdxsim.FaultKind]int{mdxsim.ResetAfter: 1, mdxsim.ResetBefore: 2} {
			t.Run(request+" "+string(kind), func(t *testing.T) {
				t.Parallel()
				var requests asked
				p, sim := simulated(t, mdxsim.Config{Faults: []mdxsim.Fault{
					{Route: "POST /api/vm/{vm}/" + request + "/", Nth: 1, Kind: kind},
				}}, requests.hear)
				change := VMChange{VMTarget: notebook, NewName: "other", PackNum: 9, MayStop: true}
				if err := p.ChangeVM(t.Context(), change); err != nil {
					t.Fatal(err)
				}
				if vm := notebookIn(sim); vm.Name != "other" || vm.PackNum != 9 || vm.Status != mdxsim.PowerOn {
					t.Errorf("it is %+v", vm)
				}
				of := func(what string) bool { return what != request }
				if got := len(slices.DeleteFunc(requests.what, of)); got != sent {
					t.Errorf("%s was sent %d times, want %d", request, got, sent)
				}
			})
		}
	}
}

func TestARestartWhoseAnswerIsLostIsNotSentAgain(t *testing.T) {
	t.Parallel()
	for kind, fails := range map[mdxsim.FaultKind]bool{mdxsim.ResetAfter: false, mdxsim.ResetBefore: true} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			var requests asked
			p, _ := simulated(t, mdxsim.Config{Faults: []mdxsim.Fault{{Route: "POST /api/vm/{vm}/reboot/", Nth: 1, Kind: kind}}}, requests.hear)
			if err := p.RestartVM(t.Context(), notebook, p.Reboot); (err != nil) != fails {
				t.Errorf("%v", err)
			}
			if !slices.Equal(requests.what, []string{"reboot"}) {
				t.Errorf("asked for %q", requests.what)
			}
		})
	}
}

func TestAVMIsGoneAlthoughAnAnswerIsLost(t *testing.T) {
	t.Parallel()
	for _, request := range []string{"power_off", "destroy"} {
		for _, kind := range []mdxsim.FaultKind{mdxsim.ResetAfter, mdxsim.ResetBefore, mdxsim.Error500, mdxsim.NotFound} {
			t.Run(request+" "+string(kind), func(t *testing.T) {
				t.Parallel()
				p, sim := simulated(t, mdxsim.Config{Faults: []mdxsim.Fault{
					{Route: "POST /api/vm/{vm}/" + request + "/", Nth: 1, Kind: kind},
				}}, nil)
				err := p.DestroyVM(t.Context(), notebook)
				if kind == mdxsim.NotFound && request == "destroy" && err != nil {
					err = p.DestroyVM(t.Context(), notebook) // a refusal, which says nothing of the VM
				}
				if err != nil || notebookIn(sim).UUID != "" {
					t.Errorf("%v; it is %+v", err, notebookIn(sim))
				}
				if err := p.DestroyVM(t.Context(), notebook); err != nil {
					t.Errorf("once more: %v", err)
				}
			})
		}
	}
}
