package mdx_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

// benchSpeed is how much faster than the real portal's the simulator's time runs in benchmarks.
const benchSpeed = 200

// BenchmarkWait deploys machines and waits for their addresses: with the shared watcher, and with a loop
// for each machine as one would write it. "requests" are those of the waiting alone, "portal-s" the
// portal's seconds from the first deploy to the last address.
func BenchmarkWait(b *testing.B) {
	for _, machines := range []int{1, 10, 100} {
		b.Run(fmt.Sprintf("shared/%d", machines), func(b *testing.B) { benchmarkWait(b, machines, waitShared) })
		b.Run(fmt.Sprintf("each/%d", machines), func(b *testing.B) { benchmarkWait(b, machines, waitEach) })
	}
}

type waitFunc func(ctx context.Context, client *mdx.Client, project mdx.ProjectID, id mdx.TaskID) error

func waitShared(ctx context.Context, client *mdx.Client, project mdx.ProjectID, id mdx.TaskID) error {
	task, err := client.WaitTask(ctx, project, id)
	if err != nil {
		return err
	}
	_, err = client.WaitAddress(ctx, project, mdx.VMID(task.ObjectID))
	return err
}

// waitEach asks for the task, then for the machine, every five seconds of the portal's.
func waitEach(ctx context.Context, client *mdx.Client, project mdx.ProjectID, id mdx.TaskID) error {
	tick := time.NewTicker(mdx.DefaultPollInterval / benchSpeed)
	defer tick.Stop()
	var task mdx.Task
	for ; ; <-tick.C {
		var err error
		if task, err = client.Task(ctx, id); err != nil && !mdx.IsNotFound(err) {
			return err
		}
		if task.Done() {
			break
		}
	}
	for ; ; <-tick.C {
		vm, err := client.VM(ctx, project, mdx.VMID(task.ObjectID))
		if err != nil && !mdx.IsNotFound(err) {
			return err
		}
		if err == nil && vm.IPv4().IsValid() {
			return nil
		}
	}
}

func benchmarkWait(b *testing.B, machines int, wait waitFunc) {
	b.Helper()
	b.ReportAllocs()
	var names []string
	for i := range machines {
		names = append(names, fmt.Sprintf("bench-%d", i+1))
	}
	var requests, elapsed float64
	for range b.N {
		world := mdxsim.DefaultWorld()
		for i := range world.Organisations {
			for j := range world.Organisations[i].Projects {
				world.Organisations[i].Projects[j].Quota = mdxsim.Quota{}
			}
		}
		sim, client, project := simulated(b, mdxsim.Config{Speed: benchSpeed, World: world})
		catalog, segment := parts(b, client, project)
		before, deploys := sim.Stats().Requests, 0
		start := time.Now()
		var wg sync.WaitGroup
		for _, plan := range mdx.PlanNames(names) {
			tasks, err := client.Deploy(b.Context(), request(project, catalog, segment, plan.VMName))
			if err != nil {
				b.Fatal(err)
			}
			deploys++
			for _, id := range tasks {
				wg.Go(func() {
					if err := wait(b.Context(), client, project, id); err != nil {
						b.Error(err)
					}
				})
			}
		}
		wg.Wait()
		elapsed += time.Since(start).Seconds() * benchSpeed
		requests += float64(sim.Stats().Requests - before - deploys)
	}
	b.ReportMetric(requests/float64(b.N), "requests/op")
	b.ReportMetric(elapsed/float64(b.N), "portal-s/op")
}

// BenchmarkDecode reads a page of a hundred machines, from the socket's bytes to typed values.
func BenchmarkDecode(b *testing.B) {
	var vms []any
	for i := range 100 {
		vms = append(vms, map[string]any{
			"uuid": fmt.Sprintf("7d6f4c1e-9c53-4a1b-8f6d-%012d", i), "name": fmt.Sprintf("unit-%d", i), "status": "PowerON",
			"vcenter": "vc1", "running_tasks": []any{}, "service_level": "スポット仮想マシン", "force_stop": false, "allocation": nil,
		})
	}
	page, err := json.Marshal(map[string]any{"count": 100, "next": nil, "previous": nil, "results": vms})
	if err != nil {
		b.Fatal(err)
	}
	s := &script{answers: []reply{says(http.StatusOK, string(page))}}
	client, err := mdx.New(mdx.Config{Token: "t", Transport: s, LockDir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(page)))
	b.ReportAllocs()
	for b.Loop() {
		got, err := client.VMs(b.Context(), "p")
		if err != nil || len(got) != 100 || !strings.HasPrefix(got[99].Name, "unit-") {
			b.Fatalf("%d VMs, %v", len(got), err)
		}
		s.asked = s.asked[:0]
	}
}
