package mdxsim_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

const (
	deployRoute = "POST /api/vm/deploy/"
	listRoute   = "GET /api/vm/project/{project}/"
	listPath    = "/api/vm/project/" + demoProject + "/"
)

// faulty is a portal with one fault.
func faulty(t *testing.T, f mdxsim.Fault) *portal {
	t.Helper()
	cfg := fast()
	cfg.Faults = []mdxsim.Fault{f}
	return frozen(t, cfg)
}

// try deploys a machine without expecting an answer.
func (p *portal) try(name string) (int, string, error) {
	text, err := json.Marshal(deployBody(name, nil))
	if err != nil {
		return 0, "", err
	}
	r, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, p.url+"/api/vm/deploy/", strings.NewReader(string(text)))
	if err != nil {
		return 0, "", err
	}
	r.Header.Set("Authorization", "JWT "+p.token)
	answer, err := p.http.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	return answer.StatusCode, string(body), err
}

// What each fault of a deploy looks like, and whether the machine was made.
func TestFaultsOfADeploy(t *testing.T) {
	for _, c := range []struct {
		fault  mdxsim.Fault
		status int // 0: the connection is reset
		made   int
	}{
		{mdxsim.Fault{Kind: mdxsim.ResetBefore}, 0, 0},
		{mdxsim.Fault{Kind: mdxsim.ResetAfter}, 0, 1},
		{mdxsim.Fault{Kind: mdxsim.NotFound}, 404, 0},
		{mdxsim.Fault{Kind: mdxsim.TooMany}, 429, 0},
		{mdxsim.Fault{Kind: mdxsim.Error500}, 500, 0},
		{mdxsim.Fault{Kind: mdxsim.Error500, After: true}, 500, 1},
		{mdxsim.Fault{Kind: mdxsim.Error502, After: true}, 502, 1},
		{mdxsim.Fault{Kind: mdxsim.Error503}, 503, 0},
		{mdxsim.Fault{Kind: mdxsim.HTML}, 200, 0},
		{mdxsim.Fault{Kind: mdxsim.HTML, After: true}, 200, 1},
		{mdxsim.Fault{Kind: mdxsim.Truncated}, 202, 1},
		{mdxsim.Fault{Kind: mdxsim.Slow}, 202, 1},
		{mdxsim.Fault{Kind: mdxsim.TaskFails}, 202, 0},
		{mdxsim.Fault{Kind: mdxsim.NoAddress}, 202, 1},
		{mdxsim.Fault{Kind: mdxsim.Unauthorized}, 401, 0},
		{mdxsim.Fault{Kind: mdxsim.TokenExpires}, 401, 0},
	} {
		name := string(c.fault.Kind)
		if c.fault.After {
			name += " after"
		}
		t.Run(name, func(t *testing.T) {
			c.fault.Route, c.fault.Nth = deployRoute, 1
			p := faulty(t, c.fault)
			status, body, err := p.try("a")
			switch {
			case c.status == 0 && !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, io.EOF):
				t.Fatalf("status %d, %v: not reset", status, err)
			case c.status != 0 && (err != nil || status != c.status):
				t.Fatalf("status %d, %v; want %d", status, err, c.status)
			}
			if whole := json.Valid([]byte(body)); c.fault.Kind == mdxsim.Truncated && whole {
				t.Errorf("it is whole: %s", body)
			}
			p.Advance(time.Hour)
			p.token = p.IssueToken()
			made := 0
			if row := p.vmNamed("a"); row != nil {
				made = 1
				_, toldIt := p.addressOf(row["uuid"].(string))
				if toldIt == (c.fault.Kind == mdxsim.NoAddress) {
					t.Errorf("tells an address: %v", toldIt)
				}
			}
			if made != c.made {
				t.Errorf("%d machines, want %d", made, c.made)
			}
			if got := p.Faults()[0].Fired; got != 1 {
				t.Errorf("fired %d times", got)
			}
			if got := p.Stats().Faults[c.fault.Kind]; got != 1 {
				t.Errorf("counted %d times", got)
			}
		})
	}
}

// addressOf is a machine's address, if its detail tells one.
func (p *portal) addressOf(id string) (string, bool) {
	p.t.Helper()
	shown := p.addresses(id)
	if len(shown) == 0 {
		return "", false
	}
	text := shown[0].(string)
	return text, strings.HasPrefix(text, "10.")
}

// A fault meets the Nth request and as many more as it says.
func TestFaultMeetsItsRequests(t *testing.T) {
	p := faulty(t, mdxsim.Fault{Route: listRoute, Nth: 2, Times: 2, Kind: mdxsim.Error503})
	for i, want := range []int{200, 503, 503, 200} {
		if got := p.get(listPath).status; got != want {
			t.Errorf("request %d: %d, want %d", i+1, got, want)
		}
	}
	p = faulty(t, mdxsim.Fault{Route: "*", Nth: 2, Kind: mdxsim.NotFound})
	p.get("/api/project/assigned/").must(200)
	p.get(listPath).must(404)
	p.get(listPath).must(200)
}

