package campaign

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/journal"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

var (
	seeds = flag.Int("seeds", 12, "how many seeds to run in process")
	seed  = flag.Uint64("seed", 0, "run this seed only")
	into  = flag.String("report", "", "write what was done to this file")
	talk  = flag.Bool("talk", false, "print what the portal is asked")
)

// TestMain keeps locks and journals out of the user's folders.
func TestMain(m *testing.M) {
	flag.Parse()
	if *talk {
		logTo = os.Stderr
	}
	dir, err := os.MkdirTemp("", "mdx-campaign-")
	if err == nil {
		err = errors.Join(os.Setenv("XDG_CACHE_HOME", dir), os.Setenv("MDX_JOURNAL_DIR", dir))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	fmt.Print(&total)
	if *into != "" {
		if err := os.WriteFile(*into, []byte(total.String()), 0o600); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	_ = os.RemoveAll(dir) // in the folder for temporary files
	os.Exit(code)
}

// tally counts what a campaign did.
type tally struct {
	mu     sync.Mutex
	counts map[string]int
}

// logTo takes the portal's log where a seed is looked into.
var logTo io.Writer

var total tally

func (t *tally) add(what string, n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.counts == nil {
		t.counts = map[string]int{}
	}
	t.counts[what] += n
}

// String is the report.
func (t *tally) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var text strings.Builder
	for _, what := range slices.Sorted(maps.Keys(t.counts)) {
		fmt.Fprintf(&text, "%7d  %s\n", t.counts[what], what)
	}
	return text.String()
}

func TestCampaignInProcess(t *testing.T) {
	t.Parallel()
	first, n := uint64(1), uint64(*seeds)
	if *seed != 0 {
		first, n = *seed, 1
	}
	for s := first; s < first+n; s++ {
		t.Run(fmt.Sprintf("seed=%d", s), func(t *testing.T) {
			t.Parallel()
			newTrial(t, s).run()
		})
	}
}

// regressions are seeds that once failed.
var regressions = []uint64{
	2,   // a rule that was tainted was planned with its old id: the campaign's own mistake, kept for what it strikes
	3,   // a VM whose answer nobody heard was looked for by a clock that ran ahead
	9,   // a killed run's access rule was taken for somebody else's
	10,  // the same with a DNAT rule
	205, // a DNAT rule was made, but the question whether it shows was lost: the journal forgot it
	559, // the same with an access rule
	5,   // a 404 about the segments was taken for the end of the VM, which left the state
}

func TestSeedsThatOnceFailed(t *testing.T) {
	t.Parallel()
	for _, s := range regressions {
		t.Run(fmt.Sprintf("seed=%d", s), func(t *testing.T) {
			t.Parallel()
			newTrial(t, s).run()
		})
	}
}

// trial is one seed.
type trial struct {
	*scenario
	t       *testing.T
	seed    uint64
	sim     *mdxsim.Sim
	gate    *gate
	journal string // the folder of the journal as the next run finds it
	state   map[string]instance
	others  string // what is there of others
	said    []string
	pending sync.WaitGroup // runs that were killed and have not noticed
}

func newTrial(t *testing.T, seed uint64) *trial {
	t.Helper()
	sim, err := mdxsim.New(mdxsim.Config{Token: token, Speed: 2000, Seed: int64(seed), Log: logTo})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sim.Close() }) // serves nothing itself
	c := &trial{scenario: newScenario(seed), t: t, seed: seed, sim: sim, gate: newGate(t, sim), journal: filepath.Join(t.TempDir(), "journal"), state: map[string]instance{}}
	c.others = c.ofOthers()
	t.Cleanup(func() {
		if t.Failed() {
			fmt.Printf("seed %d failed; again: go test ./internal/campaign -run TestCampaignInProcess -seed %d -v\n", seed, seed)
		}
	})
	return c
}

// run goes through the scenario: each configuration is applied under fire, and then in peace.
func (c *trial) run() {
	defer c.pending.Wait()
	for step := range 1 + c.random.IntN(3) {
		c.next()
		c.underFire(step)
		c.inPeace(step)
	}
	c.vms, c.group = map[string]*machine{}, nil
	c.underFire(99)
	c.inPeace(99)
	total.add("seeds", 1)
	for kind, n := range c.sim.Stats().Faults {
		total.add("fault "+string(kind), n)
	}
	total.add("VMs deployed", c.sim.Stats().Deployed)
}

func (c *trial) wanted() map[string]resource {
	p := c.sim.World().Organisations[0].Projects[0]
	return c.config(p.Catalogs[0].UUID, p.Segments[0].UUID)
}

// core begins a run.
func (c *trial) core() *Core {
	c.t.Helper()
	core, err := newCore(c.t, c.gate.newFront(), c.journal, c.wanted(), c.state)
	if err != nil {
		c.t.Fatal(err)
	}
	return core
}

