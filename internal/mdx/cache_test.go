package mdx_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// counted asks nobody, takes a second and counts.
type counted struct {
	mu    sync.Mutex
	asked int
	err   error
}

func (c *counted) ask(ctx context.Context) (int, error) {
	c.mu.Lock()
	c.asked++
	n, err := c.asked, c.err
	c.mu.Unlock()
	select {
	case <-time.After(time.Second):
		return n, err
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

func TestCacheRemembersForTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var cache mdx.Cache[string, int]
		c := &counted{}
		get := func(key string) int {
			n, err := cache.Get(t.Context(), key, mdx.Forever, c.ask)
			if err != nil {
				t.Error(err)
			}
			return n
		}
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() { get("a") })
		}
		wg.Wait()
		<-time.After(time.Hour)
		if a, b := get("a"), get("b"); a != 1 || b != 2 {
			t.Errorf("a is %d, b is %d", a, b)
		}
		cache.Changed("a")
		if a := get("a"); a != 3 {
			t.Errorf("after a change: %d", a)
		}
	})
}

func TestCacheAnswersNoOlderThanAskedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var cache mdx.Cache[string, int]
		c := &counted{}
		for _, step := range []struct {
			age     time.Duration
			changed bool
			want    int
		}{
			{0, false, 1},
			{0, false, 2}, // an earlier question's answer is no answer to a later one
			{5 * time.Second, false, 2},
			{5 * time.Second, true, 3},
			{time.Millisecond, false, 4}, // the last took a second
		} {
			if step.changed {
				cache.Changed("")
			}
			if n, err := cache.Get(t.Context(), "", step.age, c.ask); n != step.want || err != nil {
				t.Errorf("%+v: %d, %v", step, n, err)
			}
		}
	})
}

// Whoever comes while a question is under way shares the next with all others who do.
func TestCacheAsksOnceMoreForAllWhoCameTooLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var cache mdx.Cache[string, int]
		c := &counted{}
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() {
				<-time.After(500 * time.Millisecond)
				if n, err := cache.Get(t.Context(), "", 0, c.ask); n != 2 || err != nil {
					t.Errorf("%d, %v", n, err)
				}
			})
		}
		if n, err := cache.Get(t.Context(), "", 0, c.ask); n != 1 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
		wg.Wait()
	})
}

// Changes that go on and on keep nobody from an answer that is younger than his question.
func TestCacheAnswersWhileOthersChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var cache mdx.Cache[string, int]
		c := &counted{}
		busy, stop := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			for busy.Err() == nil {
				cache.Changed("")
				<-time.After(100 * time.Millisecond)
			}
		})
		<-time.After(50 * time.Millisecond)
		if n, err := cache.Get(t.Context(), "", 0, c.ask); n != 1 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
		stop()
		wg.Wait()
	})
}

func TestCacheGoesOnWithoutTheOneWhoAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var cache mdx.Cache[string, int]
		c := &counted{}
		first, leave := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := cache.Get(first, "", mdx.Forever, c.ask); !errors.Is(err, context.Canceled) {
				t.Errorf("the one who left: %v", err)
			}
		})
		synctest.Wait()
		wg.Go(func() {
			if n, err := cache.Get(t.Context(), "", mdx.Forever, c.ask); n != 1 || err != nil {
				t.Errorf("the one who stayed: %d, %v", n, err)
			}
		})
		synctest.Wait()
		leave()
		wg.Wait()
	})
	synctest.Test(t, func(t *testing.T) { // nobody is left, and then somebody comes
		var cache mdx.Cache[string, int]
		c := &counted{}
		short, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		_, _ = cache.Get(short, "", mdx.Forever, c.ask)
		if n, err := cache.Get(t.Context(), "", mdx.Forever, c.ask); n != 2 || err != nil {
			t.Errorf("the one who came: %d, %v", n, err)
		}
	})
}

// An outage is retried once for all who ask, whether they ask at the same time or one soon after the other.
func TestManyAskersOfADeadPortalCauseOneLadderOfRetries(t *testing.T) {
	const ladder = 1 + mdx.DefaultMaxRetries
	dead := func(t *testing.T) (*script, *mdx.Client) {
		t.Helper()
		return scripted(t, breaks(errors.New("connection refused")))
	}
	synctest.Test(t, func(t *testing.T) {
		s, client := dead(t)
		cache := mdx.NewCache[mdx.ProjectID, []mdx.Segment](mdx.DefaultPollInterval)
		var wg sync.WaitGroup
		for i := range 100 {
			wg.Go(func() {
				<-time.After(time.Duration(i) * 10 * time.Millisecond) // as Terraform does, not all at once
				for range 10 {
					_, err := cache.Get(t.Context(), "p", mdx.Forever, func(ctx context.Context) ([]mdx.Segment, error) {
						return client.Segments(ctx, "p")
					})
					if err == nil {
						t.Error("a dead portal answered")
					}
				}
			})
		}
		start := time.Now()
		wg.Wait()
		if len(s.asked) != ladder || time.Since(start) > 30*time.Second {
			t.Errorf("%d requests in %s", len(s.asked), time.Since(start))
		}
		s.answers = append(s.answers, says(200, `[{"uuid":"s"}]`)) // the portal is back
		<-time.After(mdx.DefaultPollInterval)
		if segments, err := cache.Get(t.Context(), "p", mdx.Forever, func(ctx context.Context) ([]mdx.Segment, error) {
			return client.Segments(ctx, "p")
		}); err != nil || len(segments) != 1 {
			t.Errorf("%v, %v", segments, err)
		}
	})
	synctest.Test(t, func(t *testing.T) { // the client's own list, whose askers wait for answers of different age
		s, client := dead(t)
		var wg sync.WaitGroup
		for i := range 100 {
			wg.Go(func() {
				<-time.After(time.Duration(i) * 10 * time.Millisecond)
				if _, err := client.VMs(t.Context(), "p"); err == nil {
					t.Error("a dead portal answered")
				}
			})
		}
		wg.Wait()
		if len(s.asked) != ladder {
			t.Errorf("%d requests", len(s.asked))
		}
	})
}

// What the portal says to one question is no word about the next.
func TestARefusalIsNotRemembered(t *testing.T) {
	for _, status := range []int{http.StatusForbidden, http.StatusNotFound, http.StatusBadRequest} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			cache := mdx.NewCache[string, mdx.TaskID](time.Hour)
			answers := []error{&mdx.Error{Status: status}, nil}
			ask := func(context.Context) (mdx.TaskID, error) {
				err := answers[0]
				answers = answers[1:]
				return "t", err
			}
			if _, err := cache.Get(t.Context(), "", 0, ask); err == nil {
				t.Error("a refusal is no answer")
			}
			if id, err := cache.Get(t.Context(), "", 0, ask); err != nil || id != "t" {
				t.Errorf("%q, %v", id, err)
			}
		})
	}
}
