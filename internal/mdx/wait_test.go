package mdx_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// deployed puts n machines into the world, whose deploys begin one after the other and take a minute,
// and whose addresses come five minutes after that.
func (w *world) deployed(n int) {
	for i := range n {
		begin := time.Duration(i/10) * 2 * time.Second
		on := begin + time.Minute
		w.tasks = append(w.tasks, &worldTask{
			id: fmt.Sprintf("t%d", i), object: fmt.Sprintf("v%d", i), name: fmt.Sprintf("w-%d", i),
			born: after(begin), shown: after(begin + 4*time.Second), done: after(on),
		})
		w.vms = append(w.vms, &worldVM{
			id: fmt.Sprintf("v%d", i), name: fmt.Sprintf("w-%d", i), shown: after(begin + 10*time.Second),
			started: after(on), addressed: after(on + 5*time.Minute + time.Duration(i%7)*time.Second),
		})
	}
}

func TestWaitingForManyMachinesCostsPages(t *testing.T) {
	for _, tc := range []struct{ machines, most int }{{1, 100}, {10, 130}, {30, 180}, {100, 360}} {
		t.Run(strconv.Itoa(tc.machines), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.deployed(tc.machines)
				client := w.client()
				start := time.Now()
				var wg sync.WaitGroup
				for i := range tc.machines {
					wg.Go(func() {
						task, err := client.WaitTask(t.Context(), "p", mdx.TaskID(fmt.Sprintf("t%d", i)))
						if err != nil {
							t.Error(err)
							return
						}
						vm, err := client.WaitAddress(t.Context(), "p", mdx.VMID(task.ObjectID))
						if err != nil || vm.IPv4().String() != "10.0.0.1" {
							t.Errorf("WaitAddress = %+v, %v", vm, err)
						}
					})
				}
				wg.Wait()
				took := time.Since(start)
				t.Logf("%d machines: %d requests %v in %s", tc.machines, w.requests(), w.counts, took)
				if w.requests() > tc.most {
					t.Errorf("%d requests for %d machines, at most %d allowed", w.requests(), tc.machines, tc.most)
				}
				last := w.vms[len(w.vms)-1].addressed.Sub(start)
				if took > last+45*time.Second {
					t.Errorf("took %s, the last address was there after %s", took, last)
				}
			})
		})
	}
}

func TestOneStuckMachineDelaysNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.deployed(5)
		w.vms[0].addressed = time.Time{} // never
		client := w.client()
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
		defer cancel()
		start := time.Now()
		var wg sync.WaitGroup
		for _, vm := range w.vms {
			wg.Go(func() {
				_, err := client.WaitAddress(ctx, "p", mdx.VMID(vm.id), mdx.WithObject(vm.name))
				took := time.Since(start)
				if vm == w.vms[0] {
					if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), `address of VM "w-0"`) ||
						!strings.Contains(err.Error(), "PowerON") {
						t.Errorf("stuck machine: %v", err)
					}
					return
				}
				if err != nil || took > 8*time.Minute {
					t.Errorf("%s: %v after %s", vm.name, err, took)
				}
			})
		}
		wg.Wait()
		if w.requests() > 500 {
			t.Errorf("%d requests in twenty minutes", w.requests())
		}
	})
}

func TestAnAddressThatIsThereIsFoundAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		now := time.Now()
		for i := range 30 {
			w.vms = append(w.vms, &worldVM{id: fmt.Sprintf("v%d", i), name: "x", shown: now, started: now, addressed: now})
		}
		client := w.client()
		var wg sync.WaitGroup
		for i := range 30 {
			wg.Go(func() {
				if _, err := client.WaitAddress(t.Context(), "p", mdx.VMID(fmt.Sprintf("v%d", i))); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if took := time.Since(now); took > 10*time.Second {
			t.Errorf("took %s", took)
		}
		if w.requests() > 35 {
			t.Errorf("%d requests: %v", w.requests(), w.counts)
		}
	})
}

func TestWaitTaskReportsProgressAndEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.deployed(1)
		var seen []mdx.Progress
		task, err := w.client().WaitTask(t.Context(), "p", "t0", mdx.WithObject("w-0"),
			mdx.WithProgress(func(p mdx.Progress) { seen = append(seen, p) }))
		if err != nil || task.Status != mdx.TaskCompleted || task.ObjectID != "v0" || task.Percent != 100 {
			t.Fatalf("WaitTask = %+v, %v", task, err)
		}
		if len(seen) < 4 || seen[0].Object != "w-0" || seen[0].Operation != "task" || seen[0].Status != "Running" ||
			seen[len(seen)-1].Percent != 100 {
			t.Errorf("progress = %+v", seen)
		}
		for i := 1; i < len(seen); i++ {
			if seen[i].Percent < seen[i-1].Percent || seen[i].Elapsed <= seen[i-1].Elapsed {
				t.Errorf("progress runs backwards: %+v", seen)
			}
		}
	})
}

func TestWaitTaskObjectComesLongBeforeTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.deployed(1)
		start := time.Now()
		task, err := w.client().WaitTaskObject(t.Context(), "p", "t0")
		if err != nil || task.ObjectID != "v0" || time.Since(start) > 10*time.Second {
			t.Errorf("WaitTaskObject = %+v, %v after %s", task, err, time.Since(start))
		}
	})
}

func TestAFailedTaskIsAnErrorWithThePortalsWords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.deployed(2)
		w.tasks[1].failure = "リソースが不足しています。"
		_, err := w.client().WaitTask(t.Context(), "p", "t1")
		failed, ok := errors.AsType[*mdx.TaskError](err)
		if !ok || failed.Task.ID != "t1" || !strings.Contains(err.Error(), "リソースが不足しています。") ||
			!strings.Contains(err.Error(), `"w-1"`) {
			t.Errorf("WaitTask = %v", err)
		}
	})
}

func TestAWaitCutShortSaysWhatStillRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.deployed(1)
		ctx, cancel := context.WithTimeout(t.Context(), 31*time.Second)
		defer cancel()
		start := time.Now()
		_, err := w.client().WaitTask(ctx, "p", "t0", mdx.WithObject("w-0"))
		cut, ok := errors.AsType[*mdx.WaitError](err)
		if !ok || !errors.Is(err, context.DeadlineExceeded) || cut.Last.Percent < 20 || cut.Last.Status != "Running" {
			t.Fatalf("WaitTask = %v", err)
		}
		for _, part := range []string{`task "w-0"`, "31s", "Running", "%"} {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%q lacks %q", err, part)
			}
		}
		if got := time.Since(start); got != 31*time.Second {
			t.Errorf("woke after %s", got)
		}
	})
}

func TestWaitsOutliveTheOneThatAsksForThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.deployed(3)
		client := w.client()
		var wg sync.WaitGroup
		for i := range 3 { // t0 and t1 give up while they may be asking; t2 goes on
			wg.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i+1)*20*time.Second)
				defer cancel()
				if i == 2 {
					ctx = t.Context()
				}
				_, err := client.WaitTask(ctx, "p", mdx.TaskID(fmt.Sprintf("t%d", i)))
				if gaveUp := errors.Is(err, context.DeadlineExceeded); gaveUp != (i < 2) {
					t.Errorf("t%d: %v", i, err)
				}
			})
		}
		wg.Wait()
	})
}

func TestWaitVMFollowsTheList(t *testing.T) {
	isOn := func(vm mdx.VMSummary) bool { return vm.Status == mdx.VMPowerOn }
	for name, tc := range map[string]struct {
		vm      func() worldVM // made in the test's time
		check   func(*testing.T, mdx.VMSummary, error)
		between [2]time.Duration
	}{
		"a machine that appears and starts": {
			func() worldVM { return worldVM{shown: after(20 * time.Second), started: after(40 * time.Second)} },
			func(t *testing.T, vm mdx.VMSummary, err error) {
				t.Helper()
				if err != nil || vm.Status != mdx.VMPowerOn {
					t.Errorf("WaitVM = %+v, %v", vm, err)
				}
			},
			[2]time.Duration{40 * time.Second, 50 * time.Second},
		},
		"a machine that vanishes": {
			func() worldVM { return worldVM{shown: after(0), gone: after(time.Minute)} },
			func(t *testing.T, _ mdx.VMSummary, err error) {
				t.Helper()
				if !mdx.IsNotFound(err) {
					t.Errorf("WaitVM = %v", err)
				}
			},
			[2]time.Duration{time.Minute, 80 * time.Second},
		},
		"a machine that never comes": {
			func() worldVM { return worldVM{} },
			func(t *testing.T, _ mdx.VMSummary, err error) {
				t.Helper()
				if !mdx.IsNotFound(err) {
					t.Errorf("WaitVM = %v", err)
				}
			},
			[2]time.Duration{2 * time.Minute, 130 * time.Second},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				vm := tc.vm()
				vm.id, vm.name = "v", "web"
				w.vms = append(w.vms, &vm)
				start := time.Now()
				got, err := w.client().WaitVM(t.Context(), "p", "v", isOn)
				tc.check(t, got, err)
				if took := time.Since(start); took < tc.between[0] || took > tc.between[1] {
					t.Errorf("took %s, want %s to %s", took, tc.between[0], tc.between[1])
				}
			})
		})
	}
}

