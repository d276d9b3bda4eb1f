package mdx_test

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

func TestRedirectsKeepMethodBodyAndHost(t *testing.T) {
	var got []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = append(got, r.Method+" "+r.URL.Path+" "+string(body)+" "+r.Header.Get("Authorization"))
		switch r.URL.Path {
		case "/api/vm/v/rename/":
			http.Redirect(w, r, "/elsewhere", http.StatusMovedPermanently)
		case "/api/vm/v/reset/":
			http.Redirect(w, r, "https://thief.example/", http.StatusFound)
		case "/api/vm/v/reboot/":
			http.Redirect(w, r, r.URL.Path, http.StatusTemporaryRedirect)
		default:
			_, _ = w.Write([]byte(`{"task_id":"t"}`))
		}
	}))
	defer server.Close()
	client, err := mdx.New(mdx.Config{Endpoint: server.URL, Token: "secret", LockDir: t.TempDir(), PollInterval: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if tasks, err := client.Rename(t.Context(), "v", "new"); err != nil || len(tasks) != 1 {
		t.Errorf("Rename = %v, %v", tasks, err)
	}
	if want := `POST /elsewhere {"vm_name":"new"} JWT secret`; len(got) != 2 || got[1] != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if _, err := client.Reset(t.Context(), "v"); err == nil || !strings.Contains(err.Error(), "thief.example") {
		t.Errorf("Reset = %v", err)
	}
	if _, err := client.Reboot(t.Context(), "v"); err == nil || !strings.Contains(err.Error(), "in a row") {
		t.Errorf("Reboot = %v", err)
	}
}

func TestWithoutAConnectionNothingWasSent(t *testing.T) {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	_ = listener.Close()
	var attempts atomic.Int32
	client, err := mdx.New(mdx.Config{
		Endpoint: "http://" + address, Token: "secret", LockDir: t.TempDir(), PollInterval: time.Millisecond,
		Logger: func(_ context.Context, _ mdx.LogLevel, msg string, _ map[string]any) {
			if msg == "no answer" {
				attempts.Add(1)
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.Deploy(t.Context(), mdx.DeployRequest{Project: "p", VMName: "web"})
	if mdx.IsAmbiguous(err) || attempts.Load() != 1+mdx.DefaultMaxRetries {
		t.Errorf("%d attempts: %v", attempts.Load(), err)
	}
	for _, part := range []string{address, "VPN", `deploy VM "web"`} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q lacks %q", err, part)
		}
	}
}

func TestProxiesComeFromTheEnvironment(t *testing.T) {
	var asked atomic.Value
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Store(r.Method + " " + r.Host)
		w.WriteHeader(http.StatusForbidden)
	}))
	defer proxy.Close()
	t.Setenv("HTTPS_PROXY", proxy.URL)
	client, err := mdx.New(mdx.Config{Endpoint: "https://portal.example", Token: "secret", LockDir: t.TempDir(), MaxRetries: -1})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Projects(t.Context()); err == nil || asked.Load() != "CONNECT portal.example:443" {
		t.Errorf("asked %v, %v", asked.Load(), err)
	}
}

func TestTLSIsVerified(t *testing.T) {
	server := httptest.NewUnstartedServer(answer(200, `[]`))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // it complains about this client, rightly
	server.StartTLS()
	defer server.Close()
	client, err := mdx.New(mdx.Config{Endpoint: server.URL, Token: "secret", LockDir: t.TempDir(), MaxRetries: -1})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Projects(t.Context()); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("Projects = %v", err)
	}
}

