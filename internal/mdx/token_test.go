package mdx_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// jwt is a token that expires; n tells one from the other.
func jwt(n int, exp time.Time) string {
	part := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	return part(`{"alg":"HS256","typ":"JWT"}`) + "." + part(fmt.Sprintf(`{"n":%d,"exp":%d}`, n, exp.Unix())) + "." + part("signature")
}

// issuer is a portal that takes only its current token, and gives a new one for the current one.
type issuer struct {
	mu        sync.Mutex
	current   string
	issue     func() string // the next token; nil refuses
	refreshes int
	asked     int
	slow      time.Duration // how long a refresh takes
}

func (p *issuer) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	if r.URL.Path == "/api/refresh/" {
		timer := time.NewTimer(p.slow)
		select {
		case <-timer.C:
		case <-r.Context().Done():
			timer.Stop()
			return nil, r.Context().Err()
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case r.URL.Path == "/api/refresh/":
		p.refreshes++
		var body struct{ Token string }
		data, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(data, &body); err != nil {
			return nil, err
		}
		if p.issue == nil {
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = w.WriteString(`{"detail":"Signature has expired."}`)
			break
		}
		p.current = p.issue()
		_, _ = fmt.Fprintf(w, `{"token":%q}`, p.current)
	case r.Header.Get("Authorization") != "JWT "+p.current:
		p.asked++
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = w.WriteString(`{"detail":"Signature has expired."}`)
	default:
		p.asked++
		_, _ = w.WriteString(`{"count":0,"next":null,"results":[]}`)
	}
	return w.Result(), nil
}

func (p *issuer) client(t *testing.T, change func(*mdx.Config)) *mdx.Client {
	t.Helper()
	cfg := mdx.Config{Endpoint: "https://portal.example", Transport: p, LockDir: t.TempDir()}
	change(&cfg)
	client, err := mdx.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func TestATokenIsRefreshedBeforeItExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		p := &issuer{issue: func() string { n++; return jwt(n, time.Now().Add(time.Hour)) }}
		p.current = p.issue()
		client := p.client(t, func(c *mdx.Config) { c.Token = p.current })
		end := time.Now().Add(5 * time.Hour)
		for time.Now().Before(end) {
			if _, err := client.Projects(t.Context()); err != nil {
				t.Fatal(err)
			}
			<-time.After(time.Minute)
		}
		if p.refreshes != 5 {
			t.Errorf("%d refreshes in five hours", p.refreshes)
		}
		if p.asked != 300 {
			t.Errorf("%d requests, so some were refused", p.asked)
		}
	})
}

func TestATokenThatHidesItsEndIsRefreshedEveryFiveMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		p := &issuer{issue: func() string { n++; return fmt.Sprintf("opaque-%d", n) }}
		p.current = p.issue()
		client := p.client(t, func(c *mdx.Config) { c.Token = p.current })
		for end := time.Now().Add(time.Hour); time.Now().Before(end); <-time.After(time.Minute) {
			if _, err := client.Projects(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if p.refreshes != 11 || p.asked != 60 {
			t.Errorf("%d refreshes, %d requests", p.refreshes, p.asked)
		}
	})
}

func TestOneRefreshServesAllWhoWaitForIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &issuer{current: "new-token", slow: 3 * time.Second}
		p.issue = func() string { return "newer-token" }
		client := p.client(t, func(c *mdx.Config) { c.Token = "stale-token" })
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				if _, err := client.Projects(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if p.refreshes != 1 || p.asked != 40 {
			t.Errorf("%d refreshes, %d requests", p.refreshes, p.asked)
		}
	})
}

func TestOneRefusedRefreshFailsAllWhoWaitForIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &issuer{current: "other-token", slow: 3 * time.Second}
		client := p.client(t, func(c *mdx.Config) { c.Token = "stale-token" })
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				_, err := client.Projects(t.Context())
				if !mdx.IsUnauthorized(err) || !strings.Contains(err.Error(), "issue a new one on the portal (menu on your user name") {
					t.Errorf("Projects = %v", err)
				}
				if strings.Contains(err.Error(), "stale-token") {
					t.Errorf("the token shows: %v", err)
				}
			})
		}
		wg.Wait()
		if p.refreshes != 1 {
			t.Errorf("%d refreshes", p.refreshes)
		}
	})
}

