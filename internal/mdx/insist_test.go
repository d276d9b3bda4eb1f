package mdx_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// questions are all questions about one thing.
var questions = map[string]struct {
	ask    func(context.Context, *mdx.Client) error
	answer string
}{
	"segment":   {func(ctx context.Context, c *mdx.Client) error { _, err := c.Segment(ctx, "s"); return err }, `{"vlan_id":1}`},
	"ACL":       {func(ctx context.Context, c *mdx.Client) error { _, err := c.ACLRules(ctx, "s", mdx.ACLv6); return err }, `{"count":0,"next":null,"results":[]}`},
	"task":      {func(ctx context.Context, c *mdx.Client) error { _, err := c.Task(ctx, "t"); return err }, `{"uuid":"t"}`},
	"addresses": {func(ctx context.Context, c *mdx.Client) error { _, err := c.VMAddresses(ctx, "v"); return err }, `{"name":"web"}`},
	"VM history": {func(ctx context.Context, c *mdx.Client) error {
		for _, err := range c.VMHistory(ctx, "v", mdx.HistoryFilter{}) {
			return err
		}
		return nil
	}, `[{"uuid":"t"}]`},
	"history": {func(ctx context.Context, c *mdx.Client) error {
		for _, err := range c.History(ctx, "p", mdx.HistoryFilter{}) {
			return err
		}
		return nil
	}, `[{"uuid":"t"}]`},
	"summary":   {func(ctx context.Context, c *mdx.Client) error { _, err := c.ProjectSummary(ctx, "p"); return err }, `{}`},
	"resources": {func(ctx context.Context, c *mdx.Client) error { _, err := c.ProjectResources(ctx, "p"); return err }, `{}`},
	"counts":    {func(ctx context.Context, c *mdx.Client) error { _, err := c.VMCounts(ctx, "p", mdx.Spot); return err }, `{}`},
	"usage":     {func(ctx context.Context, c *mdx.Client) error { _, err := c.ProjectUsage(ctx, "p"); return err }, `{}`},
	"points":    {func(ctx context.Context, c *mdx.Client) error { _, _, err := c.ProjectPoints(ctx, "p"); return err }, `{}`},
	"storage":   {func(ctx context.Context, c *mdx.Client) error { _, err := c.ProjectStorage(ctx, "p"); return err }, `{}`},
	"keys":      {func(ctx context.Context, c *mdx.Client) error { _, err := c.AccessKeys(ctx, "p"); return err }, `{"count":0,"next":null,"results":[]}`},
	"VM list":   {func(ctx context.Context, c *mdx.Client) error { _, err := c.VMs(ctx, "p"); return err }, `{"count":0,"next":null,"results":[]}`},
	"segments":  {func(ctx context.Context, c *mdx.Client) error { _, err := c.Segments(ctx, "p"); return err }, `{"count":0,"next":null,"results":[]}`},
	"catalogs":  {func(ctx context.Context, c *mdx.Client) error { _, err := c.Catalogs(ctx, "p"); return err }, `{"count":0,"next":null,"results":[]}`},
}

func TestANotFoundIsAskedAgain(t *testing.T) {
	for name, q := range questions {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				denied := says(404, ``)
				s, client := scripted(t, denied)
				s.answers = append(s.answers, denied, says(200, q.answer))
				start := time.Now()
				if err := q.ask(t.Context(), client); err != nil || len(s.asked) != 3 {
					t.Errorf("after %d requests: %v", len(s.asked), err)
				}
				if took := time.Since(start); took != 3*mdx.DefaultPollInterval/5 {
					t.Errorf("after %s", took)
				}
			})
			synctest.Test(t, func(t *testing.T) { // and not for ever
				s, client := scripted(t, says(404, ``))
				start := time.Now()
				if err := q.ask(t.Context(), client); !mdx.IsNotFound(err) || len(s.asked) != 1+mdx.DefaultMaxRetries {
					t.Errorf("after %d requests: %v", len(s.asked), err)
				}
				if took := time.Since(start); took > 20*time.Second {
					t.Errorf("after %s", took)
				}
			})
			synctest.Test(t, func(t *testing.T) { // nor for longer than the caller wants
				_, client := scripted(t, says(404, ``))
				ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
				defer cancel()
				if err := q.ask(ctx, client); err == nil || mdx.IsNotFound(err) {
					t.Errorf("err = %v", err)
				}
			})
		})
	}
}

