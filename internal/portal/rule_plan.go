package portal

import (
	"slices"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// RulePlan is how to come from the rules that a segment has to those that a resource wants.
type RulePlan struct {
	// add are wanted rules that nobody made yet. They are added before anything is removed.
	Add []mdx.ACLRule
	// keep are wanted rules that the resource made before; they stay as they are, ids and all.
	Keep []mdx.ACLRule
	// shared are wanted rules that others made. They do their service, but are not the resource's to remove.
	shared []mdx.ACLRule
	// remove are rules that must go: the resource's own that are not wanted any more, and others' that it may remove.
	Remove []mdx.ACLRule
}

// PlanRules compares. own tells the rules that the resource made, goes tells which of the others' it may remove.
func PlanRules(have, want []mdx.ACLRule, own, goes func(mdx.ACLRule) bool) RulePlan {
	var plan RulePlan
	var staying []mdx.ACLRule
	for _, wanted := range want {
		same := func(rule mdx.ACLRule) bool { return rule.Same(wanted) }
		if slices.ContainsFunc(plan.Add, same) || slices.ContainsFunc(staying, same) {
			continue // written twice
		}
		made := slices.IndexFunc(have, func(rule mdx.ACLRule) bool { return same(rule) && own(rule) })
		others := slices.IndexFunc(have, same)
		switch {
		case made >= 0:
			plan.Keep = append(plan.Keep, have[made])
			staying = append(staying, have[made])
		case others >= 0:
			plan.shared = append(plan.shared, have[others])
			staying = append(staying, have[others])
		default:
			plan.Add = append(plan.Add, wanted)
		}
	}
	for _, rule := range have {
		stays := slices.ContainsFunc(staying, func(kept mdx.ACLRule) bool { return kept.ID == rule.ID })
		if !stays && (own(rule) || goes(rule)) {
			plan.Remove = append(plan.Remove, rule)
		}
	}
	return plan
}

// NoRule is no rule at all.
func NoRule(mdx.ACLRule) bool { return false }

// AnyRule is every rule.
func AnyRule(mdx.ACLRule) bool { return true }

// SameAsAny tells the rules that let the same through as one of rules.
func SameAsAny(rules []mdx.ACLRule) func(mdx.ACLRule) bool {
	return func(rule mdx.ACLRule) bool { return slices.ContainsFunc(rules, rule.Same) }
}

// WithID tells the rules that have one of the ids.
func WithID(ids []mdx.ACLRuleID) func(mdx.ACLRule) bool {
	return func(rule mdx.ACLRule) bool { return slices.Contains(ids, rule.ID) }
}

// RuleIDs lists rules' ids.
func RuleIDs(rules ...[]mdx.ACLRule) []mdx.ACLRuleID {
	ids := []mdx.ACLRuleID{}
	for _, rule := range slices.Concat(rules...) {
		ids = append(ids, rule.ID)
	}
	return ids
}
