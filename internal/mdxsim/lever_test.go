package mdxsim_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// The levers by HTTP, and what each one moves.
func TestLevers(t *testing.T) {
	rule := `{"uuid": "r1", "protocol": "TCP", "src_address": "0.0.0.0", "src_mask": "0", "src_port": "Any",
		"dst_address": "10.0.0.4", "dst_mask": "32", "dst_port": "443"}`
	for name, c := range map[string]struct {
		method, path, body string
		see                func(*portal) bool
	}{
		"advance": {"POST", "/_sim/advance?by=48h", "", func(p *portal) bool { return time.Until(p.Now()) > 47*time.Hour }},
		"sleep":   {"POST", "/_sim/vm/a/sleep", "", func(p *portal) bool { return p.vmNamed("a")["status"] == "Deallocated" }},
		"delete":  {"DELETE", "/_sim/vm/a", "", func(p *portal) bool { return p.vmNamed("a") == nil }},
		"expire":  {"POST", "/_sim/tokens/expire", "", func(p *portal) bool { return p.get("/api/project/assigned/").status == 401 }},
		"fail": {"POST", "/_sim/tasks/fail?next=1", "", func(p *portal) bool {
			return p.ended(p.post("/api/vm/deploy/", deployBody("b", nil)).task())["status"] == "Failed"
		}},
		"add a rule": {"POST", "/_sim/segment/" + demoSegment + "/acl", rule, func(p *portal) bool { return len(p.acls()) == 2 }},
		"change a rule": {"POST", "/_sim/segment/" + demoSegment + "/acl", strings.Replace(rule, "r1", "c0ffee00-0000-4000-8000-000000000001", 1), func(p *portal) bool {
			return len(p.acls()) == 1 && p.acls()[0]["src_address"] == "0.0.0.0"
		}},
		"delete a rule": {"DELETE", "/_sim/acl/c0ffee00-0000-4000-8000-000000000001", "", func(p *portal) bool { return len(p.acls()) == 0 }},
		"take an address": {"POST", "/_sim/segment/" + demoSegment + "/dnat?pool=203.0.113.10&dst=10.0.0.9", "", func(p *portal) bool {
			return p.post("/api/dnat/", dnatTo("10.0.0.4", "203.0.113.10")).status == 400
		}},
		"delete a DNAT": {"DELETE", "/_sim/dnat/d0a70000-0000-4000-8000-000000000001", "", func(p *portal) bool {
			return p.get("/api/dnat/project/" + demoProject).object()["count"] == 0.0
		}},
		"faults": {"PUT", "/_sim/faults", `[{"route": "*", "nth": 1, "kind": "503"}]`, func(p *portal) bool {
			return p.get("/api/project/assigned/").status == 503
		}},
	} {
		t.Run(name, func(t *testing.T) {
			without := frozen(t, fast())
			without.deployed("a")
			if c.see(without) {
				t.Fatal("it is so without the lever")
			}
			p := frozen(t, fast())
			p.deployed("a")
			var body any
			if c.body != "" {
				body = c.body
			}
			p.ask(c.method, c.path, body).must(http.StatusOK)
			if !c.see(p) {
				t.Error("nothing moved")
			}
		})
	}
}

func TestLeversThatDoNotFit(t *testing.T) {
	p := frozen(t, fast())
	for _, wrong := range []struct{ method, path, body string }{
		{"POST", "/_sim/advance?by=soon", ""},
		{"POST", "/_sim/vm/nobody/sleep", ""},
		{"POST", "/_sim/vm/suzuki-batch/sleep", ""},
		{"DELETE", "/_sim/vm/nobody", ""},
		{"POST", "/_sim/tasks/fail?next=x", ""},
		{"POST", "/_sim/segment/nothing/acl", "{}"},
		{"POST", "/_sim/segment/" + demoSegment + "/acl", "{"},
		{"DELETE", "/_sim/acl/nothing", ""},
		{"POST", "/_sim/segment/nothing/dnat?pool=203.0.113.10&dst=10.0.0.9", ""},
		{"POST", "/_sim/segment/" + demoSegment + "/dnat?pool=203.0.113.99&dst=10.0.0.9", ""},
		{"POST", "/_sim/segment/" + demoSegment + "/dnat?pool=203.0.113.13&dst=10.0.0.9", ""},
		{"DELETE", "/_sim/dnat/nothing", ""},
		{"PUT", "/_sim/faults", `[{"kind": "rain"}]`},
		{"PUT", "/_sim/faults", `{`},
	} {
		p.ask(wrong.method, wrong.path, wrong.body).must(http.StatusBadRequest)
	}
}

// Time stands still when it is frozen, and goes on when it is thawed.
func TestFreezeAndThaw(t *testing.T) {
	p := serve(t, fast())
	p.post("/_sim/freeze", nil).must(200)
	then := p.Now()
	p.post("/api/vm/deploy/", deployBody("a", nil)).must(202)
	if p.vmNamed("a") != nil || !p.Now().Equal(then) {
		t.Error("time goes on")
	}
	p.post("/_sim/thaw", nil).must(200)
	eventually(t, func() bool { return p.vmNamed("a")["status"] == "PowerON" })
}

// The index tells every lever; requests under /_sim/ do not count.
func TestIndex(t *testing.T) {
	p := frozen(t, fast())
	if n := len(p.get("/_sim/").must(200).object()); n < 15 {
		t.Errorf("%d levers", n)
	}
	p.get("/api/project/assigned/").must(200)
	stats := p.get("/_sim/stats").must(200).object()
	if stats["requests"] != 1.0 {
		t.Errorf("stats: %v", stats)
	}
}
