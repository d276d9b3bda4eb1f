package portal

import (
	"context"
	"errors"
	"slices"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// RuleSetResult is what came of bringing a segment's rules to what a resource wants.
type RuleSetResult struct {
	Own    []mdx.ACLRuleID // rules that the resource made, and that are there
	Holds  []mdx.ACLRule   // what the resource's rules are now
	Shared []mdx.ACLRule   // those of them that others made
}

// SetRules brings a segment's rules to what a resource wants: it adds, waits until that shows, and only then
// removes, so that no traffic is cut off that both the old and the new rules allow. who is the resource with its
// rules, goes tells which of the others' rules it may remove. Along with an error it tells how far it came.
func (p *Portal) SetRules(
	ctx context.Context, project mdx.ProjectID, segment mdx.SegmentID,
	want []mdx.ACLRule, who RuleOwner, goes func(mdx.ACLRule) bool,
) (RuleSetResult, error) {
	release, err := p.ClaimRules(segment, want)
	if err != nil {
		return RuleSetResult{Own: who.Own}, err
	}
	defer release()
	left, err := p.takeUpRules(ctx, project, segment, want, who)
	if err == nil { // what one list leaves out would be made again, or stay on an exclusive segment
		left.have, err = p.ListedAgain(ctx, segment, left.have)
	}
	if err != nil {
		return RuleSetResult{Own: who.Own}, err
	}
	own := slices.Concat(who.Own, RuleIDs(left.taken))
	plan := PlanRules(left.have, want, WithID(own), goes)
	var made []mdx.ACLRule
	err = p.notedRules(ctx, project, segment, who, left, plan.Add, func() error {
		made, err = p.AddRules(ctx, segment, left.have, plan.Add, nil)
		return err
	})
	if err == nil {
		err = p.RemoveRules(ctx, segment, plan.Remove)
	}
	stay := [][]mdx.ACLRule{plan.Keep, made}
	if err != nil {
		stay = append(stay, Only(plan.Remove, WithID(own))) // nobody knows: the next refresh tells
	}
	result := RuleSetResult{Own: RuleIDs(stay...), Shared: plan.shared}
	for _, rules := range append(stay, plan.shared) {
		result.Holds = append(result.Holds, rules...)
	}
	return result, err
}

// RemoveOwnRules removes a resource's rules, with those that interrupted runs have made for it.
func (p *Portal) RemoveOwnRules(ctx context.Context, project mdx.ProjectID, segment mdx.SegmentID, who RuleOwner) error {
	left, err := p.takeUpRules(ctx, project, segment, nil, who)
	if err != nil {
		return err
	}
	own := slices.Concat(who.Own, RuleIDs(left.taken))
	if err := p.RemoveRules(ctx, segment, Only(left.have, WithID(own))); err != nil {
		return err
	}
	p.completed(ctx, p.journal.Forget(left.settled(who)))
	p.ForgetRules(ctx, project, segment, left.have, own)
	return nil
}

// ClaimRules keeps two resources from making the same rule at the same time, when neither can see the other's.
func (p *Portal) ClaimRules(segment mdx.SegmentID, rules []mdx.ACLRule) (release func(), err error) {
	var mine []string
	release = func() {
		for _, thing := range mine {
			p.claims.release(thing)
		}
	}
	seen := map[string]bool{}
	for _, rule := range rules {
		thing := "rule on " + string(segment) + ": " + DescribeRule(rule)
		switch {
		case seen[thing]:
		case !p.claims.take(thing):
			release()
			return nil, errors.New("rule " + DescribeRule(rule) + ": another resource makes the same rule at this moment: keep one of them")
		default:
			mine, seen[thing] = append(mine, thing), true
		}
	}
	return release, nil
}

// Only is those of rules that which tells.
func Only(rules []mdx.ACLRule, which func(mdx.ACLRule) bool) []mdx.ACLRule {
	var some []mdx.ACLRule
	for _, rule := range rules {
		if which(rule) {
			some = append(some, rule)
		}
	}
	return some
}

// Without is those of rules that which does not tell.
func Without(rules []mdx.ACLRule, which func(mdx.ACLRule) bool) []mdx.ACLRule {
	return Only(rules, func(rule mdx.ACLRule) bool { return !which(rule) })
}
