package mdx_test

import (
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// TestWhatManyMachinesCost deploys machines at the portal's real pace, in a bubble's time, and compares with the floor:
// what one deploy and its address take at the least, and six seconds for each further request.
func TestWhatManyMachinesCost(t *testing.T) {
	for _, tc := range []struct{ machines, posts, requests int }{{1, 1, 150}, {10, 1, 150}, {30, 3, 200}, {100, 10, 400}} {
		t.Run(strconv.Itoa(tc.machines), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := rehearse(t, nil)
				b := mdx.NewBatcher(r.client, mdx.DefaultBatchWindow)
				start := time.Now()
				var wg sync.WaitGroup
				for _, name := range numbered(0, tc.machines-1) {
					wg.Go(func() {
						req := r.deploy
						req.VMName = name
						made, err := b.Deploy(t.Context(), req)
						if err == nil {
							_, err = r.client.WaitTask(t.Context(), r.project, made.Task, mdx.WithPace(mdx.PaceDeploy))
						}
						if err == nil {
							_, err = r.client.WaitAddress(t.Context(), r.project, made.VM)
						}
						if err != nil {
							t.Error(name, err)
						}
					})
				}
				wg.Wait()
				floor := 390*time.Second + time.Duration(tc.posts)*6*time.Second
				took := time.Since(start)
				stats := r.sim.Stats()
				t.Logf("%d machines: %s, %.4f of the floor; %d requests: %v", tc.machines, took, took.Seconds()/floor.Seconds(),
					stats.Requests, stats.Routes)
				if len(r.asked()) != tc.posts {
					t.Errorf("%d machines: %d deploy requests, want %d", tc.machines, len(r.asked()), tc.posts)
				}
				if stats.Requests > tc.requests {
					t.Errorf("%d machines: %d requests, want %d at most", tc.machines, stats.Requests, tc.requests)
				}
				if took > floor+floor/50 {
					t.Errorf("%d machines took %s, more than 1.02 of %s", tc.machines, took, floor)
				}
			})
		})
	}
}