// underFire applies while requests fail, and something strikes.
func (c *trial) underFire(step int) {
	faults := slices.DeleteFunc(mdxsim.SeededFaults(int64(c.seed)*100+int64(step)), func(f mdxsim.Fault) bool {
		return f.Kind == mdxsim.NoAddress // it never heals, whatever anybody does
	})
	if c.random.IntN(4) == 0 {
		faults = nil // a strike out of a blue sky
	}
	if err := c.sim.SetFaults(faults); err != nil {
		c.t.Fatal(err)
	}
	s := c.strike()
	total.add("strike: "+s.kind, 1)
	c.t.Logf("step %d: %s, %d faults planned", step, s, len(faults))
	home := c.journal
	if s.kind == fullDisk {
		c.journal = "/dev/null/full"
	}
	core := c.core()
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
	case killed, lostState:
		core.front.at(s.nth, s.late, func() { c.kill(core, dead) })
	case outage:
		core.front.at(s.nth, s.late, func() {
			core.front.cut()
			time.AfterFunc(150*time.Millisecond, core.front.mend)
		})
	}
	c.pending.Go(func() { over <- core.Apply(ctx) })
	select {
	case err := <-over:
		c.t.Logf("  the run ended: %v", err)
	case <-dead:
		cancel()
		c.t.Logf("  the run was killed")
	}
	c.journal = home
	if entries := c.afterlife(core); entries != "" {
		c.journal = entries
	}
	if s.kind != lostState || !core.isGone() {
		c.state = core.snapshot()
	}
	c.listen(core)
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
	if err := os.CopyFS(core.left, os.DirFS(core.journal)); err != nil && !errors.Is(err, os.ErrNotExist) {
		c.t.Error(err)
	}
	close(dead)
}

func (c *trial) afterlife(core *Core) string {
	core.mu.Lock()
	defer core.mu.Unlock()
	return core.left
}

// inPeace applies until nothing is left to do, and checks that all is as it should be.
func (c *trial) inPeace(step int) {
	if err := c.sim.SetFaults(nil); err != nil {
		c.t.Fatal(err)
	}
	const most = 4
	for n := 1; ; n++ {
		core := c.core()
		err := core.Apply(c.t.Context())
		changes := ""
		if err == nil {
			changes, err = core.Changes(c.t.Context())
		}
		c.state = core.snapshot()
		c.listen(core)
		if err == nil && changes == "" {
			total.add("applies to converge", n)
			break
		}
		if n == most {
			c.t.Fatalf("step %d: %d applies in peace did not suffice: %v\n%s\nsaid:\n%s", step, n, err, changes, strings.Join(c.said, "\n"))
		}
	}
	c.check(step)
}

func (c *trial) listen(core *Core) {
	core.mu.Lock()
	defer core.mu.Unlock()
	c.said = append(c.said, core.said...)
	for _, f := range core.fails {
		if strings.HasPrefix(f, inconsistent) {
			c.t.Error(f)
		}
	}
}

// ofOthers tells all that is there of others.
func (c *trial) ofOthers() string {
	var things []string
	keep := func(foreign bool, thing any) {
		if text, err := json.Marshal(thing); foreign && err == nil {
			things = append(things, string(text))
		}
	}
	for _, p := range c.sim.World().Organisations[0].Projects {
		for _, vm := range p.VMs {
			keep(vm.Foreign, vm)
		}
		for _, d := range p.DNATs {
			keep(d.Foreign, d)
		}
		for _, s := range p.Segments {
			for _, r := range slices.Concat(s.ACL, s.ACLv6) {
				keep(r.Foreign, r)
			}
		}
	}
	return strings.Join(things, "\n")
}

// check compares state, journal and world.
func (c *trial) check(step int) {
	c.t.Helper()
	known, knownRules := c.inState()
	c.checkAgainst(step, known, knownRules)
}

// checkAgainst compares the VMs and rules that a state has with journal and world.
func (c *trial) checkAgainst(step int, known, knownRules []string) {
	c.t.Helper()
	fail := func(format string, args ...any) {
		c.t.Errorf("step %d: %s\nsaid:\n%s", step, fmt.Sprintf(format, args...), strings.Join(c.said, "\n"))
	}
	var vms, rules []string
	p := c.sim.World().Organisations[0].Projects[0]
	for _, vm := range p.VMs {
		if !vm.Foreign {
			vms = append(vms, vm.UUID)
		}
	}
	for _, d := range p.DNATs {
		if !d.Foreign {
			rules = append(rules, d.UUID)
		}
	}
	for _, s := range p.Segments {
		for _, r := range slices.Concat(s.ACL, s.ACLv6) {
			if !r.Foreign {
				rules = append(rules, r.UUID)
			}
		}
	}
	slices.Sort(vms)
	slices.Sort(rules)
	if !slices.Equal(vms, known) {
		fail("the world's VMs are %q, the state's %q", vms, known)
	}
	if !slices.Equal(rules, knownRules) {
		fail("the world's rules are %q, the state's %q", rules, knownRules)
	}
	stats := c.sim.Stats()
	if len(stats.Duplicates) > 0 || len(stats.Touched) > 0 || len(stats.Violations) > 0 {
		fail("duplicates %q, touched %q, violations %+v", stats.Duplicates, stats.Touched, stats.Violations)
	}
	if others := c.ofOthers(); others != c.others {
		fail("others have now\n%s\nand had\n%s", others, c.others)
	}
	entries, err := journal.At(c.journal).Entries()
	if err != nil || len(entries) > 0 {
		fail("the journal still has %+v, %v", entries, err)
	}
	for _, line := range c.said {
		if strings.Contains(line, token) || strings.Contains(line, "eyJ") {
			fail("a secret was said: %s", line)
		}
	}
}

// inState are the ids of the VMs and rules that the state has.
func (c *trial) inState() (vms, rules []string) {
	for address, i := range c.state {
		switch typeOf(address) {
		case "mdx_vm":
			vms = append(vms, fmt.Sprint(attribute(i.value, "id")))
		case "mdx_vm_group":
			members, _ := attribute(i.value, "members").(tftypes.Value)
			var list []tftypes.Value
			if err := members.As(&list); err != nil {
				c.t.Error(err)
			}
			for _, m := range list {
				vms = append(vms, fmt.Sprint(attribute(m, "id")))
			}
		default:
			rules = append(rules, fmt.Sprint(attribute(i.value, "id")))
		}
	}
	slices.Sort(vms)
	slices.Sort(rules)
	return vms, rules
}
