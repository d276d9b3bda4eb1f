package mdxsim_test

import (
	"fmt"
	"testing"
	"time"
)

func TestReconfigure(t *testing.T) {
	p := frozen(t, fast())
	running := p.deployed("running")
	disk := func(gb int) []any {
		return []any{map[string]any{"disk_number": 1, "device_key": 2000, "capacity": gb}}
	}
	if end := p.ended(p.post("/api/vm/"+running+"/reconfigure/", map[string]any{"pack_num": 4}).must(202).task()); end["status"] != "Failed" {
		t.Errorf("a running machine: %v", end)
	}
	id := p.stopped("off")
	change := map[string]any{
		"hard_disks": disk(60), "pack_num": 5,
		"network_adapters": []any{
			map[string]any{"adapter_number": 1, "segment": demoSegment},
			map[string]any{"adapter_number": 2, "segment": "5f0c8f3e-5d0b-4e55-8a63-51d5e1c0a002"},
		},
	}
	if end := p.ended(p.post("/api/vm/"+id+"/reconfigure/", change).must(202).task()); end["status"] != "Completed" {
		t.Fatalf("%v", end)
	}
	detail := p.get("/api/vm/" + id + "/").must(200).object()
	if nets := detail["service_networks"].([]any); len(nets) != 2 || nets[1].(map[string]any)["segment"] != "backend" {
		t.Errorf("networks: %v", nets)
	}
	if detail["pack_num"] != 5.0 || fmt.Sprint(detail["hard_disks"]) != "[map[capacity:60 GB datastore:vsan-01 device_key:2000 disk_number:1]]" {
		t.Errorf("packs %v, disks %v", detail["pack_num"], detail["hard_disks"])
	}
	if end := p.ended(p.post("/api/vm/"+id+"/reconfigure/", map[string]any{"hard_disks": disk(40)}).must(202).task()); end["status"] != "Failed" {
		t.Errorf("a shrinking disk: %v", end)
	}
	p.post("/api/vm/"+id+"/reconfigure/", map[string]any{"pack_num": 153}).must(400)
	p.post("/api/vm/"+id+"/reconfigure/", map[string]any{"hard_disks": disk(0)}).must(400)
}

func TestRename(t *testing.T) {
	p := frozen(t, fast())
	id := p.deployed("a")
	p.post("/api/vm/"+id+"/rename/", map[string]any{"vm_name": "sato-notebook"}).must(400)
	p.post("/api/vm/"+id+"/rename/", map[string]any{"vm_name": "b-[1-2]"}).must(400)
	p.post("/api/vm/"+id+"/rename/", map[string]any{}).must(400)
	if end := p.ended(p.post("/api/vm/"+id+"/rename/", map[string]any{"vm_name": "b"}).must(202).task()); end["status"] != "Completed" {
		t.Fatalf("%v", end)
	}
	if p.vmNamed("a") != nil || p.vmNamed("b") == nil {
		t.Error("it is not called b")
	}
}

// The clone ends powered off; starting it earlier fails (PORTAL.md §5).
func TestClone(t *testing.T) {
	p := frozen(t, fast())
	id := p.deployed("a")
	body := deployBody("copy", func(b map[string]any) { delete(b, "catalog"); delete(b, "disk_size") })
	task := p.post("/api/vm/"+id+"/clone/", body).must(202).task()
	p.Advance(30 * time.Second)
	copied := p.vmNamed("copy")["uuid"].(string)
	p.post("/api/vm/"+copied+"/power_on/", map[string]any{"service_level": "spot"}).must(202)
	p.post("/api/vm/"+id+"/clone/", body).must(400)
	if end := p.ended(task); end["status"] != "Completed" || end["type"] != "クローン" {
		t.Errorf("%v", end)
	}
	if got := p.status(copied); got != "PowerOFF" {
		t.Errorf("status: %s", got)
	}
	if disks := p.get("/api/vm/" + copied + "/").must(200).object()["hard_disks"].([]any); len(disks) != 1 {
		t.Errorf("disks: %v", disks)
	}
}

func TestSynchronize(t *testing.T) {
	p := frozen(t, fast())
	p.post("/api/vm/synchronize/project/"+demoProject+"/", nil).must(202)
	p.post("/api/vm/synchronize/project/nothing/", nil).must(403)
}

// In a dedicated project machines are sized by cores and memory.
func TestDedicatedProject(t *testing.T) {
	p := frozen(t, fast())
	const project, segment = "7d6f4c1e-9c53-4a1b-8f6d-2f4f5b6c7d02", "5f0c8f3e-5d0b-4e55-8a63-51d5e1c0a003"
	body := func(cpu, memory int) map[string]any {
		return deployBody("d", func(b map[string]any) {
			b["project"], b["cpu"], b["memory"] = project, cpu, memory
			b["network_adapters"] = []any{map[string]any{"adapter_number": 1, "segment": segment}}
			delete(b, "pack_type")
			delete(b, "pack_num")
		})
	}
	p.post("/api/vm/deploy/", deployBody("d", func(b map[string]any) {
		b["project"] = project
		b["network_adapters"] = []any{map[string]any{"adapter_number": 1, "segment": segment}}
	})).must(400)
	p.post("/api/vm/deploy/", body(4, 0)).must(400)
	p.post("/api/vm/deploy/", body(153, 8)).must(400) // beyond the quota
	p.post("/api/vm/deploy/", body(4, 8)).must(202)
	p.Advance(time.Hour)
	row := p.get("/api/vm/project/" + project + "/").must(200).rows()[0]
	detail := p.get("/api/vm/" + row["uuid"].(string) + "/").must(200).object()
	if detail["cpu"] != 4.0 || detail["memory"] != "8.0 GB" || detail["pack_type"] != nil {
		t.Errorf("size: %v %v %v", detail["cpu"], detail["memory"], detail["pack_type"])
	}
}

func TestExpiredProject(t *testing.T) {
	p := frozen(t, fast())
	p.post("/api/vm/deploy/", deployBody("x", func(b map[string]any) { b["project"] = "7d6f4c1e-9c53-4a1b-8f6d-2f4f5b6c7d03" })).must(403)
}

// A quota is never exceeded: not by a deploy, not by starting what gave its
// compute back meanwhile.
func TestQuota(t *testing.T) {
	cfg := fast()
	cfg.World = crowd(0)
	cfg.World.Organisations[0].Projects[0].Quota.CPUPacks = 6
	cfg.Quirks.PowerAnswer = "task"
	p := frozen(t, cfg)
	a := p.deployed("a")
	p.post("/api/vm/deploy/", deployBody("b-[1-2]", nil)).must(400)
	if err := p.Sleep("a"); err != nil {
		t.Fatal(err)
	}
	p.post("/api/vm/deploy/", deployBody("b-[1-2]", nil)).must(202)
	if end := p.ended(p.post("/api/vm/"+a+"/power_on/", map[string]any{"service_level": "spot"}).must(202).task()); end["status"] != "Failed" {
		t.Errorf("%v", end)
	}
}
