package mdx_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

// result is what became of one machine.
type result struct {
	mdx.Deployment
	err  error
	took time.Duration
}

// deployAll asks for all machines at once, and waits for all.
func (r *rehearsal) deployAll(ctx context.Context, b *mdx.Batcher, names ...string) map[string]result {
	var (
		wg  sync.WaitGroup
		mu  sync.Mutex
		out = map[string]result{}
	)
	start := time.Now()
	for _, name := range names {
		wg.Go(func() {
			req := r.deploy
			req.VMName = name
			d, err := b.Deploy(ctx, req)
			mu.Lock()
			defer mu.Unlock()
			out[name] = result{d, err, time.Since(start)}
		})
	}
	wg.Wait()
	return out
}

func numbered(first, last int) []string {
	var names []string
	for i := first; i <= last; i++ {
		names = append(names, "n-"+strconv.Itoa(i))
	}
	return names
}

// wantAllMade fails unless every machine has its own id.
func (r *rehearsal) wantAllMade(t *testing.T, results map[string]result) {
	t.Helper()
	for name, got := range results {
		if want := r.idOf(name); got.err != nil || got.VM != want || want == "" {
			t.Errorf("%s = %q, %v; want %q", name, got.VM, got.err, want)
		}
	}
}

func TestEqualDeploysThatArriveTogetherGoOutAsFewRanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := rehearse(t, nil)
		results := r.deployAll(t.Context(), mdx.NewBatcher(r.client, 100*time.Millisecond), numbered(8, 32)...)
		r.wantAllMade(t, results)
		if diff := cmp.Diff([]string{"n-1[0-9]", "n-2[0-9]", "n-3[0-2]", "n-[8-9]"}, r.asked()); diff != "" {
			t.Error(diff)
		}
		for name, got := range results {
			if got.Task == "" {
				t.Errorf("%s has no task", name)
			}
		}
	})
}

func TestALoneDeployIsDelayedByTheWindowOnly(t *testing.T) {
	const window = 100 * time.Millisecond
	synctest.Test(t, func(t *testing.T) {
		r := rehearse(t, nil)
		alone := r.deployAll(t.Context(), mdx.NewBatcher(r.client, 0), "a")["a"]
		batched := r.deployAll(t.Context(), mdx.NewBatcher(r.client, window), "b")["b"]
		if alone.err != nil || batched.err != nil {
			t.Fatal(alone.err, batched.err)
		}
		if batched.took > alone.took+window {
			t.Errorf("took %s in a batch, %s without", batched.took, alone.took)
		}
	})
}

func TestThoseWhoTrickleInGoOutTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := rehearse(t, nil)
		b := mdx.NewBatcher(r.client, 100*time.Millisecond)
		var wg sync.WaitGroup
		for i, name := range numbered(0, 9) {
			wg.Go(func() {
				time.Sleep(time.Duration(i) * 60 * time.Millisecond) //nolint:forbidigo // in the bubble's time
				r.wantAllMade(t, r.deployAll(t.Context(), b, name))
			})
		}
		wg.Wait()
		if diff := cmp.Diff([]string{"n-[0-9]"}, r.asked()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestWhatComesInWhileARequestIsOnItsWayGoesOutTogetherNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := rehearse(t, nil)
		b := mdx.NewBatcher(r.client, 100*time.Millisecond)
		var wg sync.WaitGroup
		for i, name := range numbered(1, 4) {
			wg.Go(func() {
				time.Sleep(time.Duration(i) * time.Second) //nolint:forbidigo // in the bubble's time
				r.wantAllMade(t, r.deployAll(t.Context(), b, name))
			})
		}
		wg.Wait()
		if diff := cmp.Diff([]string{"n-1", "n-[2-4]"}, r.asked()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestMachinesThatDifferAreAskedForApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := rehearse(t, nil)
		b := mdx.NewBatcher(r.client, 100*time.Millisecond)
		var wg sync.WaitGroup
		for i, name := range numbered(1, 4) {
			wg.Go(func() {
				req := r.deploy
				req.VMName, req.PackNum = name, 1+i/2
				if _, err := b.Deploy(t.Context(), req); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		asked := r.asked()
		slices.Sort(asked)
		if diff := cmp.Diff([]string{"n-[1-2]", "n-[3-4]"}, asked); diff != "" {
			t.Error(diff)
		}
		if n := r.sim.Stats().Overlapping; n > 0 {
			t.Errorf("%d deploys overlapped", n)
		}
	})
}

func TestWithoutAWindowEveryMachineHasARequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := rehearse(t, nil)
		r.wantAllMade(t, r.deployAll(t.Context(), mdx.NewBatcher(r.client, 0), numbered(1, 3)...))
		asked := r.asked()
		slices.Sort(asked)
		if diff := cmp.Diff([]string{"n-1", "n-2", "n-3"}, asked); diff != "" {
			t.Error(diff)
		}
		if n := r.sim.Stats().Overlapping; n > 0 {
			t.Errorf("%d deploys overlapped", n)
		}
	})
}

