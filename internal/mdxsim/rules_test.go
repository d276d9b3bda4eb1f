package mdxsim_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

// aclRule allows ssh to one address; change may be nil.
func aclRule(change func(map[string]any)) map[string]any {
	rule := map[string]any{
		"segment": demoSegment, "protocol": "TCP", "src_address": "192.0.2.0", "src_mask": "24", "src_port": "Any",
		"dst_address": "10.0.0.4", "dst_mask": "32", "dst_port": "22",
	}
	if change != nil {
		change(rule)
	}
	return rule
}

func (p *portal) acls() []map[string]any {
	p.t.Helper()
	return p.get("/api/acl/segment/" + demoSegment + "/?page_size=100").must(200).rows()
}

// A rule's making, change and deletion each show a little later.
func TestACLLife(t *testing.T) {
	p := frozen(t, fast())
	before := len(p.acls())
	id := p.post("/api/acl/", aclRule(nil)).must(201).object()["uuid"].(string)
	if n := len(p.acls()); n != before {
		t.Errorf("%d rules at once", n)
	}
	p.Advance(5 * time.Second)
	rule := func() map[string]any {
		t.Helper()
		for _, r := range p.acls() {
			if r["uuid"] == id {
				return r
			}
		}
		return nil
	}
	if r := rule(); r == nil || r["src_address"] != "192.0.2.0" || fmt.Sprint(r["dst_port"]) != "22" {
		t.Fatalf("rule: %v", r)
	}
	p.put("/api/acl/"+id+"/", aclRule(func(r map[string]any) { delete(r, "segment"); r["dst_port"] = 443 })).must(200)
	if r := rule(); fmt.Sprint(r["dst_port"]) != "22" {
		t.Errorf("it changed at once: %v", r)
	}
	p.Advance(5 * time.Second)
	if r := rule(); fmt.Sprint(r["dst_port"]) != "443" {
		t.Errorf("rule: %v", r)
	}
	p.del("/api/acl/" + id + "/").must(204)
	if rule() == nil {
		t.Error("it went at once")
	}
	p.del("/api/acl/" + id + "/").must(404)
	p.put("/api/acl/"+id+"/", aclRule(nil)).must(404)
	p.Advance(5 * time.Second)
	if rule() != nil {
		t.Error("it is still there")
	}
}

// Masks and ports are taken in every form and written in the portal's.
func TestACLForms(t *testing.T) {
	for name, c := range map[string]struct {
		field     string
		value     any
		masks     string
		wantField string
		want      any // nil: refused
	}{
		"mask as text":             {"dst_mask", "21", "text", "dst_mask", "21"},
		"mask as number":           {"dst_mask", 21, "text", "dst_mask", "21"},
		"dotted mask":              {"dst_mask", "255.255.248.0", "text", "dst_mask", "21"},
		"written as a number":      {"dst_mask", "21", "number", "dst_mask", 21.0},
		"written dotted":           {"dst_mask", "21", "dotted", "dst_mask", "255.255.248.0"},
		"mask too long":            {"dst_mask", "33", "text", "", nil},
		"mask with holes":          {"dst_mask", "255.0.255.0", "text", "", nil},
		"no mask":                  {"dst_mask", nil, "text", "", nil},
		"port as a number":         {"dst_port", 8080, "text", "dst_port", "8080"},
		"range of ports":           {"dst_port", "8000-8100", "text", "dst_port", "8000-8100"},
		"backward range of ports":  {"dst_port", "8100-8000", "text", "", nil},
		"port beyond the last":     {"dst_port", "70000", "text", "", nil},
		"a word as a port":         {"dst_port", "ssh", "text", "", nil},
		"unknown protocol":         {"protocol", "SCTP", "text", "", nil},
		"IPv6 address among IPv4":  {"dst_address", "2001:db8::1", "text", "", nil},
		"something for an address": {"src_address", "here", "text", "", nil},
		"unknown segment":          {"segment", "nothing", "text", "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := fast()
			cfg.Quirks.Masks, cfg.Quirks.Ports = c.masks, "text"
			got := frozen(t, cfg).post("/api/acl/", aclRule(func(r map[string]any) { r[c.field] = c.value }))
			if c.want == nil {
				if got.must(400).object()[c.field] == nil {
					t.Errorf("the refusal does not name %s: %s", c.field, got.text)
				}
				return
			}
			if value := got.must(201).object()[c.wantField]; value != c.want {
				t.Errorf("%v, want %v", value, c.want)
			}
		})
	}
}

