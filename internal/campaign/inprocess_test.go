package campaign

import (
	"context"
	_ "embed"
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
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/journal"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim/process"
)

var (
	seeds = flag.Int("seeds", 12, "how many seeds to run in process")
	first = flag.Uint64("first-seed", 1, "the first of them, in process and with the real binary")
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
	if cache, unknown := os.UserCacheDir(); unknown == nil && os.Getenv("GOCACHE") == "" && err == nil {
		err = os.Setenv("GOCACHE", filepath.Join(cache, "go-build")) // the provider is built from what was compiled before
	}
	if err == nil {
		err = errors.Join(makeKey(), os.Setenv("XDG_CACHE_HOME", dir), os.Setenv("MDX_JOURNAL_DIR", dir))
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
	from, n := *first, uint64(*seeds)
	if *seed != 0 {
		from, n = *seed, 1
	}
	for s := from; s < from+n; s++ {
		t.Run(fmt.Sprintf("seed=%d", s), func(t *testing.T) {
			t.Parallel()
			newTrial(t, s, newScenario(s).widened(s)).run()
		})
	}
}

// regressions has a seed that once failed in each line, and what it found.
//
//go:embed testdata/seeds.txt
var regressions string

func TestSeedsThatOnceFailed(t *testing.T) {
	t.Parallel()
	for line := range strings.Lines(regressions) {
		if strings.HasPrefix(line, "#") || strings.TrimSpace(line) == "" {
			continue
		}
		var course string
		var s uint64
		if _, err := fmt.Sscan(line, &course, &s); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		t.Run(fmt.Sprintf("%s=%d", course, s), func(t *testing.T) {
			t.Parallel()
			of := newScenario(s)
			if course == "wide" {
				of.widened(s)
			}
			newTrial(t, s, of).run()
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
	token   string
	others  string                // what is there of others
	hosts   *process.Backend      // nil: VMs exist on paper
	heard   atomic.Pointer[front] // of the latest run: it strikes between commands on hosts, too
	said    []string
	pending sync.WaitGroup // runs that were killed and have not noticed
}

func newTrial(t *testing.T, seed uint64, of *scenario) *trial {
	t.Helper()
	c := &trial{scenario: of, t: t, seed: seed, token: token, journal: filepath.Join(t.TempDir(), "journal"), state: map[string]instance{}}
	cfg := mdxsim.Config{Token: token, Speed: 2000, Seed: int64(seed), Log: logTo}
	if c.onHosts {
		c.hosts = process.New()
		c.hosts.Heard = func(string) {
			if f := c.heard.Load(); f != nil {
				f.between()
			}
		}
		cfg.Backend = c.hosts
	}
	var err error
	if c.sim, err = mdxsim.New(cfg); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.sim.Close(); err != nil {
			t.Error(err)
		}
	})
	c.gate = newGate(t, c.sim)
	c.others = c.ofOthers()
	t.Cleanup(func() {
		if t.Failed() {
			test, _, _ := strings.Cut(t.Name(), "/")
			fmt.Printf("seed %d failed; again: go test ./internal/campaign -run '^%s$' -seed %d -v\n", seed, test, seed)
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
	c.clear()
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
	return c.config(place{p.Catalogs[0].UUID, p.Segments[0].UUID, p.Segments[1].UUID, p.VMs[0].UUID})
}

// core begins a run.
func (c *trial) core() *Core {
	c.t.Helper()
	core, err := newCore(c.t, c.gate.newFront(), c.token, c.journal, c.wanted(), c.state)
	if err != nil {
		c.t.Fatal(err)
	}
	return core
}

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
	case outage:
		core.front.at(s.nth, s.late, func() {
			core.front.cut()
			time.AfterFunc(150*time.Millisecond, core.front.mend)
		})
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
	if err := c.sim.SetFaults(nil); err != nil {
		c.t.Fatal(err)
	}
	leave()
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

// inPeace applies until nothing is left to do, and checks that all is as it should be.
func (c *trial) inPeace(step int) {
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

// known is what a state has, or the world, of ours.
type known struct {
	vms, rules []string
	containers map[string][]string // by the VM's id
}

func newKnown() *known { return &known{containers: map[string][]string{}} }

// check compares state, journal and world.
func (c *trial) check(step int) {
	c.t.Helper()
	c.checkAgainst(step, c.inState())
}

// checkAgainst compares what a state has with journal and world.
func (c *trial) checkAgainst(step int, state *known) {
	c.t.Helper()
	fail := func(format string, args ...any) {
		c.t.Errorf("step %d: %s\nsaid:\n%s", step, fmt.Sprintf(format, args...), strings.Join(c.said, "\n"))
	}
	world := c.inWorld()
	for _, k := range []*known{state, world} {
		slices.Sort(k.vms)
		slices.Sort(k.rules)
	}
	if !slices.Equal(world.vms, state.vms) {
		fail("the world's VMs are %q, the state's %q", world.vms, state.vms)
	}
	if !slices.Equal(world.rules, state.rules) {
		fail("the world's rules are %q, the state's %q", world.rules, state.rules)
	}
	if !maps.EqualFunc(world.containers, state.containers, slices.Equal) {
		fail("the world's containers are %v, the state's %v", world.containers, state.containers)
	}
	total.add("compared: states", 1)
	total.add("compared: VMs", len(world.vms))
	total.add("compared: rules", len(world.rules))
	total.add("compared: containers", len(world.containers))
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
		if hasSecret(line) {
			fail("a secret was said: %s", line)
		}
	}
}

// hasSecret tells whether a text holds a token or the private key.
func hasSecret(text string) bool {
	return strings.Contains(text, token) || strings.Contains(text, "eyJ") || strings.Contains(text, strings.Split(privateKey, "\n")[2])
}

// inWorld is what there is of ours.
func (c *trial) inWorld() *known {
	k, p := newKnown(), c.sim.World().Organisations[0].Projects[0]
	for _, vm := range p.VMs {
		if vm.Foreign {
			continue
		}
		k.vms = append(k.vms, vm.UUID)
		if c.hosts == nil {
			continue
		}
		if containers := c.hosts.Containers(vm.UUID); len(containers) > 0 {
			k.containers[vm.UUID] = containers
		}
	}
	for _, d := range p.DNATs {
		if !d.Foreign {
			k.rules = append(k.rules, d.UUID)
		}
	}
	for _, s := range p.Segments {
		for _, r := range slices.Concat(s.ACL, s.ACLv6) {
			if !r.Foreign {
				k.rules = append(k.rules, r.UUID)
			}
		}
	}
	return k
}

// inState is what the state has.
func (c *trial) inState() *known {
	k := newKnown()
	for address, i := range c.state {
		switch typeOf(address) {
		case "mdx_vm":
			k.vms = append(k.vms, fmt.Sprint(attribute(i.value, "id")))
		case "mdx_vm_group":
			for _, m := range elements(i.value, "members") {
				k.vms = append(k.vms, fmt.Sprint(attribute(m, "id")))
			}
		case "mdx_network":
			k.rules = append(k.rules, texts(i.value, "rule_ids")...)
		case "mdx_container_host":
			triggers := map[string]tftypes.Value{}
			vm := ""
			if err := attribute(i.value, "triggers").(tftypes.Value).As(&triggers); err != nil {
				c.t.Error(err)
			}
			if err := triggers["vm"].As(&vm); err != nil {
				c.t.Error(err)
			}
			k.containers[vm] = []string{fmt.Sprint(attribute(i.value, "container_id"))}
		default:
			k.rules = append(k.rules, fmt.Sprint(attribute(i.value, "id")))
		}
	}
	return k
}
