package campaign

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/journal"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

// apart begins a run of somebody else, who works in the project from another folder.
func (c *trial) apart(folder string, state map[string]instance, wants bool) *Core {
	c.t.Helper()
	config := map[string]resource{}
	if wants {
		p := c.sim.World().Organisations[0].Projects[0]
		other := newScenario(0)
		other.vms["apart"] = &machine{packs: 1, acl: true}
		other.open = &network{ports: []int{7100, 7101, 7102}}
		config = other.config(place{p.Catalogs[0].UUID, p.Segments[0].UUID, p.Segments[1].UUID, p.VMs[0].UUID})
	}
	core, err := newCore(c.t, c.gate.newFront(), c.token, folder, config, state)
	if err != nil {
		c.t.Fatal(err)
	}
	return core
}

// besides has somebody else make something in the project meanwhile; the answer removes it again.
func (c *trial) besides() (leave func()) {
	folder := filepath.Join(c.t.TempDir(), "apart")
	core, over := c.apart(folder, map[string]instance{}, true), make(chan error, 1)
	go func() { over <- core.Apply(c.t.Context()) }()
	return func() {
		c.t.Logf("  the run beside ended: %v", <-over)
		c.listen(core)
		for _, wants := range []bool{true, false} { // what its faults have left it takes up first
			for n := 1; ; n++ {
				core = c.apart(folder, core.snapshot(), wants)
				err := core.Apply(c.t.Context())
				c.listen(core)
				if err == nil {
					break
				}
				if n == 4 {
					c.t.Fatalf("the run beside: %v", err)
				}
			}
		}
		core = c.apart(folder, core.snapshot(), false)
		if entries, err := journal.At(folder).Entries(); err != nil || len(entries) > 0 || len(core.snapshot()) > 0 {
			c.t.Errorf("the run beside has left %+v, %v", entries, err)
		}
	}
}

// jump has the clock that this machine had before differ from the one it has now.
func (c *trial) jump(by time.Duration) {
	files, err := filepath.Glob(filepath.Join(c.journal, "*.json"))
	if err != nil {
		c.t.Fatal(err)
	}
	for _, file := range files {
		var entry map[string]any
		text, err := os.ReadFile(file)
		if err == nil {
			err = json.Unmarshal(text, &entry)
		}
		if err == nil {
			entry["written"] = time.Now().Add(-by)
			text, err = json.Marshal(entry)
		}
		if err == nil {
			err = os.WriteFile(file, text, 0o600)
		}
		if err != nil {
			c.t.Fatal(err)
		}
	}
}