func TestOfARefusedRangeTheBadMemberFailsAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := rehearse(t, func(w *mdxsim.World) {
			vms := &w.Organisations[0].Projects[0].VMs
			taken := (*vms)[1]
			taken.UUID, taken.Name, taken.Adapters = "00000000-0000-4000-8000-000000000001", "n-2", nil
			*vms = append(*vms, taken)
		})
		results := r.deployAll(t.Context(), mdx.NewBatcher(r.client, 100*time.Millisecond), numbered(1, 3)...)
		if e, ok := errors.AsType[*mdx.Error](results["n-2"].err); !ok || e.Status != http.StatusBadRequest || mdx.IsAmbiguous(e) {
			t.Errorf("n-2: %v", results["n-2"].err)
		} else if e.Object != "n-2" {
			t.Errorf("the error is about %q", e.Object)
		}
		delete(results, "n-2")
		r.wantAllMade(t, results)
		if diff := cmp.Diff([]string{"n-[1-3]", "n-1", "n-2", "n-3"}, r.asked()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestALostAnswerIsLookedUpAndNotSentAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := rehearse(t, nil)
		r.lost["n-[1-3]"] = 1
		results := r.deployAll(t.Context(), mdx.NewBatcher(r.client, 100*time.Millisecond), numbered(1, 3)...)
		r.wantAllMade(t, results)
		if diff := cmp.Diff([]string{"n-[1-3]"}, r.asked()); diff != "" {
			t.Error(diff)
		}
		if got := r.sim.Stats().DuplicateNames; len(got) > 0 {
			t.Errorf("asked for again: %q", got)
		}
	})
}

func TestARequestThatNeverArrivedIsSentAgainOnceThePortalWasAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := rehearse(t, nil)
		r.block["n-[1-3]"] = 1
		results := r.deployAll(t.Context(), mdx.NewBatcher(r.client, 100*time.Millisecond), numbered(1, 3)...)
		r.wantAllMade(t, results)
		if diff := cmp.Diff([]string{"n-[1-3]", "n-[1-3]"}, r.asked()); diff != "" {
			t.Error(diff)
		}
		for name, got := range results {
			if got.took < 100*time.Second {
				t.Errorf("%s was sent again after %s", name, got.took)
			}
		}
	})
}

