package mdxsim_test

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

// observe is how to tell the answers to each quirk apart: for every value, what
// the client sees.
var observe = map[string]struct {
	see  func(*portal) string
	want map[string]string
}{
	"lists": {
		func(p *portal) string { return p.get("/api/vm/project/" + demoProject + "/").must(200).text[:1] },
		map[string]string{"paged": "{", "bare": "["},
	},
	"assigned": {
		func(p *portal) string { return p.get("/api/project/assigned/").must(200).text[:1] },
		map[string]string{"organisations": "[", "flat": "{"},
	},
	"project-type": {
		func(p *portal) string {
			return fmt.Sprintf("%T", p.get("/api/project/" + demoProject + "/summary/").object()["type"])
		},
		map[string]string{"text": "string", "number": "float64"},
	},
	"digit-range": {
		func(p *portal) string {
			return strconv.Itoa(p.post("/api/vm/deploy/", deployBody("n-1[0-2]", nil)).status)
		},
		map[string]string{"allowed": "202", "refused": "400"},
	},
	"errors": {
		func(p *portal) string { return p.get("/api/task/x/").must(404).text[:1] },
		map[string]string{"drf": "{", "text": "見"[:1], "html": "<"},
	},
	"token-exp": {func(p *portal) string {
		token := p.post("/api/refresh/", map[string]any{"token": "t0"}).must(200).object()["token"].(string)
		return fmt.Sprint(strings.Count(token, "."), len(token) > 230)
	}, map[string]string{"yes": "2 true", "no": "2 false"}},
	"task-ids": {func(p *portal) string {
		return fmt.Sprintf("%T", p.post("/api/vm/deploy/", deployBody("a", nil)).object()["task_id"])
	}, map[string]string{"text": "string", "list": "[]interface {}"}},
	"deploy-status": {
		func(p *portal) string { return strconv.Itoa(p.post("/api/vm/deploy/", deployBody("a", nil)).status) },
		map[string]string{"202": "202", "200": "200"},
	},
	"power-answer": {func(p *portal) string {
		return strconv.FormatBool(strings.Contains(p.post("/api/vm/"+sato+"/power_off/", nil).must(202).text, "task_id"))
	}, map[string]string{"empty": "false", "task": "true"}},
	"tools": {func(p *portal) string {
		return fmt.Sprintf("%T", p.get("/api/vm/" + sato + "/").object()["vmware_tools"])
	}, map[string]string{"object": "map[string]interface {}", "list": "[]interface {}"}},
	"storage-key": {func(p *portal) string {
		net := p.get("/api/vm/" + sato + "/").object()["storage_networks"].([]any)[0].(map[string]any)
		return fmt.Sprint(net["type"], net["storage_network_type"])
	}, map[string]string{"type": "ポートグループ<nil>", "storage_network_type": "<nil>ポートグループ"}},
	"task-errors": {func(p *portal) string {
		p.FailNextTasks(1)
		end := p.ended(p.post("/api/vm/deploy/", deployBody("a", nil)).task())
		return fmt.Sprint(end["error_message"] != "", end["error_detail"] != "")
	}, map[string]string{"both": "true true", "message": "true false", "detail": "false true", "neither": "false false"}},
	"masks": {
		func(p *portal) string { return fmt.Sprintf("%#v", p.acls()[0]["src_mask"]) },
		map[string]string{"text": `"24"`, "number": "24", "dotted": `"255.255.255.0"`},
	},
	"ports": {
		func(p *portal) string { return fmt.Sprintf("%#v", p.acls()[0]["dst_port"]) },
		map[string]string{"text": `"22"`, "number": "22"},
	},
	"acl-body": {
		func(p *portal) string {
			return strconv.FormatBool(p.post("/api/acl/", aclRule(nil)).must(201).text == "")
		},
		map[string]string{"full": "false", "none": "true"},
	},
	"dnat-body": {func(p *portal) string {
		return strconv.FormatBool(p.post("/api/dnat/", dnatTo("10.0.0.9", "203.0.113.10")).must(201).text == "")
	}, map[string]string{"full": "false", "none": "true"}},
	"acl-twins": {func(p *portal) string {
		p.post("/api/acl/", aclRule(nil)).must(201)
		return strconv.Itoa(p.post("/api/acl/", aclRule(nil)).status)
	}, map[string]string{"allowed": "201", "refused": "400"}},
	"names": {func(p *portal) string {
		p.post("/api/vm/deploy/", deployBody("a", nil)).must(202)
		return fmt.Sprint(p.post("/api/vm/deploy/", deployBody("a", nil)).status, p.Stats().Duplicates, p.Stats().DuplicateNames)
	}, map[string]string{"strict": "400 [] [a]", "late": "202 [a] [a]"}},
	"taken-name": {func(p *portal) string {
		p.post("/api/vm/deploy/", deployBody("a", nil)).must(202)
		return strconv.Itoa(p.post("/api/vm/deploy/", deployBody("a", nil)).status)
	}, map[string]string{"400": "400", "409": "409"}},
	"overlap": {func(p *portal) string {
		return strconv.Itoa(len(p.meeting(deployBody("n-[0-3]", nil))))
	}, map[string]string{"refused": "0", "half": "2"}},
	"ranges": {
		func(p *portal) string { return p.post("/api/vm/deploy/", deployBody("n-[1-12]", nil)).text[:11] },
		map[string]string{"refused": `{"vm_name":`, "misread": `{"task_id":`},
	},
	"quota": {func(p *portal) string {
		body := deployBody("n-[1-9]", func(b map[string]any) { b["disk_size"] = 20000 })
		got := p.post("/api/vm/deploy/", body)
		if got.status != 202 {
			return strconv.Itoa(got.status)
		}
		return p.ended(got.task())["status"].(string)
	}, map[string]string{"refused": "400", "fails": "Failed"}},
	"rename": {func(p *portal) string {
		return p.ended(p.post("/api/vm/"+sato+"/rename/", map[string]any{"vm_name": "b"}).task())["status"].(string)
	}, map[string]string{"running": "Completed", "stopped": "Failed"}},
	"clone-source": {func(p *portal) string {
		return p.ended(p.post("/api/vm/"+sato+"/clone/", deployBody("b", nil)).task())["status"].(string)
	}, map[string]string{"any": "Completed", "stopped": "Failed"}},
	"failed-deploy": {func(p *portal) string {
		p.FailNextTasks(1)
		p.ended(p.post("/api/vm/deploy/", deployBody("a", nil)).task())
		return strconv.FormatBool(p.vmNamed("a") != nil)
	}, map[string]string{"gone": "false", "left": "true"}},
	"off-address": {func(p *portal) string {
		_, shown := p.addressOf(p.stopped("a"))
		return strconv.FormatBool(shown)
	}, map[string]string{"hidden": "false", "kept": "true"}},
	"deploying": {func(p *portal) string {
		p.post("/api/vm/deploy/", deployBody("a", nil)).must(202)
		p.Advance(20 * time.Second)
		id := p.vmNamed("a")["uuid"].(string)
		detail := p.get("/api/vm/" + id + "/").must(200).object()
		return fmt.Sprint(detail["status"], " ", detail["pack_num"] != nil, len(detail["hard_disks"].([]any)))
	}, map[string]string{"full": "Deploying true 1", "bare": "Deploying false 0"}},
	"foreign-id": {
		func(p *portal) string { return strconv.Itoa(p.get("/api/vm/project/x/").status) },
		map[string]string{"403": "403", "404": "404"},
	},
	"segment-api": {func(p *portal) string {
		return strconv.Itoa(p.post("/api/segment/", map[string]any{"project": demoProject, "name": "new"}).status)
	}, map[string]string{"absent": "404", "present": "201"}},
}