// underFire applies while requests fail, some many times in a row, and something strikes.
func (c *trial) underFire(step int, rows []mdxsim.Fault) strike {
	faults := slices.DeleteFunc(mdxsim.SeededFaults(int64(c.seed)*100+int64(step)), func(f mdxsim.Fault) bool {
		return f.Kind == mdxsim.NoAddress // it never heals, whatever anybody does
	})
	faults = slices.Concat(c.doomed(), c.whim.faults, faults)
	faults = slices.Concat(rows, faults) // the first that meets a request happens: rows have no gaps
	if c.random.IntN(4) == 0 {
		faults = nil // a strike out of a blue sky
	}
	if err := c.sim.SetFaults(faults); err != nil {
		c.t.Fatal(err)
	}
	s := c.strike()
	if c.whim.deaf {
		s.kind = unheard
	}
	s.faults = len(faults)
	total.add("strike: "+s.kind, 1)
	c.t.Logf("step %d: %s, %d faults planned", step, s, len(faults))
	home := c.journal
	if s.kind == fullDisk && !c.hurried { // what an earlier run has left could be read on a full disk, and not there
		c.journal = "/dev/null/full"
	}
	c.firing = true
	core := c.core()
	c.firing = false
	core.blind = c.whim.blind
	core.front.denied.at(c.whim.deny)
	c.heard.Store(core.front)
	ctx, cancel := context.WithCancel(c.t.Context())
	defer cancel()
	over, dead := make(chan error, 1), make(chan struct{})
	switch s.kind {
	case interrupt:
		core.front.at(s.nth, s.late, cancel)
	case twice:
		core.front.at(s.nth, s.late, func() {
			cancel()
			time.AfterFunc(5*time.Millisecond, func() { c.kill(core, dead) })
		})
	case revoked:
		core.front.at(s.nth, s.late, c.sim.ExpireTokens)
	case killed, lostState, jumped:
		core.front.at(s.nth, s.late, func() { c.kill(core, dead) })
	case unheard:
		core.answers.at(s.nth%8, func() { c.kill(core, dead) })
	case outage:
		core.front.at(s.nth, s.late, func() {
			core.front.cut()
			time.AfterFunc(150*time.Millisecond, core.front.mend)
		})
	}
	if c.whim.amid >= 0 {
		core.changes.at(c.whim.amid, func() { c.amid(s.nth) })
	}
	leave := func() {}
	if s.kind == beside {
		leave = c.besides()
	}
	c.pending.Go(func() { over <- core.Apply(ctx) })
	select {
	case err := <-over:
		c.t.Logf("  the run ended: %v", err)
	case <-dead:
		cancel()
		c.t.Logf("  the run was killed")
	}
	core.front.at(-1, false, nil) // what has not struck by now is too late
	core.answers.at(0, nil)
	core.changes.at(0, nil)
	core.front.settle()
	c.journal = home
	if entries := c.afterlife(core); entries != "" {
		c.journal = entries
	}
	if s.kind != lostState || !core.isGone() {
		c.state = core.snapshot()
	}
	c.listen(core)
	switch s.kind {
	case revoked:
		c.token = c.sim.IssueToken()
	case jumped:
		c.jump(time.Duration(s.nth-4) * time.Hour)
	}
	for i, f := range c.sim.Faults()[:min(len(rows), len(faults))] {
		if f.Fired == rows[i].Times {
			total.add("in full: row of "+string(f.Kind)+" on "+f.Route, 1)
		}
	}
	if err := c.sim.SetFaults(nil); err != nil {
		c.t.Fatal(err)
	}
	leave()
	if c.whim.doubts {
		c.doubt()
	}
	return s
}

// lacks tells whether the state may lack what a run has made. Terraform destroys nothing that the state does not have, so
// the configuration must be applied once more before it may want less. Of a run that was killed that is so by nature; of
// another one only where the portal's answers got lost, or came too late since this machine is busy, and only of a VM: a
// rule is in the state by what it says.
func (c *trial) lacks(s strike) bool {
	c.t.Helper()
	switch s.kind {
	case twice, killed, lostState, jumped, unheard:
		return true
	}
	calm := s.kind == nothing || s.kind == fullDisk || s.kind == interrupt && !s.late // a late strike loses an answer
	busy := func(line string) bool { return strings.Contains(line, context.DeadlineExceeded.Error()) }
	if s.faults == 0 && calm && !slices.ContainsFunc(c.said, busy) {
		return false
	}
	entries, err := journal.At(c.journal).Entries()
	if err != nil {
		c.t.Fatal(err)
	}
	known := map[string]bool{}
	for _, i := range c.state {
		known[fmt.Sprint(attribute(i.value, "name"))] = true
		for _, m := range elements(i.value, "members") {
			known[fmt.Sprint(attribute(m, "name"))] = true
		}
	}
	return slices.ContainsFunc(entries, func(e journal.Entry) bool { return strings.HasSuffix(e.Operation, " VM") && !known[e.Name] })
}

// kill ends a run, and keeps the journal as it is at that moment: its locks are nobody's there.
func (c *trial) kill(core *Core, dead chan struct{}) {
	core.kill()
	core.mu.Lock()
	defer core.mu.Unlock()
	if core.left != "" {
		return
	}
	core.left = filepath.Join(c.t.TempDir(), "journal")
	if err := copyEntries(core.left, core.journal); err != nil {
		c.t.Error(err)
	}
	close(dead)
}

// copyEntries copies what is in a folder at this moment. Drafts may vanish meanwhile.
func copyEntries(to, from string) error {
	files, err := filepath.Glob(filepath.Join(from, "*.json"))
	err = errors.Join(err, os.MkdirAll(to, 0o700))
	for _, file := range files {
		text, reading := os.ReadFile(file)
		if errors.Is(reading, os.ErrNotExist) {
			continue
		}
		err = errors.Join(err, reading, os.WriteFile(filepath.Join(to, filepath.Base(file)), text, 0o600))
	}
	return err
}

func (c *trial) afterlife(core *Core) string {
	core.mu.Lock()
	defer core.mu.Unlock()
	return core.left
}