func TestPowerIsNoticedFast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.vms = append(w.vms, &worldVM{id: "v", shown: after(0), started: after(0), off: after(9 * time.Second)})
		start := time.Now()
		_, err := w.client().WaitVM(t.Context(), "p", "v", func(vm mdx.VMSummary) bool { return vm.Status.IsStopped() })
		if took := time.Since(start); err != nil || took > 13*time.Second {
			t.Errorf("%v after %s", err, took)
		}
	})
}

func TestWaitVMNamedAndGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.vms = append(w.vms, &worldVM{id: "v", name: "web", shown: after(30 * time.Second), gone: after(90 * time.Second)})
		client := w.client()
		vm, err := client.WaitVMNamed(t.Context(), "p", "web")
		if err != nil || vm.ID != "v" {
			t.Fatalf("WaitVMNamed = %+v, %v", vm, err)
		}
		start := time.Now()
		if err := client.WaitVMGone(t.Context(), "p", "v"); err != nil || time.Since(start) < 45*time.Second {
			t.Errorf("WaitVMGone = %v after %s", err, time.Since(start))
		}
	})
}

func TestAMachineThatStopsWillGetNoAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.vms = append(w.vms, &worldVM{id: "v", name: "web", shown: after(0), started: after(0), off: after(time.Minute)})
		start := time.Now()
		_, err := w.client().WaitAddress(t.Context(), "p", "v", mdx.WithObject("web"))
		if took := time.Since(start); !mdx.IsConflict(err) || !strings.Contains(err.Error(), "PowerOFF") || took > 90*time.Second {
			t.Errorf("WaitAddress = %v after %s", err, took)
		}
	})
}

func TestWaitsSurviveAPortalThatIsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.deployed(3)
		down, up := after(20*time.Second), after(80*time.Second)
		w.fault = func(*http.Request, int) (int, bool) { return http.StatusServiceUnavailable, past(down) && !past(up) }
		client := w.client()
		var wg sync.WaitGroup
		for i := range 3 {
			wg.Go(func() {
				if _, err := client.WaitTask(t.Context(), "p", mdx.TaskID(fmt.Sprintf("t%d", i))); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	})
}

func TestWaitsEndWhenThePortalIsDownForGood(t *testing.T) {
	for _, tc := range []struct {
		status int
		most   time.Duration
	}{{http.StatusBadGateway, 15 * time.Minute}, {http.StatusForbidden, 10 * time.Second}} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			w.deployed(2)
			w.fault = func(*http.Request, int) (int, bool) { return tc.status, true }
			client := w.client()
			var wg sync.WaitGroup
			start := time.Now()
			for i := range 2 {
				wg.Go(func() {
					_, err := client.WaitTask(t.Context(), "p", mdx.TaskID(fmt.Sprintf("t%d", i)))
					cut, ok := errors.AsType[*mdx.WaitError](err)
					if !ok || cut.Last.Operation != "task" {
						t.Errorf("WaitTask = %v", err)
					}
					if mdx.IsUnauthorized(err) != (tc.status == http.StatusForbidden) {
						t.Errorf("WaitTask = %v", err)
					}
				})
			}
			wg.Wait()
			if took := time.Since(start); took > tc.most {
				t.Errorf("status %d: took %s", tc.status, took)
			}
		})
	}
}

func TestTheAddressOfTheOnlyMachineIsNotWaitedForOnceItIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.vms = append(w.vms, &worldVM{id: "v", name: "w", shown: after(0), started: after(0), gone: after(time.Minute)})
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		_, err := w.client().WaitAddress(ctx, "p", "v")
		if !mdx.IsNotFound(err) || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("err = %v", err)
		}
	})
}
