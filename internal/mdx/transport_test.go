package mdx_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

const maintenancePage = `<!DOCTYPE html><html><head><title>メンテナンス中</title></head></html>`

func TestRequestsAreRepeatedOnlyWhereThatIsSafe(t *testing.T) {
	get := func(ctx context.Context, c *mdx.Client) error { _, err := c.Task(ctx, "t"); return err }
	post := func(ctx context.Context, c *mdx.Client) error { _, err := c.PowerOff(ctx, "v"); return err }
	deploy := func(ctx context.Context, c *mdx.Client) error {
		_, err := c.Deploy(ctx, mdx.DeployRequest{Project: "p", VMName: "web"})
		return err
	}
	dnat := func(ctx context.Context, c *mdx.Client) error { return c.CreateDNAT(ctx, mdx.DNATRequest{}) }
	del := func(ctx context.Context, c *mdx.Client) error { return c.DeleteDNAT(ctx, "d") }
	put := func(ctx context.Context, c *mdx.Client) error { return c.UpdateDNAT(ctx, "d", mdx.DNATRequest{}) }
	ok := says(200, `{"uuid":"t","task_id":"t"}`)
	reset := breaks(errors.New("connection reset by peer"))
	for name, tc := range map[string]struct {
		do        func(context.Context, *mdx.Client) error
		first     reply
		asked     int // requests in all; the second would be answered well
		ambiguous bool
	}{
		"GET, connection lost":          {get, reset, 2, false},
		"GET, cut off":                  {get, cutsOff, 2, false},
		"GET, half of the JSON":         {get, says(200, `{"uuid":`), 2, false},
		"GET, nothing":                  {get, says(200, ``), 2, false},
		"GET, 429":                      {get, says(429, ``), 2, false},
		"GET, 500":                      {get, says(500, ``), 2, false},
		"GET, 502":                      {get, says(502, ``), 2, false},
		"GET, 503":                      {get, says(503, ``), 2, false},
		"GET, 504":                      {get, says(504, ``), 2, false},
		"GET, a web page":               {get, says(200, maintenancePage), 2, false},
		"GET, 400":                      {get, says(400, `{}`), 1, false},
		"GET, 403":                      {get, says(403, `{}`), 1, false},
		"GET, 404":                      {get, says(404, `{}`), 2, false},
		"PUT, 503":                      {put, says(503, ``), 2, false},
		"PUT, connection lost":          {put, reset, 2, false},
		"DELETE, 503":                   {del, says(503, ``), 2, false},
		"DELETE, 404":                   {del, says(404, ``), 1, false},
		"POST, 429":                     {post, says(429, ``), 2, false},
		"POST, connection lost":         {post, reset, 1, true},
		"POST, cut off":                 {post, cutsOff, 1, true},
		"POST, 500":                     {post, says(500, ``), 1, true},
		"POST, 503":                     {post, says(503, ``), 1, true},
		"POST, 504":                     {post, says(504, ``), 1, true},
		"POST, a web page":              {post, says(200, maintenancePage), 1, true},
		"POST, an answer that is none":  {post, says(202, `{"task_id":{}}`), 1, true},
		"POST, 400":                     {post, says(400, `{}`), 1, false},
		"POST, 404":                     {post, says(404, `{}`), 1, false},
		"POST, 409":                     {post, says(409, `{}`), 1, false},
		"rule, 404 under load":          {dnat, says(404, ``), 1, true},
		"rule, 400":                     {dnat, says(400, `{}`), 1, false},
		"deploy, 404 under load":        {deploy, says(404, ``), 1, true},
		"deploy, 500 under load":        {deploy, says(500, ``), 1, true},
		"deploy, 400":                   {deploy, says(400, `{"vm_name":["既に使われています。"]}`), 1, false},
		"deploy, answer lost":           {deploy, reset, 1, true},
		"deploy, 202 without an answer": {deploy, says(202, ``), 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, client := scripted(t, tc.first, ok)
				err := tc.do(t.Context(), client)
				if len(s.asked) != tc.asked {
					t.Errorf("%d requests, want %d (%v)", len(s.asked), tc.asked, err)
				}
				if tc.asked == 2 && err != nil {
					t.Errorf("the second attempt was good, and yet: %v", err)
				}
				if mdx.IsAmbiguous(err) != tc.ambiguous {
					t.Errorf("ambiguous = %t: %v", !tc.ambiguous, err)
				}
			})
		})
	}
}

func TestRetriesEndWithTheLastError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, client := scripted(t, says(503, `{"detail":"混雑しています。"}`))
		start := time.Now()
		_, err := client.Task(t.Context(), "t")
		if !mdx.IsOverloaded(err) || !strings.Contains(err.Error(), "混雑しています。") || len(s.asked) != 1+mdx.DefaultMaxRetries {
			t.Errorf("%d requests: %v", len(s.asked), err)
		}
		if took := time.Since(start); took < 7*time.Second || took > 23*time.Second {
			t.Errorf("retried for %s", took)
		}
	})
}

func TestAWebPageIsQuotedByItsTitle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := scripted(t, says(200, maintenancePage))
		_, err := client.VMs(t.Context(), "p")
		if !mdx.IsOverloaded(err) || !strings.Contains(err.Error(), "maintenance?") || !strings.Contains(err.Error(), "メンテナンス中") {
			t.Errorf("VMs = %v", err)
		}
	})
}

