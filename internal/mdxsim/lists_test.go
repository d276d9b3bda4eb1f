package mdxsim_test

import (
	"fmt"
	"net/url"
	"testing"
	"time"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

// crowd is a world whose demo project has n machines.
func crowd(n int) *mdxsim.World {
	world := mdxsim.DefaultWorld()
	p := &world.Organisations[0].Projects[0]
	p.VMs = nil
	p.DNATs = nil
	for i := range n {
		p.VMs = append(p.VMs, mdxsim.VM{
			UUID: fmt.Sprintf("e7a10000-0000-4000-8000-%012d", i), Name: fmt.Sprintf("vm-%03d", i), Status: mdxsim.PowerOff,
			CatalogID: ubuntu, PackType: "cpu", PackNum: 1, ServiceLevel: "spot",
			Adapters: []mdxsim.Adapter{{Number: 1, SegmentID: demoSegment}},
		})
	}
	return world
}

// A page holds a hundred at most, whatever is asked (PORTAL.md §3).
func TestPages(t *testing.T) {
	cfg := fast()
	cfg.World = crowd(250)
	p := frozen(t, cfg)
	path := "/api/vm/project/" + demoProject + "/?page=1&page_size=1000"
	seen := map[string]bool{}
	for _, want := range []int{100, 100, 50} {
		page := p.get(path).must(200).object()
		if page["count"] != 250.0 || len(page["results"].([]any)) != want {
			t.Fatalf("%s: count %v, %d rows, want %d", path, page["count"], len(page["results"].([]any)), want)
		}
		for _, row := range page["results"].([]any) {
			seen[row.(map[string]any)["name"].(string)] = true
		}
		path = ""
		if next, is := page["next"].(string); is {
			at, err := url.Parse(next)
			if err != nil || at.Host == "" {
				t.Fatalf("next: %q", next)
			}
			path = at.RequestURI()
		}
	}
	if path != "" || len(seen) != 250 {
		t.Errorf("%d machines seen, next %q", len(seen), path)
	}
	p.get("/api/vm/project/" + demoProject + "/?page=4&page_size=100").must(404)
	p.get("/api/vm/project/" + demoProject + "/?page=x").must(404)
	if n := len(p.get("/api/vm/project/" + demoProject + "/").must(200).rows()); n != 20 {
		t.Errorf("%d rows when no size is asked for", n)
	}
}

func TestBareLists(t *testing.T) {
	cfg := fast()
	cfg.World, cfg.Quirks.Lists = crowd(250), "bare"
	p := frozen(t, cfg)
	if n := len(p.get("/api/vm/project/" + demoProject + "/").must(200).rows()); n != 250 {
		t.Errorf("%d rows", n)
	}
}

// An organisation may lack its uuid; a flat form exists too (PORTAL.md §4).
func TestAssignedProjects(t *testing.T) {
	orgs := frozen(t, fast()).get("/api/project/assigned/").must(200).rows()
	if len(orgs) != 2 || orgs[0]["uuid"] == nil || orgs[1]["uuid"] != nil {
		t.Errorf("organisations: %v", orgs)
	}
	cfg := fast()
	cfg.Quirks.Assigned = "flat"
	if flat := frozen(t, cfg).get("/api/project/assigned/").must(200).rows(); len(flat) != 3 || flat[0]["name"] != "demo" {
		t.Errorf("projects: %v", flat)
	}
}

func TestCatalogs(t *testing.T) {
	rows := frozen(t, fast()).get("/api/catalog/project/" + demoProject + "/?page_size=100").must(200).rows()
	if rows[0]["uuid"] != ubuntu || rows[0]["login_username"] != "mdxuser" || rows[0]["lower_limit_disk"] != 40.0 {
		t.Errorf("catalog: %v", rows[0])
	}
	nulls := 0
	for _, row := range rows {
		if row["description"] == nil {
			nulls++
		}
	}
	if nulls == 0 {
		t.Error("no catalog has a null text")
	}
}

// The detail lacks the machine's id, tells segments by name and a part of the
// template's name as its host's (PORTAL.md §5).
func TestDetail(t *testing.T) {
	p := frozen(t, fast())
	detail := p.get("/api/vm/" + sato + "/").must(200).object()
	if detail["uuid"] != nil || detail["id"] != nil {
		t.Errorf("the detail tells an id: %v", detail)
	}
	net := detail["service_networks"].([]any)[0].(map[string]any)
	for what, pair := range map[string][2]any{
		"segment":       {net["segment"], "default"},
		"global_ip":     {net["global_ip"], "203.0.113.13"},
		"address":       {fmt.Sprint(net["ipv4_address"]), "[10.0.0.2]"},
		"memory":        {detail["memory"], "12.1 GB"},
		"cpu":           {detail["cpu"], 8.0},
		"service level": {detail["service_level"], "起動保証仮想マシン"},
		"host_name":     {detail["host_name"], "1200-ubuntu-2204-server"},
		"capacity":      {detail["hard_disks"].([]any)[0].(map[string]any)["capacity"], "40 GB"},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: %v, want %v", what, pair[0], pair[1])
		}
	}
	if csv := p.get("/api/vm/" + sato + "/csv/").must(200).object(); csv["name"] != "sato-notebook" || csv["status"] != nil {
		t.Errorf("csv: %v", csv)
	}
}

func TestHistory(t *testing.T) {
	p := frozen(t, fast())
	id := p.deployed("a")
	if err := p.Sleep("a"); err != nil {
		t.Fatal(err)
	}
	p.Advance(time.Minute)
	for query, want := range map[string][]string{
		"":                          {"デプロイ", "自動休止"},
		"?ordering=-start_datetime": {"自動休止", "デプロイ"},
		"?type=自動休止":                {"自動休止"},
	} {
		rows := p.get("/api/history/vm/" + id + "/" + query).must(200).rows()
		var kinds []string
		for _, row := range rows {
			kinds = append(kinds, row["type"].(string))
		}
		if fmt.Sprint(kinds) != fmt.Sprint(want) {
			t.Errorf("%q: %v, want %v", query, kinds, want)
		}
		if at, err := time.Parse(time.DateTime, rows[0]["start_datetime"].(string)); err != nil || at.IsZero() {
			t.Errorf("start_datetime: %v", err)
		}
	}
}

func TestProjectPages(t *testing.T) {
	p := frozen(t, fast())
	p.deployed("a")
	for path, want := range map[string]string{
		"summary/":               `"name":"demo"`,
		"storage/":               `"disk_size":180`,
		"access_key/":            `"name":null`,
		"resources/":             `"cpu_pack":11,`,
		"point/":                 `"remaining_points":"1000000.00"`,
		"overview/spot_vm/":      `{"deallocated":1,"detached":0,"power_off":0,"power_on":1,"total":2}`,
		"overview/guarantee_vm/": `{"deallocated":0,"detached":0,"power_off":0,"power_on":1,"total":1}`,
		"overview/resource/":     `"gpu_pack":{"unused":64,"used":0}`,
	} {
		if got := p.get("/api/project/" + demoProject + "/" + path).must(200).text; !contains(got, want) {
			t.Errorf("%s: %s lacks %s", path, got, want)
		}
	}
}