// listing is a portal whose lists show a VM "v" and a segment "s" as long as they are there, and that knows nothing else.
type listing struct {
	mu    sync.Mutex
	there func(asked int) bool
	asked map[string]int
}

func (l *listing) RoundTrip(r *http.Request) (*http.Response, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked[r.URL.Path]++
	entries := []any{}
	switch {
	case strings.HasPrefix(r.URL.Path, "/api/vm/project/") && l.there(l.asked[r.URL.Path]):
		entries = append(entries, map[string]any{"uuid": "v"})
	case strings.HasPrefix(r.URL.Path, "/api/segment/project/") && l.there(l.asked[r.URL.Path]):
		return answerOf([]any{map[string]any{"uuid": "s"}})
	case strings.HasPrefix(r.URL.Path, "/api/segment/project/"):
		return answerOf([]any{})
	case !strings.HasPrefix(r.URL.Path, "/api/vm/project/"):
		return &http.Response{StatusCode: http.StatusNotFound, Header: http.Header{}, Body: http.NoBody}, nil
	}
	return answerOf(pageOf(r, entries))
}

// What a list has shown is believed to be gone where that list agrees twice, and not as long as it shows it.
func TestWhatWasListedIsGoneWhereTheListAgrees(t *testing.T) {
	for name, test := range map[string]struct {
		list  func(context.Context, *mdx.Client) error
		path  string
		looks int // that the first listing takes
	}{
		"segment":    {list: func(ctx context.Context, c *mdx.Client) error { _, err := c.Segments(ctx, "p"); return err }, path: "/api/segment/project/p/all/", looks: 2},
		"ACL":        {list: func(ctx context.Context, c *mdx.Client) error { _, err := c.Segments(ctx, "p"); return err }, path: "/api/segment/project/p/all/", looks: 2},
		"addresses":  {list: func(ctx context.Context, c *mdx.Client) error { _, err := c.VMs(ctx, "p"); return err }, path: "/api/vm/project/p/", looks: 1},
		"VM history": {list: func(ctx context.Context, c *mdx.Client) error { _, err := c.VMs(ctx, "p"); return err }, path: "/api/vm/project/p/", looks: 1},
	} {
		run := func(t *testing.T, there func(asked int) bool) (*listing, time.Duration, error) {
			t.Helper()
			l := &listing{there: there, asked: map[string]int{}}
			client, err := mdx.New(mdx.Config{Token: "t", Transport: l, LockDir: t.TempDir()})
			if err != nil {
				t.Fatal(err)
			}
			if err := test.list(t.Context(), client); err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			err = questions[name].ask(t.Context(), client)
			return l, time.Since(start), err
		}
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // gone since: said at once
				l, took, err := run(t, func(asked int) bool { return asked <= test.looks })
				if !mdx.IsNotFound(err) || !strings.Contains(err.Error(), "list") || took > 5*time.Second || l.asked[test.path] != test.looks+2 {
					t.Errorf("%d looks in %s: %v", l.asked[test.path], took, err)
				}
			})
			synctest.Test(t, func(t *testing.T) { // there, however often it is denied
				_, took, err := run(t, func(int) bool { return true })
				if mdx.IsNotFound(err) || !mdx.IsOverloaded(err) || took > 2*time.Minute {
					t.Errorf("after %s: %v", took, err)
				}
			})
			synctest.Test(t, func(t *testing.T) { // omitted once
				_, _, err := run(t, func(asked int) bool { return asked != test.looks+1 })
				if mdx.IsNotFound(err) || !mdx.IsOverloaded(err) {
					t.Errorf("err = %v", err)
				}
			})
		})
	}
}