// Every value of every quirk makes the difference that it says.
func TestQuirks(t *testing.T) {
	for _, quirk := range mdxsim.AllQuirks() {
		for i, value := range quirk.Values {
			if value == "mixed" {
				continue
			}
			t.Run(quirk.Name+"="+value, func(t *testing.T) {
				cfg := fast()
				if i > 0 || quirk.Values[0] == "mixed" {
					if err := cfg.Quirks.Set(quirk.Name, value); err != nil {
						t.Fatal(err)
					}
				}
				if got, want := observe[quirk.Name].see(frozen(t, cfg)), observe[quirk.Name].want[value]; got != want || want == "" {
					t.Errorf("%q, want %q", got, want)
				}
			})
		}
	}
}

func TestMixedAnswersVary(t *testing.T) {
	p := frozen(t, fast())
	forms := map[string]int{}
	for i := range 9 {
		forms[fmt.Sprintf("%T", p.post("/api/vm/deploy/", deployBody(fmt.Sprint("m", i), nil)).object()["task_id"])]++
	}
	if len(forms) != 2 {
		t.Errorf("task ids: %v", forms)
	}
	cfg := fast()
	cfg.Quirks.Lists = "mixed"
	p = frozen(t, cfg)
	clear(forms)
	for range 20 {
		forms[p.get("/api/vm/project/" + demoProject + "/").must(200).text[:1]]++
	}
	if len(forms) != 2 {
		t.Errorf("lists: %v", forms)
	}
}

func TestUnknownNames(t *testing.T) {
	var cfg mdxsim.Config
	for _, err := range []error{
		cfg.Quirks.Set("weather", "rain"), cfg.Quirks.Set("lists", "wet"),
		cfg.Durations.Set("lunch", "1h"), cfg.Durations.Set("deploy", "soon"),
	} {
		if err == nil {
			t.Error("it is taken")
		}
	}
	cfg.Quirks.Lists = "wet"
	if _, err := mdxsim.New(cfg); err == nil {
		t.Error("an unknown value is taken")
	}
}

