package campaign

import (
	_ "embed"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim/process"
)

func TestCampaignInProcess(t *testing.T) {
	t.Parallel()
	from, n := *first, uint64(*seeds)
	if *seed != 0 {
		from, n = *seed, 1
	}
	for s := from; s < from+n; s++ {
		t.Run(fmt.Sprintf("seed=%d", s), func(t *testing.T) {
			t.Parallel()
			newTrial(t, s, newScenario(s).widened(s).hastened(s).unruly(s).littered(s)).run()
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
			switch course {
			case "littered":
				of.widened(s).hastened(s).unruly(s).littered(s)
			case "unruly":
				of.widened(s).hastened(s).unruly(s)
			case "hasty":
				of.widened(s).hastened(s)
			case "wide":
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
	hurried bool           // no peace came after the latest run
	done    int            // how many of the project's tasks were judged
	pending sync.WaitGroup // runs that were killed and have not noticed
	meddler
}

func newTrial(t *testing.T, seed uint64, of *scenario) *trial {
	t.Helper()
	c := &trial{scenario: of, t: t, seed: seed, token: token, journal: filepath.Join(t.TempDir(), "journal"), state: map[string]instance{}, meddler: newMeddler()}
	cfg := mdxsim.Config{Token: token, Speed: 2000, Seed: int64(seed), Log: logTo}
	if c.unruled != nil {
		cfg.World = roomy()
	}
	if c.leaves {
		cfg.Quirks.FailedDeploy = "left"
	}
	if c.failsLate {
		cfg.Durations.Fail = time.Minute
	}
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

// run goes through the scenario: each configuration is applied under fire, and then in peace, unless the course hurries.
func (c *trial) run() {
	defer c.pending.Wait()
	var h hurry
	for step := range 1 + c.random.IntN(3) {
		c.next()
		h = c.hurry()
		c.meddle()
		c.t.Logf("step %d: %s; %s", step, h, c.whim)
		s := c.underFire(step, h.rows)
		c.hurried = h.on && len(c.imports) == 0 && !c.lacks(s)
		if c.whim.again {
			hurries := c.hurried
			c.hurried = true // what the first has left is there for the second
			c.befall(beforeMore)
			again := c.underFire(step+50, nil)
			c.hurried = hurries && len(c.imports) == 0 && !c.lacks(again)
		}
		if c.hurried {
			total.add("without peace after: "+s.kind, 1)
		} else {
			c.befall(beforePeace)
			c.inPeace(step)
		}
		c.judge(step)
	}
	c.clear()
	if !c.hurried || !h.last {
		c.underFire(99, c.hurry().rows)
	}
	c.inPeace(99)
	c.judge(99)
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
	front := c.gate.newFront()
	if c.firing && c.whim.slash {
		front.url += "/"
	}
	core, err := newCore(c.t, front, c.token, c.journal, c.wanted(), c.state)
	if err != nil {
		c.t.Fatal(err)
	}
	core.imports = maps.Clone(c.imports)
	return core
}

// inPeace applies until nothing is left to do, and checks that all is as it should be.
func (c *trial) inPeace(step int) {
	const most = 4
	for n := 1; ; n++ {
		core := c.core()
		core.blind = c.whim.dark && n == 1
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
			c.t.Fatalf("step %d: %d applies in peace did not suffice: %v\n%s\nthe portal says:\n%s\nsaid:\n%s", step, n, err, changes,
				c.portalSays(), strings.Join(c.said, "\n"))
		}
	}
	clear(c.imports)
	c.check(step)
}

// portalSays is what the portal tells of the machines that are ours.
func (c *trial) portalSays() string {
	var b strings.Builder
	for _, vm := range c.sim.World().Organisations[0].Projects[0].VMs {
		if vm.Foreign {
			continue
		}
		r, w := httptest.NewRequest(http.MethodGet, "/api/vm/"+vm.UUID+"/", nil), httptest.NewRecorder()
		r.Header.Set("Authorization", "JWT "+c.token)
		c.sim.Handler().ServeHTTP(w, r)
		fmt.Fprintf(&b, "%s: %d %s\n", vm.Name, w.Code, w.Body)
		if vm.HostError != "" {
			fmt.Fprintf(&b, "  its host did not start: %s\n", vm.HostError)
		}
	}
	return b.String()
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

func TestASeedBringsTheSameEveryTime(t *testing.T) {
	course := func(s *scenario) (course, haste []string) {
		for range 5 {
			s.next()
			config := s.config(place{"catalog", "segment", "backend", "source"})
			haste = append(haste, s.hurry().String(), s.befalls().String())
			course = append(course, fmt.Sprint(config), s.strike().String())
		}
		return course, haste
	}
	for seed := range uint64(200) {
		unruly := func() *scenario { return newScenario(seed).widened(seed).hastened(seed).unruly(seed) }
		wild, wildHaste := course(unruly())
		if again, hasteAgain := course(unruly()); !slices.Equal(wild, again) || !slices.Equal(wildHaste, hasteAgain) {
			t.Errorf("seed %d brings something else the second time", seed)
		}
		is, haste := course(newScenario(seed).widened(seed).hastened(seed))
		again, hasteAgain := course(newScenario(seed).widened(seed).hastened(seed))
		if !slices.Equal(is, again) || !slices.Equal(haste, hasteAgain) {
			t.Errorf("seed %d brings something else the second time", seed)
		}
		if unhurried, _ := course(newScenario(seed).widened(seed)); !slices.Equal(is, unhurried) {
			t.Errorf("seed %d brings something else in haste", seed)
		}
		other, otherHaste := course(newScenario(seed + 1).widened(seed + 1).hastened(seed + 1))
		if slices.Equal(is, other) || slices.Equal(haste, otherHaste) {
			t.Errorf("seeds %d and %d bring the same", seed, seed+1)
		}
	}
}
