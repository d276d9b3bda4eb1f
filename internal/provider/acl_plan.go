package provider

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
	var plan rulePlan
	var staying []mdx.ACLRule
	for _, wanted := range want {
		same := func(rule mdx.ACLRule) bool { return rule.Same(wanted) }
		if slices.ContainsFunc(plan.add, same) || slices.ContainsFunc(staying, same) {
			continue // written twice
		}
		made := slices.IndexFunc(have, func(rule mdx.ACLRule) bool { return same(rule) && own(rule) })
		others := slices.IndexFunc(have, same)
		switch {
		case made >= 0:
			plan.keep = append(plan.keep, have[made])
			staying = append(staying, have[made])
		case others >= 0:
			plan.shared = append(plan.shared, have[others])
			staying = append(staying, have[others])
		default:
			plan.add = append(plan.add, wanted)
		}
	}
	for _, rule := range have {
		stays := slices.ContainsFunc(staying, func(kept mdx.ACLRule) bool { return kept.ID == rule.ID })
		if !stays && (own(rule) || goes(rule)) {
			plan.remove = append(plan.remove, rule)
		}
	}
	return plan
}

// noRule is no rule at all.
func noRule(mdx.ACLRule) bool { return false }

// anyRule is every rule.
func anyRule(mdx.ACLRule) bool { return true }

// sameAsOneOf tells the rules that let the same through as one of rules.
func sameAsOneOf(rules []mdx.ACLRule) func(mdx.ACLRule) bool {
	return func(rule mdx.ACLRule) bool { return slices.ContainsFunc(rules, rule.Same) }
}

// withID tells the rules that have one of the ids.
func withID(ids []mdx.ACLRuleID) func(mdx.ACLRule) bool {
	return func(rule mdx.ACLRule) bool { return slices.Contains(ids, rule.ID) }
}

// idsOf lists rules' ids.
func idsOf(rules ...[]mdx.ACLRule) []mdx.ACLRuleID {
	ids := []mdx.ACLRuleID{}
	for _, rule := range slices.Concat(rules...) {
		ids = append(ids, rule.ID)
	}
	return ids
}