func TestListOmits(t *testing.T) {
	p := faulty(t, mdxsim.Fault{Route: listRoute, Nth: 1, Kind: mdxsim.ListOmits})
	if n := len(p.get(listPath).must(200).rows()); n != 1 {
		t.Errorf("%d rows of 2", n)
	}
	if n := len(p.get(listPath).must(200).rows()); n != 2 {
		t.Errorf("%d rows of 2", n)
	}
}

// Which element is missing is the fault's choice; of a shorter list, the last.
func TestListOmitsAnyElement(t *testing.T) {
	p := frozen(t, fast())
	all := p.get(listPath).must(200).rows()
	if err := p.SetFaults([]mdxsim.Fault{
		{Route: listRoute, Nth: 1, Kind: mdxsim.ListOmits, Element: 1},
		{Route: listRoute, Nth: 2, Kind: mdxsim.ListOmits, Element: 7},
		{Route: listRoute, Nth: 3, Kind: mdxsim.ListOmits},
	}); err != nil {
		t.Fatal(err)
	}
	for i, want := range []map[string]any{all[0], all[0], all[1]} {
		if got := p.get(listPath).must(200).rows(); len(got) != 1 || got[0]["uuid"] != want["uuid"] {
			t.Errorf("request %d: %v, want %v alone", i+1, got, want["uuid"])
		}
	}
}

func TestSpotSleeps(t *testing.T) {
	p := frozen(t, fast())
	id := p.deployed("a")
	if err := p.SetFaults([]mdxsim.Fault{{Route: listRoute, Nth: 1, Kind: mdxsim.SpotSleeps}}); err != nil {
		t.Fatal(err)
	}
	if got := p.status(id); got != "Deallocated" {
		t.Errorf("status: %s", got)
	}
}

// Of a range, the last task fails and the others do not.
func TestTaskFailsInARange(t *testing.T) {
	p := faulty(t, mdxsim.Fault{Route: deployRoute, Nth: 1, Kind: mdxsim.TaskFails})
	p.post("/api/vm/deploy/", deployBody("n-[1-3]", nil)).must(202)
	p.Advance(time.Hour)
	for name, want := range map[string]bool{"n-1": true, "n-2": true, "n-3": false} {
		if got := p.vmNamed(name) != nil; got != want {
			t.Errorf("%s is there: %v", name, got)
		}
	}
	p.deployed("n-3")
}

// The same seed makes the same schedule, another seed another; and what is
// printed replays.
func TestSeededFaults(t *testing.T) {
	first := mdxsim.SeededFaults(7)
	if !reflect.DeepEqual(first, mdxsim.SeededFaults(7)) || reflect.DeepEqual(first, mdxsim.SeededFaults(8)) {
		t.Error("seeds and schedules do not go together")
	}
	cfg := fast()
	cfg.FaultSeed = 7
	p := frozen(t, cfg)
	var printed []mdxsim.Fault
	if err := json.Unmarshal([]byte(p.get("/_sim/faults").must(200).text), &printed); err != nil {
		t.Fatal(err)
	}
	cfg = fast()
	cfg.Faults = printed
	again := frozen(t, cfg)
	if !reflect.DeepEqual(p.Faults(), again.Faults()) {
		t.Error("the printed schedule is another one")
	}
	kinds := map[mdxsim.FaultKind]int{}
	for seed := range int64(20) {
		for _, f := range mdxsim.SeededFaults(seed + 1) {
			kinds[f.Kind]++
		}
	}
	if len(kinds) < 15 {
		t.Errorf("only %d kinds in twenty seeds: %v", len(kinds), kinds)
	}
}

func TestFaultsThatAreWrong(t *testing.T) {
	for _, f := range []mdxsim.Fault{{Route: "*", Nth: 1, Kind: "rain"}, {Route: "*", Kind: "500"}, {Nth: 1, Kind: "500"}} {
		if _, err := mdxsim.New(mdxsim.Config{Faults: []mdxsim.Fault{f}}); err == nil {
			t.Errorf("%+v is taken", f)
		}
	}
}

// A write whose client went away is carried out all the same (PORTAL.md §8).
func TestAbandonedWriteIsCarriedOut(t *testing.T) {
	cfg := fast()
	cfg.Speed = 60 // a deploy is answered after a tenth of a second
	p := serve(t, cfg)
	p.http.Timeout = 20 * time.Millisecond
	if status, _, err := p.try("a"); err == nil {
		t.Fatalf("answered with %d", status)
	}
	p.http.Timeout = 0
	eventually(t, func() bool { return p.Stats().Deployed == 1 })
	p.Advance(time.Hour)
	if p.vmNamed("a") == nil {
		t.Error("nothing was made")
	}
}
