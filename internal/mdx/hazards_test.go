package mdx_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// What PORTAL.md §8 warns of, number by number. Where a hazard is the subject of other tests too, this
// one shows it in short.

func TestHazard1DeploysGoOneAfterTheOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gauge{now: map[string]int{}, most: map[string]int{}}
		client, err := mdx.New(mdx.Config{Endpoint: "https://portal.example", Token: "t", Transport: g, LockDir: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() { _, _ = client.Deploy(t.Context(), mdx.DeployRequest{Project: "p", VMName: "a"}) })
		}
		wg.Wait()
		if g.most["deploy"] != 1 || time.Since(start) != 10*time.Second {
			t.Errorf("%d at once, %s in all", g.most["deploy"], time.Since(start))
		}
	})
}

func TestHazard2ADetailThatIsDeniedIsNotBelieved(t *testing.T) {
	const listed = `[{"uuid":"v","name":"web","status":"PowerON"}]`
	synctest.Test(t, func(t *testing.T) {
		denied, list := says(404, ``), says(200, listed)
		s, client := scripted(t, denied, list)
		s.answers = append(s.answers, denied, list, says(200, `{"name":"web"}`))
		if vm, err := client.VM(t.Context(), "p", "v"); err != nil || vm.Name != "web" {
			t.Errorf("VM = %+v, %v", vm, err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		denied, none := says(404, ``), says(200, `[]`)
		s, client := scripted(t, denied, none)
		s.answers = append(s.answers, denied, none)
		if _, err := client.VM(t.Context(), "p", "v"); !mdx.IsNotFound(err) || !strings.Contains(err.Error(), "list") {
			t.Errorf("VM = %v", err)
		}
	})
	synctest.Test(t, func(t *testing.T) { // list and detail never agree
		s, client := scripted(t, says(404, ``))
		s.answers = []reply{func(w http.ResponseWriter, r *http.Request) error {
			if strings.HasPrefix(r.URL.Path, "/api/vm/project/") {
				return says(200, listed)(w, r)
			}
			return says(404, ``)(w, r)
		}}
		if _, err := client.VM(t.Context(), "p", "v"); mdx.IsNotFound(err) || !mdx.IsOverloaded(err) {
			t.Errorf("VM = %v", err)
		}
	})
	for _, status := range []int{403, 404} { // the list can't be asked
		synctest.Test(t, func(t *testing.T) {
			_, client := scripted(t, says(404, ``), says(status, ``))
			if _, err := client.VM(t.Context(), "p", "v"); err == nil || mdx.IsNotFound(err) {
				t.Errorf("list answered %d: VM = %v", status, err)
			}
		})
	}
}

func TestHazard3WhatIsNewIsWaitedFor(t *testing.T) {
	for _, tasks := range []int{1, 3} {
		t.Run(fmt.Sprintf("%d tasks", tasks), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				for i := range tasks {
					w.tasks = append(w.tasks, &worldTask{
						id: fmt.Sprint("t", i), object: "v", born: after(0), shown: after(40 * time.Second), done: after(time.Minute),
					})
				}
				client := w.client()
				var wg sync.WaitGroup
				for i := range tasks {
					wg.Go(func() {
						if task, err := client.WaitTask(t.Context(), "p", mdx.TaskID(fmt.Sprint("t", i))); err != nil || !task.Done() {
							t.Errorf("WaitTask = %+v, %v", task, err)
						}
					})
				}
				wg.Wait()
			})
		})
	}
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.vms = append(w.vms, &worldVM{id: "v", name: "web", shown: after(95 * time.Second)})
		if vm, err := w.client().WaitVMNamed(t.Context(), "p", "web"); err != nil || vm.ID != "v" {
			t.Errorf("WaitVMNamed = %+v, %v", vm, err)
		}
	})
}

func TestHazard4AnAddressMayTakeTwentyMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.vms = append(w.vms, &worldVM{id: "v", shown: after(0), started: after(0), addressed: after(20 * time.Minute)})
		vm, err := w.client().WaitAddress(t.Context(), "p", "v")
		if err != nil || vm.IPv4().String() != "10.0.0.1" {
			t.Errorf("WaitAddress = %+v, %v", vm, err)
		}
	})
}

