package portal

import (
	"slices"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// rulePlan is how to come from the rules that a segment has to those that a resource wants.
type rulePlan struct {
	// add are wanted rules that nobody made yet. They are added before anything is removed.
	add []mdx.ACLRule
	// keep are wanted rules that the resource made before; they stay as they are, ids and all.
	keep []mdx.ACLRule
	// shared are wanted rules that others made. They do their service, but are not the resource's to remove.
	shared []mdx.ACLRule
	// remove are rules that must go: the resource's own that are not wanted any more, and others' that it may remove.
	remove []mdx.ACLRule
}

// planRules compares. own tells the rules that the resource made, goes tells which of the others' it may remove.
func planRules(have, want []mdx.ACLRule, own, goes func(mdx.ACLRule) bool) rulePlan {
	best := map[mdx.ACLRule]mdx.ACLRule{} // for what a rule says, the one that is there: rather an own one, rather the first
	for _, rule := range have {
		key := rule.Canonical()
		if known, is := best[key]; !is || own(rule) && !own(known) {
			best[key] = rule
		}
	}
	var plan rulePlan
	planned, staying := map[mdx.ACLRule]bool{}, map[mdx.ACLRuleID]bool{}
	for _, wanted := range want {
		key := wanted.Canonical()
		if planned[key] {
			continue // written twice
		}
		planned[key] = true
		rule, is := best[key]
		switch {
		case !is:
			plan.add = append(plan.add, wanted)
			continue
		case own(rule):
			plan.keep = append(plan.keep, rule)
		default:
			plan.shared = append(plan.shared, rule)
		}
		staying[rule.ID] = true
	}
	plan.remove = only(have, func(rule mdx.ACLRule) bool { return !staying[rule.ID] && (own(rule) || goes(rule)) })
	return plan
}

// noRule is no rule at all.
func noRule(mdx.ACLRule) bool { return false }

// sameAsAny tells the rules that let the same through as one of rules.
func sameAsAny(rules []mdx.ACLRule) func(mdx.ACLRule) bool {
	same := make(map[mdx.ACLRule]bool, len(rules))
	for _, rule := range rules {
		same[rule.Canonical()] = true
	}
	return func(rule mdx.ACLRule) bool { return same[rule.Canonical()] }
}

// withID tells the rules that have one of the ids.
func withID(ids []mdx.ACLRuleID) func(mdx.ACLRule) bool {
	has := make(map[mdx.ACLRuleID]bool, len(ids))
	for _, id := range ids {
		has[id] = true
	}
	return func(rule mdx.ACLRule) bool { return has[rule.ID] }
}

// ruleIDs lists rules' ids.
func ruleIDs(rules ...[]mdx.ACLRule) []mdx.ACLRuleID {
	ids := []mdx.ACLRuleID{}
	for _, rule := range slices.Concat(rules...) {
		ids = append(ids, rule.ID)
	}
	return ids
}

// only is those of rules that which tells.
func only(rules []mdx.ACLRule, which func(mdx.ACLRule) bool) []mdx.ACLRule {
	var some []mdx.ACLRule
	for _, rule := range rules {
		if which(rule) {
			some = append(some, rule)
		}
	}
	return some
}

// without is those of rules that which does not tell.
func without(rules []mdx.ACLRule, which func(mdx.ACLRule) bool) []mdx.ACLRule {
	return only(rules, func(rule mdx.ACLRule) bool { return !which(rule) })
}
