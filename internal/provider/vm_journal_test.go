package provider_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

// journaled are the files of the journal.
func journaled(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(os.Getenv("MDX_JOURNAL_DIR"), "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// A plan imports and reads, and writes no state: whoever thinks better of it must still be told of the VM.
func TestThePlanOfAnImportForgetsNoVMThatAnInterruptedRunLeft(t *testing.T) {
	for what, test := range map[string]struct {
		config attributes
		id     func(*world) string
	}{
		"mdx_vm":       {smallVM(nil), func(w *world) string { return w.machine("web").UUID }},
		"mdx_vm_group": {smallGroup("web-", 1), func(*world) string { return "web-" }},
	} {
		t.Run(what, func(t *testing.T) {
			t.Setenv("MDX_JOURNAL_DIR", t.TempDir())
			w := startWorld(t, mdxsim.Config{})
			killed := w.plugin(t)
			killed.resource = what
			killed.make(test.config)
			p := w.plugin(t)
			p.resource = what
			state, said := p.imported(test.id(w))
			if said != "" || state["id"] == nil {
				t.Fatal(said, state)
			}
			if files := journaled(t); len(files) != 1 {
				t.Errorf("after the plan of an import the journal has %v", files)
			}
			p.refresh(state)
			if files := journaled(t); len(files) != 0 {
				t.Errorf("the state has it, and the journal still has %v", files)
			}
		})
	}
}

func TestThePlanOfAnImportForgetsNoRuleThatAnInterruptedRunLeft(t *testing.T) {
	for what, config := range map[string]attributes{
		"mdx_acl_rule": {
			"segment_id": backendSegment, "protocol": "TCP", "source_cidr": "192.0.2.0/24", "destination_cidr": "10.0.8.0/24",
			"destination_port": "443",
		},
		"mdx_dnat":    {"segment_id": backendSegment, "destination_address": "10.0.8.1"},
		"mdx_network": opening(443),
	} {
		t.Run(what, func(t *testing.T) {
			t.Setenv("MDX_JOURNAL_DIR", t.TempDir())
			w := startWorld(t, mdxsim.Config{})
			killed := w.plugin(t)
			killed.resource = what
			id, _ := killed.make(config)["id"].(string)
			p := w.plugin(t)
			p.resource, p.private = what, &[]byte{}
			state, said := p.imported(id)
			if said != "" || state["id"] != id {
				t.Fatal(said, state)
			}
			if files := journaled(t); len(files) != 1 {
				t.Errorf("after the plan of an import the journal has %v", files)
			}
			p.refresh(state)
			if files := journaled(t); len(files) != 0 {
				t.Errorf("the state has it, and the journal still has %v", files)
			}
		})
	}
}

// smallGroup is a group of so many VMs like smallVM.
func smallGroup(prefix string, size int) attributes {
	config := smallVM(attributes{"name_prefix": prefix, "size": size})
	delete(config, "name")
	return config
}

// With -refresh=false a destroy may be about a VM that is long gone, while the one that was made in its place is known to
// the journal alone.
func TestTheDestroyOfAVMThatIsGoneForgetsNoneThatWasMadeInItsPlace(t *testing.T) {
	for what, config := range map[string]attributes{"mdx_vm": smallVM(nil), "mdx_vm_group": smallGroup("web", 1)} {
		t.Run(what, func(t *testing.T) {
			t.Setenv("MDX_JOURNAL_DIR", t.TempDir())
			w := startWorld(t, mdxsim.Config{})
			p := w.plugin(t)
			p.resource = what
			state := p.make(config)
			if _, said := p.destroy(state); said != "" {
				t.Fatal(said)
			}
			p.make(config) // and is killed before any of this is in state
			next := w.plugin(t)
			next.resource = what
			if _, said := next.destroy(state); said != "" {
				t.Fatal(said)
			}
			if files := journaled(t); len(files) != 1 {
				t.Errorf("a VM is there that no state has, and the journal has %v", files)
			}
		})
	}
}

// A rename frees the name, and in the same run another VM may be asked for by it, while the first still waits for its address.
func TestARenameForgetsNoVMThatHasItsNameSince(t *testing.T) {
	t.Setenv("MDX_JOURNAL_DIR", t.TempDir())
	w := startWorld(t, mdxsim.Config{Durations: mdxsim.Durations{Address: eternity}})
	p := w.plugin(t)
	first := p.make(smallVM(attributes{"power_state": "stopped"}))
	p = w.plugin(t)
	first, _ = p.refresh(first)
	done := make(chan struct{})
	plan := p.plan(first, smallVM(attributes{"name": "web2"}))
	second := p.plan(nil, smallVM(attributes{"wait_for_address": false}))
	go func() {
		defer close(done)
		if _, said := p.apply(t.Context(), plan); strings.Contains(said, "ERROR") {
			t.Error(said)
		}
	}()
	until(t, func() bool { return w.machine("web2") != nil && w.machine("web2").Status == mdxsim.PowerOn })
	if _, said := p.apply(t.Context(), second); said != "" { // and is killed before this is in state
		t.Error(said)
	}
	w.Advance(2 * eternity)
	<-done
	if files := journaled(t); len(files) != 1 {
		t.Errorf("a VM is there that no state has, and the journal has %v", files)
	}
}

// The name is free as soon as the VM is gone, and before that is known in full, another may be asked for by it.
func TestADestroyForgetsNoVMThatHasItsNameSince(t *testing.T) {
	for what, config := range map[string]attributes{"mdx_vm": smallVM(nil), "mdx_vm_group": smallGroup("web", 1)} {
		t.Run(what, func(t *testing.T) {
			t.Setenv("MDX_JOURNAL_DIR", t.TempDir())
			w := startWorld(t, mdxsim.Config{})
			p := w.plugin(t)
			p.resource = what
			first := p.make(config)
			name := "web"
			if what == "mdx_vm_group" {
				name = "web0"
			}
			if err := w.SetFaults([]mdxsim.Fault{{Route: "GET /api/task/{task}/", Nth: 1, Times: 9999, Kind: mdxsim.NotFound}}); err != nil {
				t.Fatal(err)
			}
			p = w.plugin(t)
			other := *p
			p.resource = what
			first, _ = p.refresh(first)
			second := other.plan(nil, smallVM(attributes{"name": name}))
			done := make(chan struct{})
			go func() {
				defer close(done)
				if _, said := p.destroy(first); said != "" {
					t.Error(said)
				}
			}()
			until(t, func() bool { return w.machine(name) == nil })
			go func() { // two tasks are looked up in the history
				<-done
				if err := w.SetFaults(nil); err != nil {
					t.Error(err)
				}
			}()
			if _, said := other.apply(t.Context(), second); said != "" { // and is killed before this is in state
				t.Error(said)
			}
			<-done
			if files := journaled(t); len(files) != 1 {
				t.Errorf("a VM is there that no state has, and the journal has %v", files)
			}
		})
	}
}

// Terraform refuses a VM of another name than planned, and replaces it.
func TestAVMThatSomebodyHasRenamedSinceIsNotTakenUp(t *testing.T) {
	t.Setenv("MDX_JOURNAL_DIR", t.TempDir())
	w := startWorld(t, mdxsim.Config{})
	killed := w.plugin(t)
	id, _ := killed.make(smallVM(nil))["id"].(string)
	w.rename(t, "web", "keep")
	p := w.plugin(t)
	state, said := p.apply(t.Context(), p.plan(nil, smallVM(nil)))
	for _, part := range []string{"ERROR", `"web"`, `renamed to "keep"`, "terraform import", id, os.Getenv("MDX_JOURNAL_DIR")} {
		if !strings.Contains(said, part) {
			t.Errorf("nothing is said of %s: %s", part, said)
		}
	}
	if state != nil || w.machine("web") != nil || len(journaled(t)) != 1 {
		t.Errorf("%v, %v, %v", state, w.machine("web"), journaled(t))
	}
	w.rename(t, "keep", "web")
	if state, said = p.apply(t.Context(), p.plan(nil, smallVM(nil))); state["id"] != id || !strings.Contains(said, "this run continues with it") {
		t.Errorf("%v, want %s; %s", state["id"], id, said)
	}
}

// With -refresh=false the journal may still know the VM by its first name.
func TestTheNameOfAVMThatWasRenamedIsFree(t *testing.T) {
	t.Setenv("MDX_JOURNAL_DIR", t.TempDir())
	w := startWorld(t, mdxsim.Config{})
	p := w.plugin(t)
	first := p.make(smallVM(nil))
	p = w.plugin(t)
	if _, said := p.apply(t.Context(), p.plan(first, smallVM(attributes{"name": "web2"}))); said != "" {
		t.Fatal(said)
	}
	if second := w.plugin(t).make(smallVM(nil)); second["id"] == first["id"] || second["id"] != w.machine("web").UUID {
		t.Errorf("two resources have the VM %v", second["id"])
	}
}

// Somebody has destroyed it before a refresh has found it in the state: there is nothing to look for.
func TestAVMThatIsGoneIsInTheJournalNoMore(t *testing.T) {
	for how, end := range map[string]func(*plugin, attributes){
		"and a refresh finds it gone": func(p *plugin, state attributes) { p.refresh(state) },
		"and a destroy finds it gone": func(p *plugin, state attributes) { p.destroy(state) },
	} {
		for what, config := range map[string]attributes{"mdx_vm": smallVM(nil), "mdx_vm_group": smallGroup("web", 1)} {
			t.Run(what+" "+how, func(t *testing.T) {
				t.Setenv("MDX_JOURNAL_DIR", t.TempDir())
				w := startWorld(t, mdxsim.Config{})
				p := w.plugin(t)
				p.resource = what
				state := p.make(config)
				for _, name := range []string{"web", "web0"} {
					_ = w.DeleteVM(name) // there is one of them
				}
				p = w.plugin(t)
				p.resource = what
				end(p, state)
				if files := journaled(t); len(files) != 0 {
					t.Errorf("the journal still has %v", files)
				}
			})
		}
	}
}

// The state has the VM, and its name is another one by now, on the portal as in the configuration.
func TestTheNameOfAVMThatSomebodyHasRenamedIsFree(t *testing.T) {
	t.Setenv("MDX_JOURNAL_DIR", t.TempDir())
	w := startWorld(t, mdxsim.Config{})
	first := w.plugin(t).make(smallVM(nil))
	w.rename(t, "web", "keep")
	p := w.plugin(t)
	state, _ := p.refresh(first)
	if _, said := p.apply(t.Context(), p.plan(state, smallVM(attributes{"name": "web2"}))); said != "" {
		t.Fatal(said)
	}
	if files := journaled(t); len(files) != 0 {
		t.Errorf("the state has it, and the journal still has %v", files)
	}
	if second := w.plugin(t).make(smallVM(nil)); second["id"] == first["id"] || second["id"] != w.machine("web").UUID {
		t.Errorf("two resources have the VM %v", second["id"])
	}
}

// The task that failed tells that it was this VM's, and where no answer was heard, so that no task is known, its history does.
func TestAVMThatSomebodyHasRenamedIsInTheJournalNoMore(t *testing.T) {
	for what, made := range map[string]func(*testing.T) (*world, attributes){
		"and its deploy has failed": func(t *testing.T) (*world, attributes) {
			t.Helper()
			w, _, state := failedSince(t, smallVM(nil))
			return w, state
		},
		"and the answer was not heard": func(t *testing.T) (*world, attributes) {
			t.Helper()
			w := startWorld(t, mdxsim.Config{Faults: []mdxsim.Fault{{Route: deployRoute, Nth: 1, Kind: mdxsim.ResetAfter}}})
			return w, w.plugin(t).make(smallVM(nil))
		},
	} {
		t.Run(what, func(t *testing.T) {
			t.Setenv("MDX_JOURNAL_DIR", t.TempDir())
			w, state := made(t)
			w.rename(t, "web", "keep")
			if state, _ = w.plugin(t).refresh(state); state["name"] != "keep" {
				t.Fatal(state["name"])
			}
			if files := journaled(t); len(files) != 0 {
				t.Errorf("the state has it, and the journal still has %v", files)
			}
		})
	}
}

// rename gives a VM another name on the portal.
func (w *world) rename(t *testing.T, from, to string) {
	t.Helper()
	client, err := mdx.New(mdx.Config{Endpoint: w.endpoint, Token: "demo", PollInterval: 25 * time.Millisecond, LockDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	id := mdx.VMID(w.machine(from).UUID)
	if _, err = client.Rename(t.Context(), id, to); err == nil {
		_, err = client.WaitVMNamed(t.Context(), demoProject, to)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Terraform is answered with a group when all of its members are there, which takes as long as the slowest.
func TestNoMemberIsHandedOverBeforeItsGroup(t *testing.T) {
	t.Setenv("MDX_JOURNAL_DIR", t.TempDir())
	w := startWorld(t, mdxsim.Config{Faults: []mdxsim.Fault{{Route: deployRoute, Nth: 2, Kind: mdxsim.NoAddress}}})
	p := w.plugin(t)
	p.resource = "mdx_vm_group"
	config := smallGroup("web", 2)
	config["start_index"] = 9 // no range has both
	handedOver := func() (n int) {
		for _, file := range journaled(t) {
			if data, err := os.ReadFile(file); err == nil && strings.Contains(string(data), `"handed_over": true`) {
				n++
			}
		}
		return n
	}
	const lists = "GET /api/vm/project/{project}/"
	early := 0
	_, said := p.interrupted(p.plan(nil, config), func() bool {
		if w.machine("web9") == nil || w.machine("web10") == nil || w.machine("web9").Status != w.machine("web10").Status ||
			w.machine("web9").Status != mdxsim.PowerOn || w.asked(lists) < 40 {
			return false
		}
		early = handedOver()
		return true
	})
	if early != 0 || handedOver() != 2 {
		t.Errorf("%d members were handed over before the answer, %d with it: %s", early, handedOver(), said)
	}
}