func TestHazard5ALostAnswerIsNotARefusal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, client := scripted(t, breaks(errors.New("connection reset by peer")), says(202, `{"task_id":["t"]}`))
		_, err := client.Deploy(t.Context(), mdx.DeployRequest{Project: "p", VMName: "web"})
		if !mdx.IsAmbiguous(err) || len(s.asked) != 1 || !strings.Contains(err.Error(), "may have been carried out") {
			t.Errorf("%d requests: %v", len(s.asked), err)
		}
	})
}

func TestHazard6TokensExpireUnderway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &issuer{current: jwt(1, time.Now().Add(10*time.Minute))}
		p.issue = func() string { return jwt(2, time.Now().Add(time.Hour)) }
		client := p.client(t, func(c *mdx.Config) { c.Token = p.current })
		<-time.After(9*time.Minute + 50*time.Second)
		if _, err := client.Projects(t.Context()); err != nil || p.refreshes != 1 || p.asked != 1 {
			t.Errorf("%v after %d refreshes and %d requests", err, p.refreshes, p.asked)
		}
	})
}

func TestHazard7ASpotMachineIsPutToSleepUnderway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.vms = append(w.vms, &worldVM{id: "v", name: "web", shown: after(0), started: after(0), off: after(3 * time.Minute)})
		start := time.Now()
		_, err := w.client().WaitAddress(t.Context(), "p", "v", mdx.WithObject("web"))
		if !mdx.IsConflict(err) || time.Since(start) > 4*time.Minute {
			t.Errorf("WaitAddress = %v after %s", err, time.Since(start))
		}
	})
}

func TestHazard8AListThatOmitsAnEntryOnceIsNotBelieved(t *testing.T) {
	s, client := scripted(t, says(200, `[{"uuid":"a"}]`), says(200, `[{"uuid":"a"},{"uuid":"b"}]`))
	if vms, err := client.VMs(t.Context(), "p"); err != nil || len(vms) != 2 || len(s.asked) != 2 {
		t.Errorf("%v after %d requests: %v", vms, len(s.asked), err)
	}
}

func TestHazard9AListMayChangeWhileItIsRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &restless{rows: []string{"a"}, change: func(l *restless) { l.rows = append(l.rows, fmt.Sprint("r", len(l.rows))) }}
		for range 120 {
			l.change(l)
		}
		client, err := mdx.New(mdx.Config{Endpoint: "https://portal.example", Token: "t", Transport: l, LockDir: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		if rules, err := client.ACLRules(t.Context(), "s", mdx.ACLv4); err != nil || len(rules) <= 121 {
			t.Errorf("%d rules, %v", len(rules), err)
		}
	})
}

func TestHazard10ANotFoundIsNoProof(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := scripted(t, says(404, ``), says(200, `{"ip_range":"10.0.1.0/21"}`))
		if segment, err := client.Segment(t.Context(), "s"); err != nil || !segment.IPRange.IsValid() {
			t.Errorf("%+v, %v", segment, err)
		}
	})
}

func TestHazard11AListWithoutAnEndIsAnError(t *testing.T) {
	s, client := scripted(t, says(200, `{"count":1,"next":"?page=2","results":[{"uuid":"a"}]}`))
	if _, err := client.DNATs(t.Context(), "p"); err == nil || !strings.Contains(err.Error(), "list DNAT rules") || len(s.asked) > 10 {
		t.Errorf("after %d requests: %v", len(s.asked), err)
	}
}

func TestHazard12AnOutageIsSharedByAllWhoAsk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, client := scripted(t, says(503, ``))
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				if _, err := client.VMs(t.Context(), "p"); !mdx.IsOverloaded(err) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if len(s.asked) != 1+mdx.DefaultMaxRetries {
			t.Errorf("%d requests", len(s.asked))
		}
	})
}
