package campaign

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path"
	"strings"
	"sync"
	"testing"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

// token is what the portal takes. It is a secret: no output may hold it.
const token = "c4mpa1gn-s3cr3t-t0k3n"

// gate is the portal's address. Each run that comes through it has a network of its own, which can fail by itself.
type gate struct {
	sim    *mdxsim.Sim
	server *httptest.Server
	mu     sync.Mutex
	fronts map[string]*front // by the run's name, which it has in its User-Agent
}

func newGate(t *testing.T, sim *mdxsim.Sim) *gate {
	t.Helper()
	g := &gate{sim: sim, fronts: map[string]*front{}}
	g.server = httptest.NewServer(g)
	t.Cleanup(g.server.Close)
	return g
}

// newFront is for one more run.
func (g *gate) newFront() *front {
	g.mu.Lock()
	defer g.mu.Unlock()
	f := &front{sim: g.sim, left: -1, url: g.server.URL, run: fmt.Sprintf("run-%d", len(g.fronts)+1)}
	g.fronts[f.run] = f
	return f
}

// ServeHTTP finds the run's front.
func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, run, _ := strings.Cut(r.UserAgent(), "Terraform/")
	g.mu.Lock()
	f := g.fronts[run]
	g.mu.Unlock()
	if f == nil {
		hangUp(w)
		return
	}
	f.ServeHTTP(w, r)
}

// front is what lies between a run and the portal: a network that can fail for good, at a certain request.
type front struct {
	sim *mdxsim.Sim
	url string
	run string

	busy sync.RWMutex // held for reading by requests under way

	mu      sync.Mutex
	left    int    // how many writes pass until the strike; negative: none is due
	write   string // those that count, as in "POST /api/vm/*/reconfigure/"; empty: all
	strike  func() // called once, between two requests
	late    bool   // the request is carried out, and only its answer lost
	dead    bool
	expired bool // the next request's token has
	denied  denial
}

// at has strike called at the nth write from now on, before it is carried out, or after it.
func (f *front) at(nth int, late bool, strike func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.left, f.write, f.late, f.strike = nth, "", late, strike
}

// on has strike called at the next write of a kind, as [path.Match] tells it, before it is carried out, or after it.
func (f *front) on(write string, late bool, strike func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.left, f.write, f.late, f.strike = 0, write, late, strike
}

// refuse has the portal refuse the run's token once more, as when it expires between two requests.
func (f *front) refuse() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.expired = true
}

// cut lets nothing pass any more, in either direction.
func (f *front) cut() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.dead = true
}

// settle waits until the portal has carried out what a dead run had sent.
func (f *front) settle() {
	f.busy.Lock()
	defer f.busy.Unlock() //nolint:gocritic // nothing is done under it: whoever is busy holds it
}

// mend lets requests pass again.
func (f *front) mend() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.dead = false
}

// ServeHTTP passes requests on.
func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.busy.RLock()
	defer f.busy.RUnlock()
	strike, late := f.due(r)
	if strike != nil && !late {
		strike()
	}
	if f.isCut() {
		hangUp(w)
		return
	}
	if f.expires() {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	if f.denied.meets(w, r, f.sim.Handler()) {
		return
	}
	if strike == nil || !late {
		f.sim.Handler().ServeHTTP(w, r)
		return
	}
	answer := httptest.NewRecorder()
	f.sim.Handler().ServeHTTP(answer, r)
	strike()
	hangUp(w)
}

func (f *front) expires() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.expired
	f.expired = false
	return now
}

func (f *front) due(r *http.Request) (strike func(), late bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.left < 0 || r.Method == http.MethodGet {
		return nil, false
	}
	if counts, err := path.Match(f.write, r.Method+" "+r.URL.Path); f.write != "" && (err != nil || !counts) {
		return nil, false
	}
	f.left--
	if f.left >= 0 {
		return nil, false
	}
	return f.strike, f.late
}

// between counts what a run does elsewhere than at the portal, and strikes before it, if it is time.
func (f *front) between() {
	f.mu.Lock()
	due := f.left == 0
	if f.left >= 0 {
		f.left--
	}
	strike := f.strike
	f.mu.Unlock()
	if due {
		strike()
	}
}

func (f *front) isCut() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.dead
}

func hangUp(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		_ = conn.Close()
	}
}
