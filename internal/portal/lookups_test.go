package portal

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

// askedBy is a portal behind a transport.
func askedBy(t *testing.T, answer tripper) *Portal {
	t.Helper()
	client, err := mdx.New(mdx.Config{Token: "demo", LockDir: t.TempDir(), Transport: answer})
	if err != nil {
		t.Fatal(err)
	}
	return of(client, mdx.DefaultPollInterval, recorder{})
}

// A plan of many VMs on a dead portal fails for all of them as soon as it has failed for one.
func TestAnOutageIsRetriedOnceForAllWhoLookUpTheSame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var requests atomic.Int32
		p := askedBy(t, func(*http.Request) (*http.Response, error) {
			requests.Add(1)
			return nil, syscall.ECONNREFUSED
		})
		begun, turns := time.Now(), make(chan struct{}, 10)
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() {
				turns <- struct{}{}
				defer func() { <-turns }()
				if _, err := p.KnownCatalogs(t.Context(), "p"); err == nil {
					t.Error("catalogs of a dead portal")
				}
			})
		}
		all.Wait()
		if took := time.Since(begun); requests.Load() != mdx.DefaultMaxRetries+1 || took > time.Minute {
			t.Errorf("%d requests in %s", requests.Load(), took)
		}
	})
}

func TestSegmentsAreLookedUpAgainForOneThatIsMissing(t *testing.T) {
	p, sim := simulated(t, mdxsim.Config{}, nil)
	projects, err := p.KnownProjects(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	project := projects[0].ID
	segments, err := p.KnownSegments(t.Context(), project)
	if err != nil {
		t.Fatal(err)
	}
	requests := func(wanted ...string) int {
		t.Helper()
		before := sim.Stats().Requests
		if _, err := p.KnownSegments(t.Context(), project, wanted...); err != nil {
			t.Fatal(err)
		}
		return sim.Stats().Requests - before
	}
	if n := requests(segments[0].Name, string(segments[0].ID)); n != 0 {
		t.Errorf("%d requests for a segment that is known", n)
	}
	if n := requests("of-tomorrow"); n == 0 {
		t.Error("a segment that is not known was not asked for")
	}
}

func TestSomebodyWhoGivesUpIsNotTheEndOfALookup(t *testing.T) {
	p, _ := simulated(t, mdxsim.Config{}, nil)
	gone, giveUp := context.WithCancel(t.Context())
	giveUp()
	if _, err := p.KnownProjects(gone); !isContextError(err) {
		t.Errorf("%v", err)
	}
	if projects, err := p.KnownProjects(t.Context()); err != nil || len(projects) == 0 {
		t.Errorf("%v, %v", projects, err)
	}
}