// IPv6 rules live apart from IPv4's, and have no dotted masks.
func TestACLv6(t *testing.T) {
	cfg := fast()
	cfg.Quirks.Masks = "dotted"
	p := frozen(t, cfg)
	v6 := aclRule(func(r map[string]any) {
		r["src_address"], r["src_mask"], r["dst_address"], r["dst_mask"] = "2001:db8::", 32, "2001:2f8:1041:223::5", "128"
	})
	p.post("/api/acl/", v6).must(400)
	rule := p.post("/api/acl_v6/", v6).must(201).object()
	if rule["dst_mask"] != 128.0 {
		t.Errorf("mask: %v", rule["dst_mask"])
	}
	p.Advance(time.Minute)
	if n := len(p.get("/api/acl_v6/segment/" + demoSegment + "/").must(200).rows()); n != 1 {
		t.Errorf("%d IPv6 rules", n)
	}
	p.del("/api/acl/" + rule["uuid"].(string) + "/").must(404)
	p.del("/api/acl_v6/" + rule["uuid"].(string) + "/").must(204)
}

func dnatTo(dst, pool string) map[string]any {
	return map[string]any{"pool_address": pool, "segment": demoSegment, "dst_address": dst}
}

// A global address is used once, and is free again a little after its DNAT was
// deleted.
func TestDNATLife(t *testing.T) {
	p := frozen(t, fast())
	vm := p.deployed("a")
	list := func() []map[string]any { return p.get("/api/dnat/project/" + demoProject).must(200).rows() }
	free := func() string { return p.get("/api/global_ip/project/" + demoProject + "/assignable/").must(200).text }
	if text := p.post("/api/dnat/", dnatTo("10.0.0.4", "203.0.113.10")).must(201).text; text != "" {
		t.Errorf("answer: %s", text)
	}
	p.post("/api/dnat/", dnatTo("10.0.0.5", "203.0.113.10")).must(400)
	if n := len(list()); n != 1 || !contains(free(), "113.10") {
		t.Errorf("it shows at once: %d, %s", n, free())
	}
	p.Advance(5 * time.Second)
	if contains(free(), "113.10") {
		t.Errorf("free: %s", free())
	}
	made := list()[1]
	if made["segment"] != "default" || made["dst_address"] != "10.0.0.4" {
		t.Errorf("DNAT: %v", made)
	}
	net := p.get("/api/vm/" + vm + "/").must(200).object()["service_networks"].([]any)[0].(map[string]any)
	if net["global_ip"] != "203.0.113.10" {
		t.Errorf("global_ip: %v", net["global_ip"])
	}
	id := made["uuid"].(string)
	p.put("/api/dnat/"+id+"/", dnatTo("10.0.0.4", "203.0.113.13")).must(400)
	p.put("/api/dnat/"+id+"/", dnatTo("10.0.0.4", "203.0.113.11")).must(200)
	p.Advance(5 * time.Second)
	if got := list()[1]["pool_address"]; got != "203.0.113.11" {
		t.Errorf("pool_address: %v", got)
	}
	p.del("/api/dnat/" + id + "/").must(204)
	p.post("/api/dnat/", dnatTo("10.0.0.4", "203.0.113.11")).must(400)
	p.Advance(5 * time.Second)
	p.post("/api/dnat/", dnatTo("10.0.0.4", "203.0.113.11")).must(201)
	for _, wrong := range []map[string]any{dnatTo("10.0.0.4", "198.51.100.1"), dnatTo("nowhere", "203.0.113.12"), {"segment": "nothing"}} {
		p.post("/api/dnat/", wrong).must(400)
	}
	p.put("/api/dnat/nothing/", dnatTo("10.0.0.4", "203.0.113.12")).must(404)
	p.del("/api/dnat/nothing/").must(404)
}

