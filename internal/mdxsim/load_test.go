package mdxsim_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

// slow is a portal that is far enough away for requests to meet there. It is for
// a bubble of synctest, where requests that are sent together surely do.
func slow(t *testing.T) *portal {
	t.Helper()
	cfg := fast()
	cfg.Latency = 50 * time.Millisecond
	sim, err := mdxsim.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return &portal{Sim: sim, t: t, token: "t0"}
}

// atOnce sends n requests together; how many were answered as they should be.
func atOnce(n int, send func() reply, want int) int {
	var mu sync.Mutex
	var group sync.WaitGroup
	good := 0
	for range n {
		group.Go(func() {
			r := send()
			mu.Lock()
			defer mu.Unlock()
			if r.status == want {
				good++
			}
		})
	}
	group.Wait()
	return good
}

// Thirty GETs at once are borne, and five other requests; more are turned away
// as if things were broken or not there (PORTAL.md §8).
func TestOverload(t *testing.T) {
	list := func(p *portal) func() reply {
		return func() reply { return p.get("/api/vm/project/" + demoProject + "/") }
	}
	stop := func(p *portal) func() reply {
		return func() reply { return p.post("/api/vm/"+sato+"/power_off/", nil) }
	}
	for name, c := range map[string]struct {
		n, want int
		send    func(*portal) func() reply
		good    int
		method  string
	}{
		"30 GETs":  {30, 200, list, 30, "GET"},
		"40 GETs":  {40, 200, list, 30, "GET"},
		"5 POSTs":  {5, 202, stop, 5, "POST"},
		"10 POSTs": {10, 202, stop, 5, "POST"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := slow(t)
				if got := atOnce(c.n, c.send(p), c.want); got != c.good {
					t.Errorf("%d of %d were answered, want %d", got, c.n, c.good)
				}
				if st := p.Stats(); st.Peak[c.method] != c.n || st.Overloaded != c.n-c.good {
					t.Errorf("stats: %+v", st)
				}
			})
		})
	}
}

// Refreshes that meet upset the portal: for a few requests, machines that exist
// are not found (PORTAL.md §2).
func TestRefreshesThatMeet(t *testing.T) {
	synctest.Test(t, refreshesThatMeet)
}

func refreshesThatMeet(t *testing.T) {
	p := slow(t)
	if got := atOnce(2, func() reply { return p.post("/api/refresh/", map[string]any{"token": "t0"}) }, 200); got != 2 {
		t.Errorf("%d of 2 refreshed", got)
	}
	lost := 3 - atOnce(3, func() reply { return p.get("/api/vm/" + sato + "/") }, 200)
	if st := p.Stats(); lost != 3 || st.OverlappingRefreshes != 1 {
		t.Errorf("%d lost, stats %+v", lost, st)
	}
	p.get("/api/vm/" + sato + "/").must(200)
}

// The limits are the configuration's.
func TestLimits(t *testing.T) {
	cfg := fast()
	cfg.Limits = mdxsim.Limits{Reads: 1, Writes: 1, PageSize: 1}
	p := serve(t, cfg)
	if n := len(p.get("/api/vm/project/" + demoProject + "/?page_size=50").must(200).rows()); n != 1 {
		t.Errorf("%d rows", n)
	}
}

// Of deploys asked for at once, only one is carried out.
func TestDeploysInParallelAreTurnedAway(t *testing.T) {
	synctest.Test(t, deploysInParallel)
}

func deploysInParallel(t *testing.T) {
	p := slow(t)
	var mu sync.Mutex
	var statuses []int
	var group sync.WaitGroup
	for name := range strings.FieldsSeq("a b c") {
		group.Go(func() {
			status := p.post("/api/vm/deploy/", deployBody(name, nil)).status
			mu.Lock()
			defer mu.Unlock()
			statuses = append(statuses, status)
		})
	}
	group.Wait()
	slices.Sort(statuses)
	if statuses[0] != 202 || statuses[1] < 404 || statuses[2] < 404 {
		t.Errorf("statuses: %v", statuses)
	}
	if st := p.Stats(); st.Overlapping != 2 || st.Deployed != 1 || st.Peak["POST"] != 3 {
		t.Errorf("stats: %+v", st)
	}
}