func TestALostRequestIsNotSentAgainWhileThePortalCanNotBeAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := rehearse(t, nil)
		r.block["n-1"] = 1
		silent := mdxsim.Fault{
			Route: "GET /api/vm/project/{project}/", Nth: 1, Times: 1_000_000, Kind: mdxsim.Slow, Delay: mdxsim.Span(time.Hour),
		}
		if err := r.sim.SetFaults([]mdxsim.Fault{silent}); err != nil {
			t.Fatal(err)
		}
		got := r.deployAll(t.Context(), mdx.NewBatcher(r.client, 100*time.Millisecond), "n-1")["n-1"]
		if !mdx.IsAmbiguous(got.err) {
			t.Errorf("err = %v", got.err)
		}
		if diff := cmp.Diff([]string{"n-1"}, r.asked()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestADeployThatKeepsGettingLostIsAmbiguous(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := rehearse(t, nil)
		r.block["n-1"] = 1000
		got := r.deployAll(t.Context(), mdx.NewBatcher(r.client, 100*time.Millisecond), "n-1")["n-1"]
		if !mdx.IsAmbiguous(got.err) {
			t.Errorf("err = %v", got.err)
		}
		if n := len(r.asked()); n != 1+mdx.DefaultMaxRetries {
			t.Errorf("%d requests", n)
		}
	})
}

func TestTheEndOfOneContextEndsOneMachineOnlyAndLosesNoID(t *testing.T) {
	for name, tc := range map[string]struct {
		after time.Duration
		made  bool
		asked []string
	}{
		"before it is sent": {50 * time.Millisecond, false, []string{"n-[2-3]"}},
		"on its way":        {2 * time.Second, true, []string{"n-[1-3]"}},
		"when it is made":   {8 * time.Second, true, []string{"n-[1-3]"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := rehearse(t, nil)
				b := mdx.NewBatcher(r.client, 100*time.Millisecond)
				var wg sync.WaitGroup
				wg.Go(func() {
					ctx, cancel := context.WithTimeout(t.Context(), tc.after)
					defer cancel()
					got := r.deployAll(ctx, b, "n-1")
					if tc.made {
						r.wantAllMade(t, got)
					} else if err := got["n-1"].err; !errors.Is(err, context.DeadlineExceeded) || mdx.IsAmbiguous(err) {
						t.Errorf("n-1 = %v", err)
					}
				})
				wg.Go(func() { r.wantAllMade(t, r.deployAll(t.Context(), b, "n-2", "n-3")) })
				wg.Wait()
				if diff := cmp.Diff(tc.asked, r.asked()); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

func TestWhoeverWaitsForATurnCanStillWithdraw(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := rehearse(t, nil)
		b := mdx.NewBatcher(r.client, 0)
		var wg sync.WaitGroup
		wg.Go(func() { r.wantAllMade(t, r.deployAll(t.Context(), b, "n-1")) })
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second) // a deploy takes six
		defer cancel()
		for name, got := range r.deployAll(ctx, b, "n-2", "n-3") {
			if !errors.Is(got.err, context.DeadlineExceeded) || mdx.IsAmbiguous(got.err) || got.took != time.Second {
				t.Errorf("%s = %v after %s", name, got.err, got.took)
			}
		}
		wg.Wait()
		if diff := cmp.Diff([]string{"n-1"}, r.asked()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestAnIDThatDoesNotComeAfterTheEndIsGivenUpAsAmbiguous(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := rehearse(t, nil)
		r.block["n-1"] = 1000
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		got := r.deployAll(ctx, mdx.NewBatcher(r.client, 0), "n-1")["n-1"]
		if !mdx.IsAmbiguous(got.err) || got.took > 2*time.Minute {
			t.Errorf("n-1 = %v after %s", got.err, got.took)
		}
		if n := len(r.asked()); n > 1 {
			t.Errorf("%d requests", n)
		}
	})
}

// What is to be sent again may be withdrawn, but what became of the first request is still not known.
func TestWhoWithdrawsAfterALostRequestIsToldThatItMayHaveBeenCarriedOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := rehearse(t, nil)
		r.block["n-1"] = 1
		window := time.Minute
		ctx, cancel := context.WithTimeout(t.Context(), window+2*time.Minute) // the portal is asked for 100 seconds
		defer cancel()
		got := r.deployAll(ctx, mdx.NewBatcher(r.client, window), "n-1")["n-1"]
		if !errors.Is(got.err, context.DeadlineExceeded) || !mdx.IsAmbiguous(got.err) {
			t.Errorf("n-1 = %v", got.err)
		}
		if diff := cmp.Diff([]string{"n-1"}, r.asked()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestWhenNobodyWaitsAnyMoreNothingIsSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // fails if a goroutine stays behind
		r := rehearse(t, nil)
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		for name, got := range r.deployAll(ctx, mdx.NewBatcher(r.client, 100*time.Millisecond), "n-1", "n-2") {
			if !errors.Is(got.err, context.DeadlineExceeded) || mdx.IsAmbiguous(got.err) {
				t.Errorf("%s = %v", name, got.err)
			}
		}
		synctest.Wait()
		time.Sleep(time.Minute) //nolint:forbidigo // in the bubble's time
		if asked := r.asked(); len(asked) > 0 {
			t.Errorf("sent: %q", asked)
		}
	})
}

func TestAFailedDeployStillTellsWhatItMayHaveLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := rehearse(t, nil)
		if err := r.sim.SetFaults([]mdxsim.Fault{{Route: "POST /api/vm/deploy/", Nth: 1, Kind: mdxsim.TaskFails}}); err != nil {
			t.Fatal(err)
		}
		results := r.deployAll(t.Context(), mdx.NewBatcher(r.client, 100*time.Millisecond), numbered(1, 3)...)
		if _, failed := errors.AsType[*mdx.TaskError](results["n-3"].err); !failed || results["n-3"].VM == "" {
			t.Errorf("n-3: %+v", results["n-3"])
		}
		delete(results, "n-3")
		r.wantAllMade(t, results)
	})
}

