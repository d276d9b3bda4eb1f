package mdxsim_test

import (
	"net/netip"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A machine's life as PORTAL.md §5 to §8 tell it, each step at its time.
func TestMachineLife(t *testing.T) {
	p := frozen(t, fast())
	before := p.World()

	task := p.post("/api/vm/deploy/", deployBody("unit", nil)).must(202).task()
	p.get("/api/task/" + task + "/").must(404)
	if p.vmNamed("unit") != nil {
		t.Fatal("the machine shows at once")
	}

	p.Advance(4 * time.Second)
	running := p.get("/api/task/" + task + "/").must(200).object()
	if running["status"] != "Running" || running["end_datetime"] != nil || running["object_uuid"] != nil {
		t.Fatalf("task: %v", running)
	}
	if p.vmNamed("unit") != nil {
		t.Fatal("the machine shows after 4 s")
	}

	p.Advance(7 * time.Second)
	row := p.vmNamed("unit")
	if row == nil || row["status"] != "Deploying" || row["service_level"] != "スポット仮想マシン" {
		t.Fatalf("row: %v", row)
	}
	id := row["uuid"].(string)
	entry := p.get("/api/history/project/" + demoProject + "/?ordering=-start_datetime").must(200).rows()[0]
	if entry["uuid"] != task || entry["object_uuid"] != id || entry["type"] != "デプロイ" {
		t.Fatalf("history: %v", entry)
	}

	p.Advance(90 * time.Second)
	if row := p.vmNamed("unit"); row["status"] != "PowerON" {
		t.Fatalf("row: %v", row)
	}
	if done := p.get("/api/task/" + task + "/").must(200).object(); done["status"] != "Completed" || done["progress"] != 100.0 {
		t.Fatalf("task: %v", done)
	}
	if early := p.addresses(id); len(early) > 0 {
		if _, err := netip.ParseAddr(early[0].(string)); err == nil {
			t.Fatalf("address after 100 s: %v", early)
		}
	}

	p.Advance(5 * time.Minute)
	if got := p.addresses(id); len(got) != 1 || got[0] != "10.0.0.4" {
		t.Fatalf("addresses: %v", got)
	}

	p.post("/api/vm/"+id+"/power_off/", nil).must(202)
	destroyTooSoon := p.post("/api/vm/"+id+"/destroy/", nil).must(202).task()
	p.Advance(time.Minute)
	if failed := p.get("/api/task/" + destroyTooSoon + "/").must(200).object(); failed["status"] != "Failed" || failed["error_message"] == "" {
		t.Fatalf("destroying what is still on: %v", failed)
	}
	if row := p.vmNamed("unit"); row["status"] != "PowerOFF" {
		t.Fatalf("row: %v", row)
	}

	p.post("/api/vm/"+id+"/destroy/", nil).must(202)
	p.Advance(2 * time.Minute)
	p.get("/api/vm/" + id + "/").must(404)
	after := p.World()
	if got, want := len(after.Organisations[0].Projects[0].VMs), len(before.Organisations[0].Projects[0].VMs); got != want {
		t.Fatalf("%d machines left, want %d", got, want)
	}
}
