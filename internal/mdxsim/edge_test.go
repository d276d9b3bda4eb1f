package mdxsim_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

// doorkeeper is a backend that writes down whom it lets in.
type doorkeeper struct{ recorder }

func (d *doorkeeper) Admit(_ context.Context, in mdxsim.Admission) error {
	var all []string
	for _, r := range in.DNATs {
		all = append(all, r.PoolAddress+" to "+r.DstAddress)
	}
	for _, r := range in.ACL {
		all = append(all, fmt.Sprintf("%s/%s to %s/%s port %s", r.SrcAddress, r.SrcMask, r.DstAddress, r.DstMask, r.DstPort))
	}
	d.note(strings.Join(all, ", "))
	return nil
}

// Every change of the rules that were made here reaches the edge, once, and those of others never do.
func TestTheEdgeFollowsTheRules(t *testing.T) {
	d := new(doorkeeper)
	cfg := fast()
	cfg.Backend = d
	p := frozen(t, cfg)
	var want []string
	expect := func(lines ...string) {
		t.Helper()
		want = append(want, lines...)
		p.Advance(5 * time.Second)
		p.acls() // a question changes nothing
		eventually(t, func() bool { return d.seen(want...) })
	}
	expect()
	acl := p.post("/api/acl/", aclRule(nil)).must(201).object()["uuid"].(string)
	expect("192.0.2.0/24 to 10.0.0.4/32 port 22")
	body := map[string]any{"pool_address": "203.0.113.10", "segment": demoSegment, "dst_address": "10.0.0.4"}
	p.post("/api/dnat/", body).must(201)
	expect("203.0.113.10 to 10.0.0.4, 192.0.2.0/24 to 10.0.0.4/32 port 22")
	p.put("/api/acl/"+acl+"/", aclRule(func(r map[string]any) { delete(r, "segment"); r["dst_port"] = 443 })).must(200)
	expect("203.0.113.10 to 10.0.0.4, 192.0.2.0/24 to 10.0.0.4/32 port 443")
	p.del("/api/acl/" + acl + "/").must(204)
	expect("203.0.113.10 to 10.0.0.4")
	for _, dnat := range p.get("/api/dnat/project/" + demoProject + "/").must(200).rows() {
		if dnat["pool_address"] == "203.0.113.10" {
			p.del("/api/dnat/" + dnat["uuid"].(string) + "/").must(204)
		}
	}
	expect("")
}