func TestEveryRequestSaysWhoAsks(t *testing.T) {
	s := &script{answers: []reply{says(200, `[]`)}}
	client, err := mdx.New(mdx.Config{Token: "secret", Transport: s, LockDir: t.TempDir(), UserAgent: "terraform-provider-mdx/1.2 Terraform/1.13"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Segments(t.Context(), "p"); err != nil {
		t.Fatal(err)
	}
	r := s.asked[0]
	for header, want := range map[string]string{
		"Authorization": "JWT secret", "User-Agent": "terraform-provider-mdx/1.2 Terraform/1.13",
		"Accept": "application/json", "Content-Type": "application/json",
	} {
		if got := r.Header.Get(header); got != want {
			t.Errorf("%s = %q, want %q", header, got, want)
		}
	}
	if r.URL.Scheme+"://"+r.URL.Host != mdx.DefaultEndpoint || r.URL.Path != "/api/segment/project/p/all/" {
		t.Errorf("URL = %s", r.URL)
	}
}

func TestEveryAttemptHasAnIDThatTheErrorTells(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, client := scripted(t, slices.Repeat([]reply{says(503, `{}`)}, 1+mdx.DefaultMaxRetries)...)
		_, err := client.Segments(t.Context(), "p")
		ids := map[string]bool{}
		for _, r := range s.asked {
			ids[r.Header.Get("X-Request-Id")] = true
		}
		if len(ids) != len(s.asked) || ids[""] {
			t.Errorf("%d requests have %d ids", len(s.asked), len(ids))
		}
		if last := s.asked[len(s.asked)-1].Header.Get("X-Request-Id"); err == nil || !strings.Contains(err.Error(), "(request "+last+")") {
			t.Errorf("%v does not tell request %s", err, last)
		}
	})
}

func TestAnIDCannotBecomeAnotherPath(t *testing.T) {
	s, client := scripted(t, says(200, `{}`))
	for _, id := range []mdx.VMID{"", ".", ".."} {
		if _, err := client.Destroy(t.Context(), id); err == nil || mdx.IsAmbiguous(err) {
			t.Errorf("Destroy(%q) = %v", id, err)
		}
	}
	if len(s.asked) > 0 {
		t.Errorf("asked %v", s.asked[0].URL)
	}
	_, _ = client.Destroy(t.Context(), "a/../b?c")
	if got := s.asked[0].URL.EscapedPath(); got != "/api/vm/a%2F..%2Fb%3Fc/destroy/" {
		t.Errorf("path = %s", got)
	}
}

func TestConfigurationIsCheckedBeforeAnythingIsSent(t *testing.T) {
	for name, tc := range map[string]struct {
		cfg  mdx.Config
		want string // part of the error; empty if there is none
	}{
		"defaults":             {mdx.Config{Token: "t"}, ""},
		"no token":             {mdx.Config{}, "トークン発行"},
		"loopback http":        {mdx.Config{Token: "t", Endpoint: "http://127.0.0.1:8080"}, ""},
		"localhost http":       {mdx.Config{Token: "t", Endpoint: "http://localhost:8080/"}, ""},
		"IPv6 loopback http":   {mdx.Config{Token: "t", Endpoint: "http://[::1]:8080"}, ""},
		"http elsewhere":       {mdx.Config{Token: "t", Endpoint: "http://portal.example"}, "unencrypted"},
		"another scheme":       {mdx.Config{Token: "t", Endpoint: "ftp://portal.example"}, "neither https nor http"},
		"no host":              {mdx.Config{Token: "t", Endpoint: "oprpl.mdx.jp"}, "names no host"},
		"a query":              {mdx.Config{Token: "t", Endpoint: "https://portal.example/?a"}, "only"},
		"a password":           {mdx.Config{Token: "t", Endpoint: "https://me:hidden@portal.example"}, "only"},
		"an unknown version":   {mdx.Config{Token: "t", IPVersion: "ipv6"}, `"ipv6"`},
		"a negative time-out":  {mdx.Config{Token: "t", RequestTimeout: -1}, "request timeout"},
		"a negative interval":  {mdx.Config{Token: "t", PollInterval: -1}, "poll interval"},
		"a missing token file": {mdx.Config{TokenFile: "/nowhere/token.json"}, "/nowhere/token.json"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := mdx.New(tc.cfg)
			if (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
				t.Errorf("New = %v, want %q", err, tc.want)
			}
			if err != nil && strings.Contains(err.Error(), "hidden") {
				t.Errorf("the password shows: %v", err)
			}
		})
	}
}