// A misread range stands for its characters.
func TestMisreadRange(t *testing.T) {
	cfg := fast()
	cfg.Quirks.Ranges = "misread"
	p := frozen(t, cfg)
	p.post("/api/vm/deploy/", deployBody("n-[8-12]", nil)).must(202)
	p.Advance(time.Hour)
	for name, want := range map[string]bool{"n-2": true, "n-8": false, "n-9": false, "n-10": false, "n-12": false} {
		if got := p.vmNamed(name) != nil; got != want {
			t.Errorf("%s is there: %v", name, got)
		}
	}
}

func TestSegmentsThroughTheAPI(t *testing.T) {
	cfg := fast()
	cfg.Quirks.SegmentAPI = "present"
	p := frozen(t, cfg)
	id := p.post("/api/segment/", map[string]any{"project": demoProject, "name": "new"}).must(201).object()["uuid"].(string)
	p.post("/api/segment/", map[string]any{"project": demoProject, "name": "new"}).must(400)
	p.post("/api/vm/deploy/", deployBody("a", func(b map[string]any) {
		b["network_adapters"] = []any{map[string]any{"adapter_number": 1, "segment": id}}
	})).must(202)
	p.del("/api/segment/" + id + "/").must(400)
	p.del("/api/segment/" + demoSegment + "/").must(400)
	p.del("/api/segment/nothing/").must(404)
	if err := p.DeleteVM("a"); err != nil {
		t.Fatal(err)
	}
	p.del("/api/segment/" + id + "/").must(204)
	p.get("/api/segment/" + id + "/summary").must(404)
}

// What the world reports can be set up again and reports the same.
func TestWorldRoundTrip(t *testing.T) {
	cfg := fast()
	cfg.Durations.Deallocate = -1
	p := frozen(t, cfg)
	p.deployed("a")
	p.stopped("b")
	p.post("/api/acl/", aclRule(nil)).must(201)
	p.post("/api/dnat/", dnatTo("10.0.0.4", "203.0.113.10")).must(201)
	reported := p.get("/_sim/world").must(200).text
	world, err := mdxsim.ReadWorld(strings.NewReader(reported))
	if err != nil {
		t.Fatal(err)
	}
	cfg.World = world
	again, err := json.Marshal(frozen(t, cfg).World())
	if err != nil {
		t.Fatal(err)
	}
	if string(again) != strings.TrimSpace(reported) {
		t.Errorf("it was\n%s\nand is\n%s", reported, again)
	}
}

func TestWorldSetsOptions(t *testing.T) {
	cfg := fast()
	cfg.World = mdxsim.DefaultWorld()
	cfg.World.Quirks = map[string]string{"lists": "bare"}
	cfg.World.Durations = map[string]string{"vm-visible": "1h"}
	p := frozen(t, cfg)
	if text := p.get("/api/vm/project/" + demoProject + "/").must(200).text; text[0] != '[' {
		t.Errorf("list: %s", text)
	}
	p.post("/api/vm/deploy/", deployBody("a", nil)).must(202)
	p.Advance(time.Minute)
	if p.vmNamed("a") != nil {
		t.Error("it shows after a minute")
	}
}

func TestWorldsThatContradictThemselves(t *testing.T) {
	for name, spoil := range map[string]func(*mdxsim.Project){
		"a name twice":       func(p *mdxsim.Project) { p.VMs = append(p.VMs, p.VMs[0]) },
		"an id twice":        func(p *mdxsim.Project) { p.VMs[1].UUID = p.VMs[0].UUID },
		"a segment twice":    func(p *mdxsim.Project) { p.Segments[1].UUID = p.Segments[0].UUID },
		"no such segment":    func(p *mdxsim.Project) { p.VMs[0].Adapters[0].SegmentID = "x" },
		"DNAT to no segment": func(p *mdxsim.Project) { p.DNATs[0].SegmentID = "x" },
		"no range":           func(p *mdxsim.Project) { p.Segments[0].IPRange = "10.0.0.0" },
		"no IPv6 range":      func(p *mdxsim.Project) { p.Segments[0].IPv6 = "x" },
	} {
		world := mdxsim.DefaultWorld()
		spoil(&world.Organisations[0].Projects[0])
		if _, err := mdxsim.New(mdxsim.Config{World: world}); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	for name, text := range map[string]string{"no world": `{}`, "unknown field": `{"organizations": []}`, "unknown quirk": `{"quirks": {"x": "y"}}`} {
		world, err := mdxsim.ReadWorld(strings.NewReader(text))
		if err == nil {
			_, err = mdxsim.New(mdxsim.Config{World: world})
		}
		if err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}