func TestACopyIsLookedForLikeAnyOtherMachine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := rehearse(t, nil)
		source := r.sim.World().Organisations[0].Projects[0].VMs[1]
		req := mdx.CloneRequest{
			Project: r.project, VMName: "copy", OSType: mdx.Linux, PackType: mdx.PackCPU, PackNum: 2, ServiceLevel: mdx.Spot,
			StorageNetwork: mdx.PortGroup, NetworkAdapters: r.deploy.NetworkAdapters,
		}
		b := mdx.NewBatcher(r.client, 100*time.Millisecond)
		got, err := b.Clone(t.Context(), mdx.VMID(source.UUID), req)
		if err != nil || got.Task == "" || got.VM != r.idOf("copy") {
			t.Errorf("%+v, %v", got, err)
		}
		_, err = b.Clone(t.Context(), mdx.VMID(source.UUID), req)
		if e, ok := errors.AsType[*mdx.Error](err); !ok || e.Status != http.StatusBadRequest {
			t.Errorf("a name that is taken: %v", err)
		}
	})
}

func TestWhoeverIsToldItsIDIsNotLookedForInTheList(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := rehearse(t, nil)
		r.wantAllMade(t, r.deployAll(t.Context(), mdx.NewBatcher(r.client, 0), "n-1"))
		if n := r.sim.Stats().Routes["GET /api/vm/project/{project}/"]; n > 0 {
			t.Errorf("asked for the list %d times", n)
		}
	})
}

func TestANameThatIsBeingDeployedIsNotDeployedTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := rehearse(t, nil)
		b := mdx.NewBatcher(r.client, 100*time.Millisecond)
		var wg sync.WaitGroup
		var mu sync.Mutex
		failed := 0
		for range 2 {
			wg.Go(func() {
				if r.deployAll(t.Context(), b, "n-1")["n-1"].err != nil {
					mu.Lock()
					defer mu.Unlock()
					failed++
				}
			})
		}
		wg.Wait()
		if failed != 1 || len(r.asked()) != 1 {
			t.Errorf("%d failed; asked for %q", failed, r.asked())
		}
	})
}

func TestARangeIsNoNameOfOneMachine(t *testing.T) {
	r := rehearse(t, nil)
	got := r.deployAll(t.Context(), mdx.NewBatcher(r.client, time.Millisecond), "n-[1-3]")["n-[1-3]"]
	if got.err == nil || len(r.asked()) > 0 {
		t.Errorf("err = %v, asked for %q", got.err, r.asked())
	}
}