// The monitor sees each way in which a rule comes to lead where it should not,
// and nothing else.
func TestRulesThatOutliveTheirMachine(t *testing.T) {
	kinds := func(p *portal) (kinds []string) {
		for _, v := range p.Stats().Violations {
			kinds = append(kinds, v.What)
		}
		return kinds
	}
	destroy := func(p *portal, id string) {
		p.t.Helper()
		p.post("/api/vm/"+id+"/power_off/", nil).must(202)
		p.Advance(time.Minute)
		p.post("/api/vm/"+id+"/destroy/", nil).must(202)
		p.Advance(2 * time.Minute)
	}
	for name, c := range map[string]struct {
		story func(*portal)
		want  []string
	}{
		"rules first, then the machine": {func(p *portal) {
			id := p.deployed("a")
			rule := p.post("/api/acl/", aclRule(nil)).must(201).object()["uuid"].(string)
			p.del("/api/acl/" + rule + "/").must(204)
			destroy(p, id)
		}, nil},
		"the machine first": {func(p *portal) {
			id := p.deployed("a")
			p.post("/api/acl/", aclRule(nil)).must(201)
			p.post("/api/dnat/", dnatTo("10.0.0.4", "203.0.113.10")).must(201)
			destroy(p, id)
		}, []string{mdxsim.RuleOutlivesVM, mdxsim.RuleOutlivesVM}},
		"the next machine gets the address": {func(p *portal) {
			id := p.deployed("a")
			p.post("/api/acl/", aclRule(nil)).must(201)
			destroy(p, id)
			p.deployed("b")
		}, []string{mdxsim.RuleOutlivesVM, mdxsim.RuleExposes}},
		"a rule made too late": {func(p *portal) {
			destroy(p, p.deployed("a"))
			p.post("/api/acl/", aclRule(nil)).must(201)
		}, []string{mdxsim.RuleTooLate}},
		"a rule for a whole range": {func(p *portal) {
			id := p.deployed("a")
			p.post("/api/acl/", aclRule(func(r map[string]any) { r["dst_mask"] = "24" })).must(201)
			destroy(p, id)
		}, nil},
		"somebody else's rule and somebody else's hand": {func(p *portal) {
			id := p.deployed("a")
			if _, err := p.PutACL(demoSegment, mdxsim.ACLRule{Protocol: "TCP", DstAddress: "10.0.0.4", DstMask: "32"}); err != nil {
				t.Fatal(err)
			}
			destroy(p, id)
			p.deployed("b")
			p.post("/api/dnat/", dnatTo("10.0.0.4", "203.0.113.10")).must(201)
			if err := p.DeleteVM("b"); err != nil {
				t.Fatal(err)
			}
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			p := frozen(t, fast())
			c.story(p)
			if got := kinds(p); fmt.Sprint(got) != fmt.Sprint(c.want) {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

// Operations on what is somebody else's are told.
func TestTouched(t *testing.T) {
	p := frozen(t, fast())
	p.del("/api/acl/c0ffee00-0000-4000-8000-000000000001/").must(204)
	p.del("/api/dnat/d0a70000-0000-4000-8000-000000000001/").must(204)
	p.post("/api/vm/"+sato+"/power_off/", nil).must(202)
	if n := len(p.Stats().Touched); n != 3 {
		t.Errorf("touched: %q", p.Stats().Touched)
	}
}
