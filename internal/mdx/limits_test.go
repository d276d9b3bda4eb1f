package mdx_test

import (
	"context"
	"errors"
	"fmt"
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

// gauge is a portal whose answers take a second, and that counts how many are under way.
type gauge struct {
	mu        sync.Mutex
	now, most map[string]int
}

func (g *gauge) RoundTrip(r *http.Request) (*http.Response, error) {
	kind := r.Method
	switch {
	case strings.HasSuffix(r.URL.Path, "/deploy/"), strings.HasSuffix(r.URL.Path, "/clone/"):
		kind = "deploy"
	case r.Method == http.MethodGet && strings.HasPrefix(r.URL.Path, "/api/vm/") && !strings.HasPrefix(r.URL.Path, "/api/vm/project/"):
		kind = "detail"
	}
	g.count(kind, 1)
	defer g.count(kind, -1)
	<-time.After(time.Second)
	w := httptest.NewRecorder()
	_, _ = w.WriteString(`{}`)
	return w.Result(), nil
}

func (g *gauge) count(kind string, by int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.now[kind] += by
	g.most[kind] = max(g.most[kind], g.now[kind])
}

func TestNoMoreAtOnceThanThePortalBears(t *testing.T) {
	for _, processes := range []int{1, 3} {
		t.Run(fmt.Sprintf("%d processes", processes), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := &gauge{now: map[string]int{}, most: map[string]int{}}
				locks := t.TempDir()
				var wg sync.WaitGroup
				for range processes {
					// Every client has its own channels, as every process has: only files hold them together.
					client, err := mdx.New(mdx.Config{Endpoint: "https://portal.example", Token: "t", Transport: g, LockDir: locks})
					if err != nil {
						t.Fatal(err)
					}
					for i := range 60 {
						wg.Go(func() { _, _ = client.Task(t.Context(), "t") })
						wg.Go(func() { _, _ = client.PowerOff(t.Context(), "v") })
						wg.Go(func() { _, _ = client.VMAddresses(t.Context(), "v") })
						if i < 4 {
							wg.Go(func() { _, _ = client.Deploy(t.Context(), mdx.DeployRequest{Project: "p", VMName: "a"}) })
							wg.Go(func() { _, _ = client.Clone(t.Context(), "v", mdx.CloneRequest{Project: "p", VMName: "a"}) })
						}
					}
				}
				wg.Wait()
				for kind, most := range map[string]int{"GET": 30, "POST": 5, "detail": 8, "deploy": 1} {
					if g.most[kind] > most {
						t.Errorf("%d of %s at once, at most %d bearable", g.most[kind], kind, most)
					}
				}
				if g.most["GET"] < 22 || g.most["POST"] < 4 || g.most["detail"] < 8 {
					t.Errorf("less than possible at once: %v", g.most)
				}
			})
		})
	}
}

func TestProjectsDeploySideBySide(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gauge{now: map[string]int{}, most: map[string]int{}}
		client, err := mdx.New(mdx.Config{Endpoint: "https://portal.example", Token: "t", Transport: g, LockDir: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for i := range 2 {
			wg.Go(func() {
				_, _ = client.Deploy(t.Context(), mdx.DeployRequest{Project: mdx.ProjectID(fmt.Sprint("p", i)), VMName: "a"})
			})
		}
		wg.Wait()
		if g.most["deploy"] != 2 {
			t.Errorf("%d at once", g.most["deploy"])
		}
	})
}

func TestWaitingForATurnCanBeGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gauge{now: map[string]int{}, most: map[string]int{}}
		client, err := mdx.New(mdx.Config{Endpoint: "https://portal.example", Token: "t", Transport: g, LockDir: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		wg.Go(func() { _, _ = client.Deploy(t.Context(), mdx.DeployRequest{Project: "p", VMName: "a"}) })
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		_, err = client.Deploy(ctx, mdx.DeployRequest{Project: "p", VMName: "b"})
		if !errors.Is(err, context.DeadlineExceeded) || mdx.IsAmbiguous(err) || !strings.Contains(err.Error(), `deploy VM "b"`) {
			t.Errorf("Deploy = %v", err)
		}
		wg.Wait()
	})
}

func TestALockFolderThatCannotBeUsedIsNamed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s := &script{answers: []reply{says(200, `[]`)}}
	client, err := mdx.New(mdx.Config{Token: "t", Transport: s, LockDir: filepath.Join(file, "locks"), MaxRetries: -1})
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.Deploy(t.Context(), mdx.DeployRequest{Project: "p", VMName: "a"})
	if err == nil || !strings.Contains(err.Error(), file) || mdx.IsAmbiguous(err) || len(s.asked) > 0 {
		t.Errorf("Deploy = %v", err)
	}
}
