package portal

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/journal"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

// manyVMs is a portal with so many VMs named alike, 50 ms away, at the portal's real pace in a bubble's time.
func manyVMs(t *testing.T, n int) (p *Portal, sim *mdxsim.Sim, targets []VMTarget) {
	t.Helper()
	world := mdxsim.DefaultWorld()
	project := &world.Organisations[0].Projects[0]
	project.Quota = mdxsim.Quota{CPUPacks: 10000, DiskGB: 100000}
	like := project.VMs[0]
	like.PackNum, like.Foreign, like.Status = 2, false, mdxsim.PowerOn
	project.VMs = nil
	for i := range n {
		like.UUID, like.Name = fmt.Sprintf("c0000000-0000-4000-8000-%012d", i), "n-"+strconv.Itoa(i)
		like.Adapters = []mdxsim.Adapter{{Number: 1, SegmentID: project.Segments[0].UUID}}
		project.VMs = append(project.VMs, like)
		targets = append(targets, VMTarget{Project: mdx.ProjectID(project.UUID), ID: mdx.VMID(like.UUID), Name: like.Name})
	}
	sim, err := mdxsim.New(mdxsim.Config{World: world})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sim.Close() })
	client, err := mdx.New(mdx.Config{
		Endpoint: "http://127.0.0.1", Token: "demo", LockDir: t.TempDir(),
		Transport: tripper(func(r *http.Request) (*http.Response, error) {
			<-time.After(50 * time.Millisecond)
			if r.Body == nil {
				r = r.Clone(r.Context())
				r.Body = http.NoBody // as a server has it
			}
			w := httptest.NewRecorder()
			sim.Handler().ServeHTTP(w, r)
			return w.Result(), r.Context().Err()
		}),
	})
	if err != nil {
		t.Fatal(err)
	}
	notes := recorder{journal.At(t.TempDir()), "", "default", time.Now()}
	return of(client, mdx.DefaultPollInterval, notes), sim, targets
}

// TestWhatDestroyingManyVMsCosts compares with the time that the portal takes for one VM: ten seconds for its power, and
// ninety to destroy it.
func TestWhatDestroyingManyVMsCosts(t *testing.T) {
	for _, test := range []struct{ vms, requests int }{{1, 55}, {10, 100}, {100, 450}} {
		t.Run(strconv.Itoa(test.vms), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p, sim, targets := manyVMs(t, test.vms)
				begun := time.Now()
				var wg sync.WaitGroup
				for _, target := range targets {
					wg.Go(func() {
						if err := p.DestroyVM(t.Context(), target); err != nil {
							t.Error(target.Name, err)
						}
					})
				}
				wg.Wait()
				took, stats := time.Since(begun), sim.Stats()
				t.Logf("%d VMs: %s, %d requests: %v", test.vms, took, stats.Requests, stats.Routes)
				if stats.Destroyed != test.vms || stats.Overloaded > 0 {
					t.Errorf("%d destroyed, %d requests turned away", stats.Destroyed, stats.Overloaded)
				}
				if stats.Requests > test.requests {
					t.Errorf("%d requests, want %d at most", stats.Requests, test.requests)
				}
				if most := 100 * time.Second * 12 / 10; took > most {
					t.Errorf("took %s, want %s at most", took, most)
				}
			})
		})
	}
}
