package mdx_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

// simulated is a client of a simulated portal with all its hazards, whose minutes take no time.
func simulated(tb testing.TB, cfg mdxsim.Config) (*mdxsim.Sim, *mdx.Client, mdx.ProjectID) {
	tb.Helper()
	sim, err := mdxsim.New(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = sim.Close() })
	server := httptest.NewServer(sim.Handler())
	tb.Cleanup(server.Close)
	client, err := mdx.New(mdx.Config{
		Endpoint: server.URL, Token: "demo", LockDir: tb.TempDir(),
		PollInterval: time.Duration(float64(mdx.DefaultPollInterval) / cfg.Speed),
	})
	if err != nil {
		tb.Fatal(err)
	}
	projects, err := client.Projects(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	for _, p := range projects {
		if !p.Expired && !p.Suspended {
			return sim, client, p.ID
		}
	}
	tb.Fatal("no project to work in")
	return nil, nil, ""
}

// parts is what a machine is made of in the simulated project.
func parts(tb testing.TB, client *mdx.Client, project mdx.ProjectID) (mdx.Catalog, mdx.Segment) {
	tb.Helper()
	catalogs, err := client.Catalogs(tb.Context(), project)
	if err != nil || len(catalogs) == 0 {
		tb.Fatalf("Catalogs = %v, %v", catalogs, err)
	}
	segments, err := client.Segments(tb.Context(), project)
	if err != nil {
		tb.Fatal(err)
	}
	for _, s := range segments {
		if s.Default {
			return catalogs[0], s
		}
	}
	tb.Fatalf("no default segment in %v", segments)
	return mdx.Catalog{}, mdx.Segment{}
}

func request(project mdx.ProjectID, catalog mdx.Catalog, segment mdx.Segment, name string) mdx.DeployRequest {
	return mdx.DeployRequest{
		Project: project, Catalog: catalog.ID, VMName: name, TemplateName: catalog.TemplateName, OSType: catalog.OSType,
		DiskGB: max(catalog.MinDiskGB, 40), PackType: mdx.PackCPU, PackNum: 3, ServiceLevel: mdx.Spot,
		StorageNetwork: mdx.PortGroup, NetworkAdapters: []mdx.NetworkAdapter{{AdapterNumber: 1, Segment: segment.ID}},
		SharedKey: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ1a2b3c4d5e6f7g8h9i0jklmnopqrstuvwxyzABCDEF test", PowerOn: true,
	}
}