func TestWhoGivesUpOnARefreshLeavesItToTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &issuer{current: "other-token", slow: 10 * time.Second, issue: func() string { return "new-token" }}
		client := p.client(t, func(c *mdx.Config) { c.Token = "stale-token" })
		var wg sync.WaitGroup
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			if _, err := client.Projects(ctx); err == nil {
				t.Error("an impatient caller succeeded")
			}
		})
		synctest.Wait()
		wg.Go(func() {
			if _, err := client.Projects(t.Context()); err != nil {
				t.Error(err)
			}
		})
		wg.Wait()
	})
}

func TestAnEarlyRefreshThatFailsIsNoReasonToStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var logged []string
		p := &issuer{current: jwt(1, time.Now().Add(time.Hour))}
		client := p.client(t, func(c *mdx.Config) {
			c.Token = p.current
			c.Logger = func(_ context.Context, _ mdx.LogLevel, msg string, _ map[string]any) { logged = append(logged, msg) }
		})
		<-time.After(58 * time.Minute)
		for range 10 {
			if _, err := client.Projects(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if p.refreshes != 1 || !strings.Contains(strings.Join(logged, "|"), "token not refreshed ahead of its expiry") {
			t.Errorf("%d refreshes, log %q", p.refreshes, logged)
		}
	})
}

func TestATokenFileIsReadAndWrittenBack(t *testing.T) {
	for name, tc := range map[string]struct{ before, after string }{
		"bare text": {"stale-token\n", "new-token\n"},
		"JSON":      {`{"token": "stale-token", "user": "me"}`, `{"token":"new-token","user":"me"}` + "\n"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			file := filepath.Join(dir, "token.json")
			if err := os.WriteFile(file, []byte(tc.before), 0o644); err != nil {
				t.Fatal(err)
			}
			p := &issuer{current: "other", issue: func() string { return "new-token" }}
			client := p.client(t, func(c *mdx.Config) { c.TokenFile = file })
			if _, err := client.Projects(t.Context()); err != nil {
				t.Fatal(err)
			}
			got, err := os.ReadFile(file)
			if err != nil || string(got) != tc.after {
				t.Errorf("file = %q, %v; want %q", got, err, tc.after)
			}
			info, err := os.Stat(file)
			if err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("mode = %v, %v", info.Mode(), err)
			}
			if entries, _ := os.ReadDir(dir); len(entries) != 1 {
				t.Errorf("left behind: %v", entries)
			}
		})
	}
}

func TestALinkToATokenFileStaysALink(t *testing.T) {
	dir := t.TempDir()
	file, link := filepath.Join(dir, "real"), filepath.Join(dir, "link")
	if err := os.WriteFile(file, []byte("stale-token"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(file, link); err != nil {
		t.Fatal(err)
	}
	p := &issuer{current: "other", issue: func() string { return "new-token" }}
	if err := p.client(t, func(c *mdx.Config) { c.TokenFile = link }).RefreshToken(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(file); string(got) != "new-token\n" {
		t.Errorf("file = %q", got)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("link = %v, %v", info.Mode(), err)
	}
}

// Clients of one file stand for processes of one user here.
func TestProcessesWithOneTokenFileRefreshOnce(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token.json")
	if err := os.WriteFile(file, []byte("stale-token"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := &issuer{current: "other", slow: 50 * time.Millisecond, issue: func() string { return "new-token" }}
	locks := t.TempDir()
	var wg sync.WaitGroup
	for range 4 {
		client := p.client(t, func(c *mdx.Config) { c.TokenFile, c.LockDir = file, locks })
		wg.Go(func() {
			if _, err := client.Projects(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if p.refreshes != 1 {
		t.Errorf("%d refreshes", p.refreshes)
	}
}

func TestATokenFileThatHoldsNoneIsRefused(t *testing.T) {
	for name, content := range map[string]string{
		"nothing": " \n", "empty JSON": `{}`, "other JSON": `{"access": "a"}`, "two words": "my token", "broken JSON": `{"token":`,
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "token.json")
			if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := mdx.New(mdx.Config{TokenFile: file}); err == nil || !strings.Contains(err.Error(), file) {
				t.Errorf("New = %v", err)
			}
		})
	}
}

func TestLoginAnswersAToken(t *testing.T) {
	s := &script{answers: []reply{says(200, `{"token":"fresh"}`)}}
	token, err := mdx.Login(t.Context(), mdx.Config{Transport: s, LockDir: t.TempDir()}, "me", "hunter2")
	if err != nil || token != "fresh" {
		t.Errorf("Login = %q, %v", token, err)
	}
	if got := s.asked[0].Header.Get("Authorization"); got != "" || s.asked[0].URL.Path != "/api/login/" {
		t.Errorf("asked %s with %q", s.asked[0].URL, got)
	}
}
