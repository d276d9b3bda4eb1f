package mdx_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// Reading ahead is kept because it pays where Terraform asks for ten machines at a time, which is its default: the log has
// the figures.
func TestReadingAheadPays(t *testing.T) {
	for _, n := range []int{1000} {
		for _, parallelism := range []int{10, 30} {
			took, asked := map[bool]time.Duration{}, map[bool]int{}
			for _, ahead := range []bool{true, false} {
				synctest.Test(t, func(t *testing.T) {
					r := rehearse(t, crowd(n))
					reader := mdx.NewReader(r.client)
					if !ahead {
						reader.ReadNothingAhead(r.project)
					}
					before := r.sim.Stats().Requests
					took[ahead] = refreshAt(t, parallelism, n, func(ctx context.Context, id mdx.VMID) (*mdx.VM, error) {
						return reader.VM(ctx, r.project, id)
					})
					asked[ahead] = r.sim.Stats().Requests - before
					time.Sleep(time.Minute) //nolint:forbidigo // in the bubble's time: nothing goes on
				})
			}
			if pays := took[true]*2 < took[false]; pays != (parallelism == 10) {
				t.Errorf("%d VMs, %d at a time: reading ahead pays: %t", n, parallelism, pays)
			}
			t.Logf("%d VMs, %d at a time: ahead %s with %d requests, not ahead %s with %d", n, parallelism, took[true], asked[true], took[false], asked[false])
		}
	}
}

// Scouts are kept because they cost less than asking every machine on a schedule, for answers that are no later: the log has
// the figures. The schedule has the benefit of knowing when a machine was started, and looks at the list as scouts do.
func TestScoutsPay(t *testing.T) {
	ofScouts, ofSchedule := 0, 0
	for _, test := range []struct {
		machines     int
		takes, until time.Duration // until addresses come
	}{
		{100, 5 * time.Minute, 6 * time.Minute},
		{100, 18 * time.Minute, 20 * time.Minute},
		{300, 5 * time.Minute, 6 * time.Minute},
	} {
		wait := func(scouts bool) (requests int, late time.Duration) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				random := rand.New(rand.NewPCG(1, 2))
				for i := range test.machines {
					on := time.Duration(i/10) * 30 * time.Second * 100 / time.Duration(test.machines)
					takes := test.takes + time.Duration(random.Float64()*float64(test.until-test.takes))
					w.vms = append(w.vms, &worldVM{id: fmt.Sprint("v", i), shown: after(0), started: after(on), addressed: after(on + takes)})
				}
				client := w.client()
				var wg sync.WaitGroup
				var sum atomic.Int64
				for _, vm := range w.vms {
					wg.Go(func() {
						wait := scheduled
						if scouts {
							wait = func(ctx context.Context, client *mdx.Client, vm *worldVM) error {
								_, err := client.WaitAddress(ctx, "p", mdx.VMID(vm.id))
								return err
							}
						}
						if err := wait(t.Context(), client, vm); err != nil {
							t.Error(err)
						}
						sum.Add(int64(time.Since(vm.addressed)))
					})
				}
				start := time.Now()
				wg.Wait()
				if requests = w.requests(); !scouts {
					requests += int(time.Since(start)/(4*mdx.DefaultPollInterval)) * (test.machines + 99) / 100
				}
				late = time.Duration(sum.Load() / int64(test.machines)).Round(time.Second)
			})
			return requests, late
		}
		scouts, scoutsLate := wait(true)
		schedule, scheduleLate := wait(false)
		t.Logf("%d machines, addresses after %s to %s: scouts %d requests, %s late; schedule %d requests, %s late",
			test.machines, test.takes, test.until, scouts, scoutsLate, schedule, scheduleLate)
		ofScouts, ofSchedule = ofScouts+scouts, ofSchedule+schedule
	}
	if ofScouts*5/4 > ofSchedule {
		t.Errorf("scouts do not pay: %d requests, and %d on a schedule", ofScouts, ofSchedule)
	}
}

// scheduled asks a machine for its address two minutes after its start, and every minute then.
func scheduled(ctx context.Context, client *mdx.Client, vm *worldVM) error {
	<-time.After(time.Until(vm.started.Add(2 * time.Minute)))
	minute := float64(time.Minute) / float64(mdx.DefaultPollInterval)
	return client.Poll(ctx, "address of VM", vm.id, func(ctx context.Context) (bool, error) {
		got, err := client.VM(ctx, "p", mdx.VMID(vm.id))
		return err == nil && got.IPv4().IsValid(), err
	}, mdx.WithPace(mdx.Pace{First: minute}))
}