// TestContractAMachinesLife leads one machine through everything the portal can do to it.
func TestContractAMachinesLife(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	sim, client, project := simulated(t, mdxsim.Config{Speed: 2000})
	catalog, segment := parts(t, client, project)
	must := func(tasks []mdx.TaskID, err error) mdx.Task {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		var task mdx.Task
		for _, id := range tasks {
			if task, err = client.WaitTask(ctx, project, id); err != nil {
				t.Fatal(err)
			}
		}
		return task
	}
	state := func(id mdx.VMID, want func(mdx.VMSummary) bool) {
		t.Helper()
		if _, err := client.WaitVM(ctx, project, id, want); err != nil {
			t.Fatal(err)
		}
	}
	on := func(vm mdx.VMSummary) bool { return vm.Status == mdx.VMPowerOn }
	off := func(vm mdx.VMSummary) bool { return vm.Status.IsStopped() }

	tasks, err := client.Deploy(ctx, request(project, catalog, segment, "life"))
	if err != nil || len(tasks) != 1 {
		t.Fatalf("Deploy = %v, %v", tasks, err)
	}
	early, err := client.WaitTaskObject(ctx, project, tasks[0])
	if err != nil || early.ObjectID == "" {
		t.Fatalf("WaitTaskObject = %+v, %v", early, err)
	}
	id := mdx.VMID(early.ObjectID)
	if task := must(tasks, nil); task.ObjectID != string(id) {
		t.Fatalf("task is about %q, before about %q", task.ObjectID, id)
	}
	vm, err := client.WaitAddress(ctx, project, id)
	if err != nil {
		t.Fatal(err)
	}
	summary, err := client.Segment(ctx, segment.ID)
	if err != nil || !summary.IPRange.Contains(vm.IPv4()) {
		t.Fatalf("address %s is not in %v, %v", vm.IPv4(), summary, err)
	}
	if vm.ID != id || vm.Name != "life" || vm.ServiceLevel != mdx.Spot || vm.PackNum != 3 || vm.PackType != mdx.PackCPU ||
		len(vm.HardDisks) != 1 || vm.HardDisks[0].CapacityGB < 40 || vm.ServiceNetworks[0].SegmentName != segment.Name ||
		vm.MemoryGB < 4 || vm.CPU != 3 {
		t.Errorf("VM = %+v", vm)
	}
	must(client.Shutdown(ctx, id))
	state(id, off)
	disk := vm.HardDisks[0]
	disk.CapacityGB += 10
	must(client.Reconfigure(ctx, id, mdx.Reconfiguration{
		HardDisks: []mdx.HardDisk{disk}, PackNum: 4, NetworkAdapters: []mdx.NetworkAdapter{{AdapterNumber: 1, Segment: segment.ID}},
	}))
	must(client.Rename(ctx, id, "renamed"))
	must(client.PowerOn(ctx, id, mdx.Guarantee))
	state(id, on)
	vm, err = client.WaitAddress(ctx, project, id)
	if err != nil || vm.Name != "renamed" || vm.PackNum != 4 || vm.HardDisks[0].CapacityGB != disk.CapacityGB || vm.ServiceLevel != mdx.Guarantee {
		t.Errorf("after the changes, VM = %+v, %v", vm, err)
	}
	ended := func() (n int) {
		for task, err := range client.VMHistory(ctx, id, mdx.HistoryFilter{}) {
			if err != nil {
				t.Fatal(err)
			}
			if task.Done() {
				n++
			}
		}
		return n
	}
	before := ended()
	must(client.Reboot(ctx, id))
	for ended() == before { // neither a task's id nor the state tells when it is over
		<-time.After(2 * time.Millisecond)
	}
	must(client.Synchronize(ctx, project))
	must(client.PowerOff(ctx, id))
	state(id, off)
	must(client.Destroy(ctx, id))
	if err := client.WaitVMGone(ctx, project, id); err != nil {
		t.Fatal(err)
	}
	if _, err := client.VM(ctx, project, id); !mdx.IsNotFound(err) {
		t.Errorf("a destroyed VM is read: %v", err)
	}
	if stats := sim.Stats(); stats.Overlapping > 0 || stats.Overloaded > 0 || len(stats.DuplicateNames) > 0 {
		t.Errorf("the portal was maltreated: %+v", stats)
	}
}

// TestContractManyMachines deploys thirty machines at once, as a hurried program would.
func TestContractManyMachines(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	sim, client, project := simulated(t, mdxsim.Config{Speed: 500})
	catalog, segment := parts(t, client, project)
	before := sim.Stats().Requests
	var names []string
	for i := range 30 {
		names = append(names, fmt.Sprintf("unit-%d", i+1))
	}
	addresses := map[netip.Addr]bool{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for _, plan := range mdx.PlanNames(names) {
		wg.Go(func() {
			tasks, err := client.Deploy(ctx, request(project, catalog, segment, plan.VMName))
			if err != nil || len(tasks) != len(plan.Names) {
				t.Errorf("Deploy(%s) = %v, %v", plan.VMName, tasks, err)
				return
			}
			for _, id := range tasks {
				wg.Go(func() {
					task, err := client.WaitTask(ctx, project, id)
					if err != nil {
						t.Error(err)
						return
					}
					vm, err := client.WaitAddress(ctx, project, mdx.VMID(task.ObjectID))
					if err != nil || vm.Name != task.ObjectName {
						t.Errorf("WaitAddress(%s) = %+v, %v", task.ObjectName, vm, err)
						return
					}
					mu.Lock()
					defer mu.Unlock()
					addresses[vm.IPv4()] = true
				})
			}
		})
	}
	wg.Wait()
	if len(addresses) != len(names) {
		t.Errorf("%d addresses for %d machines", len(addresses), len(names))
	}
	stats := sim.Stats()
	t.Logf("%d requests: %v", stats.Requests-before, stats.Routes)
	if stats.Overlapping > 0 || stats.Overloaded > 0 || stats.Deployed != len(names) || len(stats.DuplicateNames) > 0 {
		t.Errorf("the portal was maltreated: %+v", stats)
	}
}

func TestContractTokensExpireUnderway(t *testing.T) {
	_, client, project := simulated(t, mdxsim.Config{Speed: 1000, TokenLifetime: 2 * time.Second})
	if err := client.RefreshToken(t.Context()); err != nil { // the first token does not tell its end
		t.Fatal(err)
	}
	for end := time.Now().Add(3 * time.Second); time.Now().Before(end); <-time.After(50 * time.Millisecond) {
		if _, err := client.VMs(t.Context(), project); err != nil {
			t.Fatal(err)
		}
	}
}
