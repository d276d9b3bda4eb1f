package portal

import (
	"net/netip"
	"strconv"
	"testing"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

// manyRules are n rules, each for an address of its own.
func manyRules(n int, port mdx.Port) []mdx.ACLRule {
	rules := make([]mdx.ACLRule, n)
	for i := range rules {
		rules[i] = mdx.ACLRule{
			Protocol: mdx.TCP, SrcPort: mdx.AnyPort, DstPort: port, Src: netip.MustParsePrefix("192.0.2.0/24"),
			Dst: netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, 8, byte(i)}), 32),
		}
	}
	return rules
}

// BenchmarkRules makes, looks at, changes and removes the rules of a segment. The metric that counts is the requests for
// a rule that changes: the floor is one to make it and one to remove it.
func BenchmarkRules(b *testing.B) {
	for _, n := range []int{1, 20, 200} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			p, sim := simulated(b, mdxsim.Config{}, nil)
			step := func(want []mdx.ACLRule, own []mdx.ACLRuleID) (made []mdx.ACLRuleID, requests int) {
				before := sim.Stats().Requests
				result, err := p.SetRules(b.Context(), backendSet(own, want...))
				if err != nil {
					b.Fatal(err)
				}
				return result.Own, sim.Stats().Requests - before
			}
			var create, same, change, remove int
			for b.Loop() {
				own, requests := step(manyRules(n, "22"), nil)
				create += requests
				own, requests = step(manyRules(n, "22"), own)
				same += requests
				own, requests = step(append(manyRules(n-1, "22"), manyRules(n, "443")[n-1]), own)
				change += requests
				_, requests = step(nil, own)
				remove += requests
			}
			runs := float64(b.N)
			b.ReportMetric(float64(create)/runs/float64(n), "requests/rule-made")
			b.ReportMetric(float64(same)/runs, "requests/no-change")
			b.ReportMetric(float64(change)/runs, "requests/one-change")
			b.ReportMetric(float64(remove)/runs/float64(n), "requests/rule-removed")
		})
	}
}

func TestRulesCostLittleMoreThanOneRequestEach(t *testing.T) {
	t.Parallel()
	const n = 120 // more than a page of the portal's lists
	p, sim := simulated(t, mdxsim.Config{}, nil)
	lists := func() int { return sim.Stats().Routes["GET /api/acl/segment/{segment}/"] }
	result, err := p.SetRules(t.Context(), backendSet(nil, manyRules(n, "22")...))
	if err != nil {
		t.Fatal(err)
	}
	if posts := sim.Stats().Routes["POST /api/acl/"]; posts != n {
		t.Errorf("%d requests made %d rules", posts, n)
	}
	made := lists()
	if _, err := p.SetRules(t.Context(), backendSet(result.Own, manyRules(n, "22")...)); err != nil {
		t.Fatal(err)
	}
	if again := lists() - made; again != 2 {
		t.Errorf("%d pages were read to see that nothing changes, want 2", again)
	}
}
