package mdx_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

// crowd puts n machines of one kind into the world.
func crowd(n int) func(*mdxsim.World) {
	return func(w *mdxsim.World) {
		vms := &w.Organisations[0].Projects[0].VMs
		like := (*vms)[0]
		w.Organisations[0].Projects[0].Quota = mdxsim.Quota{}
		for i := range n {
			like.UUID, like.Name = fmt.Sprintf("c0000000-0000-4000-8000-%012d", i), fmt.Sprintf("n-%d", i)
			like.Adapters = []mdxsim.Adapter{{Number: 1, SegmentID: like.Adapters[0].SegmentID}}
			*vms = append(*vms, like)
		}
	}
}

// refresh reads machines as Terraform does: in no order, ten at a time.
func refresh(t *testing.T, n int, read func(context.Context, mdx.VMID) (*mdx.VM, error)) time.Duration {
	t.Helper()
	return refreshAt(t, 10, n, read)
}

func refreshAt(t *testing.T, parallelism, n int, read func(context.Context, mdx.VMID) (*mdx.VM, error)) time.Duration {
	t.Helper()
	start := time.Now()
	var wg sync.WaitGroup
	turns := make(chan struct{}, parallelism)
	for _, i := range rand.Perm(n) {
		turns <- struct{}{}
		wg.Go(func() {
			defer func() { <-turns }()
			vm, err := read(t.Context(), mdx.VMID(fmt.Sprintf("c0000000-0000-4000-8000-%012d", i)))
			if err != nil || vm.Name != fmt.Sprintf("n-%d", i) {
				t.Errorf("n-%d = %+v, %v", i, vm, err)
			}
		})
	}
	wg.Wait()
	return time.Since(start)
}

func TestManyReadsAreBoundedByThePortal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 1000
		r := rehearse(t, crowd(n))
		reader := mdx.NewReader(r.client)
		before := r.sim.Stats().Requests
		ahead := refresh(t, n, func(ctx context.Context, id mdx.VMID) (*mdx.VM, error) { return reader.VM(ctx, r.project, id) })
		requests := r.sim.Stats().Requests - before
		each := refresh(t, n, func(ctx context.Context, id mdx.VMID) (*mdx.VM, error) { return r.client.VM(ctx, r.project, id) })
		t.Logf("%d requests in %s; ten at a time: %s", requests, ahead, each)
		if requests > n+n/100+5 {
			t.Errorf("%d requests", requests)
		}
		if ahead*5/2 > each {
			t.Errorf("took %s; ten at a time took %s", ahead, each)
		}
		stats := r.sim.Stats()
		if stats.Overloaded > 0 || stats.Peak["GET"] > 30 {
			t.Errorf("%d at once, %d turned away", stats.Peak["GET"], stats.Overloaded)
		}
		time.Sleep(time.Minute) //nolint:forbidigo // in the bubble's time: nothing goes on
	})
}

func TestFewReadsAskForNothingElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := rehearse(t, crowd(1000))
		reader := mdx.NewReader(r.client)
		refresh(t, 3, func(ctx context.Context, id mdx.VMID) (*mdx.VM, error) { return reader.VM(ctx, r.project, id) })
		if n := r.sim.Stats().Requests; n > 4 { // one is the token's
			t.Errorf("%d requests", n)
		}
	})
}

func TestReadingAheadIsBoundedByWhatIsAskedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := rehearse(t, crowd(1000))
		reader := mdx.NewReader(r.client)
		refresh(t, 20, func(ctx context.Context, id mdx.VMID) (*mdx.VM, error) { return reader.VM(ctx, r.project, id) })
		time.Sleep(time.Minute) //nolint:forbidigo // in the bubble's time
		if n := r.sim.Stats().Requests; n > 5*20+11+1 {
			t.Errorf("%d requests for 20 machines", n)
		}
	})
}

func TestOthersMachinesAreNotReadAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := rehearse(t, func(w *mdxsim.World) {
			crowd(40)(w)
			vms := w.Organisations[0].Projects[0].VMs
			for i := range vms[12:] {
				vms[12+i].Name = fmt.Sprintf("their%d-x", i)
			}
		})
		reader := mdx.NewReader(r.client)
		refresh(t, 10, func(ctx context.Context, id mdx.VMID) (*mdx.VM, error) { return reader.VM(ctx, r.project, id) })
		time.Sleep(time.Minute) //nolint:forbidigo // in the bubble's time
		if n := r.sim.Stats().Routes["GET /api/vm/{vm}/"]; n != 10 {
			t.Errorf("%d details", n)
		}
	})
}

func TestNothingReadAheadIsShownAfterAChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := rehearse(t, crowd(50))
		reader := mdx.NewReader(r.client)
		read := func(ctx context.Context, id mdx.VMID) (*mdx.VM, error) { return reader.VM(ctx, r.project, id) }
		refresh(t, 20, read) // and more ahead
		last := mdx.VMID(fmt.Sprintf("c0000000-0000-4000-8000-%012d", 49))
		if _, err := r.client.Rename(t.Context(), last, "renamed-49"); err != nil {
			t.Fatal(err)
		}
		if _, err := r.client.WaitVMNamed(t.Context(), r.project, "renamed-49"); err != nil {
			t.Fatal(err)
		}
		vm, err := read(t.Context(), last)
		if err != nil || vm.Name != "renamed-49" {
			t.Errorf("%+v, %v", vm, err)
		}
		time.Sleep(time.Minute) //nolint:forbidigo // in the bubble's time
	})
}

func TestAMachineThatIsGoneIsSaidToBeGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := rehearse(t, crowd(20))
		reader := mdx.NewReader(r.client)
		_, err := reader.VM(t.Context(), r.project, "c0000000-0000-4000-8000-000000000099")
		if !mdx.IsNotFound(err) || !strings.Contains(err.Error(), "the project's list of VMs does not have it") {
			t.Errorf("err = %v", err)
		}
	})
}

func TestAReadEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := rehearse(t, crowd(20))
		reader := mdx.NewReader(r.client)
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond) // a detail takes three times as long
		defer cancel()
		if _, err := reader.VM(ctx, r.project, "c0000000-0000-4000-8000-000000000001"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("err = %v", err)
		}
		synctest.Wait() // and nothing is under way
	})
}

func TestListsThatAreAskedForTogetherAreShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := rehearse(t, nil)
		r.way = 50 * time.Millisecond
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				if vms, err := r.client.VMs(t.Context(), r.project); err != nil || len(vms) != 2 {
					t.Errorf("%d VMs, %v", len(vms), err)
				}
			})
		}
		wg.Wait()
		if n := r.sim.Stats().Routes["GET /api/vm/project/{project}/"]; n > 2 { // the first one's, and the rest's
			t.Errorf("%d requests, want 2 at most", n)
		}
	})
}

func TestASharedListGoesOnForThoseWhoStillWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := rehearse(t, crowd(150)) // two pages
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := r.client.VMs(ctx, r.project); err != nil && !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		})
		for range 3 {
			wg.Go(func() {
				if vms, err := r.client.VMs(t.Context(), r.project); err != nil || len(vms) != 152 {
					t.Errorf("%d VMs, %v", len(vms), err)
				}
			})
		}
		cancel()
		wg.Wait()
	})
}