func TestRetryAfterIsHonoured(t *testing.T) {
	for name, header := range map[string]func() string{
		"seconds": func() string { return "40" },
		"a date":  func() string { return time.Now().Add(40 * time.Second).UTC().Format(http.TimeFormat) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, client := scripted(t, says(429, ``, "Retry-After", header()), says(200, `{"uuid":"t"}`))
				start := time.Now()
				if _, err := client.Task(t.Context(), "t"); err != nil {
					t.Fatal(err)
				}
				if took := time.Since(start); took < 39*time.Second || took > 41*time.Second {
					t.Errorf("waited %s", took)
				}
			})
		})
	}
}

func TestADeletionThatMayHaveBeenCarriedOutUnseenIsToldAsAbsent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := scripted(t, breaks(errors.New("reset")), says(404, ``))
		if err := client.DeleteACLRule(t.Context(), mdx.ACLv4, "r"); !mdx.IsNotFound(err) {
			t.Error(err)
		}
	})
}

func TestCancellationEndsRetriesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := scripted(t, says(503, ``))
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		start := time.Now()
		_, err := client.Task(ctx, "t")
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 100*time.Millisecond {
			t.Errorf("%v after %s", err, time.Since(start))
		}
	})
}

func TestARuleThatIsSentIsWaitedForAlthoughTheContextEnds(t *testing.T) {
	v4 := mdx.ACLRule{Protocol: mdx.TCP, Src: netip.MustParsePrefix("0.0.0.0/0"), Dst: netip.MustParsePrefix("10.0.0.0/21"), DstPort: "22"}
	const made = `{"uuid":"r","protocol":"TCP","src_address":"0.0.0.0","src_mask":"0","src_port":"Any",` +
		`"dst_address":"10.0.0.0","dst_mask":"21","dst_port":"22"}`
	acl := func(ctx context.Context, c *mdx.Client) error {
		rule, err := c.CreateACLRule(ctx, "s", v4)
		if err == nil && rule.ID != "r" {
			return fmt.Errorf("answered %+v", rule)
		}
		return err
	}
	dnat := func(ctx context.Context, c *mdx.Client) error { return c.CreateDNAT(ctx, mdx.DNATRequest{}) }
	for name, tc := range map[string]struct {
		create    func(context.Context, *mdx.Client) error
		answer    reply
		answered  time.Duration // after the context has ended; before, if it is negative
		asked     int
		fails     bool
		ambiguous bool
	}{
		"access rule":                 {acl, says(201, made), time.Minute, 1, false, false},
		"DNAT rule":                   {dnat, says(202, ``), time.Minute, 1, false, false},
		"refused":                     {acl, says(400, `{}`), time.Minute, 1, true, false},
		"turned away, not sent again": {acl, says(429, ``), time.Minute, 1, true, false},
		"never answered":              {acl, says(201, made), time.Hour, 1, true, true},
		"ended before it is sent":     {acl, says(201, made), -1, 0, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				s, client := scripted(t, func(w http.ResponseWriter, r *http.Request) error {
					cancel()
					select {
					case <-time.After(tc.answered):
						return tc.answer(w, r)
					case <-r.Context().Done():
						return r.Context().Err()
					}
				})
				if tc.answered < 0 {
					cancel()
				}
				err := tc.create(ctx, client)
				if (err != nil) != tc.fails || mdx.IsAmbiguous(err) != tc.ambiguous {
					t.Errorf("%v, ambiguous: %v", err, mdx.IsAmbiguous(err))
				}
				if len(s.asked) != tc.asked {
					t.Errorf("asked %d times, want %d", len(s.asked), tc.asked)
				}
			})
		})
	}
}

func TestOneAttemptIsBoundedInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hangs := func(_ http.ResponseWriter, r *http.Request) error {
			<-r.Context().Done()
			return r.Context().Err()
		}
		_, client := scripted(t, hangs)
		start := time.Now()
		_, err := client.PowerOff(t.Context(), "v")
		if !mdx.IsAmbiguous(err) || !strings.Contains(err.Error(), "no answer within 2m0s") || time.Since(start) != 2*time.Minute {
			t.Errorf("%v after %s", err, time.Since(start))
		}
	})
}

func TestListsAreReadAgainWhenTheyChangeUnderway(t *testing.T) {
	page := func(count, from, to int, more bool) reply {
		var items []string
		for i := from; i < to; i++ {
			items = append(items, fmt.Sprintf(`{"uuid":"v%d"}`, i))
		}
		next := "null"
		if more {
			next = `"?page=2"`
		}
		return says(200, fmt.Sprintf(`{"count":%d,"next":%s,"results":[%s]}`, count, next, strings.Join(items, ",")))
	}
	// v0 goes away between the pages, so that v100 is on neither.
	s, client := scripted(t, page(150, 0, 100, true), page(149, 101, 150, false))
	s.answers = append(s.answers, page(149, 1, 101, true), page(149, 101, 150, false))
	vms, err := client.VMs(t.Context(), "p")
	if err != nil || len(vms) != 149 || vms[99].ID != "v100" || len(s.asked) != 4 {
		t.Errorf("%d VMs in %d requests, %v", len(vms), len(s.asked), err)
	}
	if got := s.asked[1].URL.RawQuery; got != "page=2&page_size=100" {
		t.Errorf("query = %s", got)
	}
}
