package portal

import (
	"net/netip"
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// someRule draws from few rules, so that sets overlap.
var someRule = rapid.Custom(func(t *rapid.T) mdx.ACLRule {
	rule := mdx.ACLRule{
		Protocol: rapid.SampledFrom([]mdx.Protocol{mdx.TCP, mdx.UDP}).Draw(t, "protocol"),
		Src:      netip.MustParsePrefix(rapid.SampledFrom([]string{"192.0.2.0/24", "0.0.0.0/0"}).Draw(t, "source")),
		Dst:      netip.MustParsePrefix(rapid.SampledFrom([]string{"10.0.0.0/21", "10.0.0.9/32"}).Draw(t, "destination")),
		SrcPort:  mdx.AnyPort,
		DstPort:  rapid.SampledFrom([]mdx.Port{"22", "443", mdx.AnyPort}).Draw(t, "port"),
	}
	if rapid.Bool().Draw(t, "v6") {
		rule.Src, rule.Dst = netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("2001:2f8::/64")
	}
	return rule
})

var someRules = rapid.SliceOfN(someRule, 0, 12)

// numbered gives rules ids, as a segment's list has them.
func numbered(prefix string, rules []mdx.ACLRule) []mdx.ACLRule {
	for i := range rules {
		rules[i].ID = mdx.ACLRuleID(prefix + strconv.Itoa(i))
	}
	return rules
}

// Whatever a segment holds and whatever is wanted, the plan ends as wanted, is content then, touches nothing of others,
// keeps what need not change, and has every rule that stays at every moment.
func TestPlanOfRulesEndsAsWantedWithForeignRulesUntouched(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		foreign := numbered("foreign", someRules.Draw(t, "foreign"))
		mine := numbered("mine", someRules.Draw(t, "mine"))
		want := someRules.Draw(t, "want")
		goes := rapid.SampledFrom([]func(mdx.ACLRule) bool{noRule, func(mdx.ACLRule) bool { return true }}).Draw(t, "goes")
		exclusive := goes(mdx.ACLRule{})
		have := rapid.Permutation(slices.Concat(foreign, mine)).Draw(t, "have")
		own := withID(ruleIDs(mine))

		plan := planRules(have, want, own, goes)
		added := numbered("new", slices.Clone(plan.add))
		between := slices.Concat(have, added)
		after := without(between, withID(ruleIDs(plan.remove)))

		for _, rule := range want {
			if !slices.ContainsFunc(after, rule.Same) {
				t.Fatalf("%s is wanted and missing", DescribeRule(rule))
			}
			if slices.ContainsFunc(have, rule.Same) && slices.ContainsFunc(added, rule.Same) {
				t.Fatalf("%s is there and made a second time", DescribeRule(rule))
			}
		}
		for _, rule := range after {
			wanted := slices.ContainsFunc(want, rule.Same)
			if own(rule) && !wanted {
				t.Fatalf("%s is ours, not wanted, and left", DescribeRule(rule))
			}
			if exclusive && !wanted {
				t.Fatalf("%s is left on an exclusive segment", DescribeRule(rule))
			}
		}
		for _, rule := range plan.remove {
			if !own(rule) && !exclusive {
				t.Fatalf("%s is others' and goes", DescribeRule(rule))
			}
		}
		for i, rule := range added {
			if slices.ContainsFunc(added[i+1:], rule.Same) {
				t.Fatalf("%s is added twice", DescribeRule(rule))
			}
		}
		for _, rule := range have {
			if slices.ContainsFunc(want, rule.Same) && !slices.ContainsFunc(after, func(r mdx.ACLRule) bool { return r.Same(rule) && r.ID[0] != 'n' }) {
				t.Fatalf("%s was there, is wanted, and is another one now", DescribeRule(rule))
			}
		}
		again := planRules(after, want, withID(ruleIDs(plan.keep, added)), goes)
		if len(again.add)+len(again.remove) > 0 {
			t.Fatalf("a second plan still adds %d and removes %d", len(again.add), len(again.remove))
		}
	})
}

func TestPlanPrefersItsOwnRuleToOneThatSaysTheSame(t *testing.T) {
	t.Parallel()
	rule := someRule.Example(1)
	have := []mdx.ACLRule{rule, rule, rule}
	have[0].ID, have[1].ID, have[2].ID = "foreign", "mine", "mine-too"
	plan := planRules(have, []mdx.ACLRule{rule}, withID([]mdx.ACLRuleID{"mine", "mine-too"}), noRule)
	if len(plan.keep) != 1 || plan.keep[0].ID != "mine" || len(plan.shared) != 0 {
		t.Errorf("keeps %v and shares %v, want to keep its own", plan.keep, plan.shared)
	}
	if len(plan.remove) != 1 || plan.remove[0].ID != "mine-too" {
		t.Errorf("removes %v, want its own second one", plan.remove)
	}
}
