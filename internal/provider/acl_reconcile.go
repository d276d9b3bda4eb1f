package provider

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// reconciled is what came of bringing a segment's rules to what a resource wants.
type reconciled struct {
	own    []mdx.ACLRuleID // rules that the resource made, and that are there
	holds  []mdx.ACLRule   // what the resource's rules are now
	shared []mdx.ACLRule   // those of them that others made
}

// reconcileRules brings a segment's rules to what a resource wants: it adds, waits until that shows, and only then
// removes, so that no traffic is cut off that both the old and the new rules allow. who is the resource with its
// rules, goes tells which of the others' rules it may remove. Along with an error it tells how far it came.
func (p *portal) reconcileRules(
	ctx context.Context, project mdx.ProjectID, segment mdx.SegmentID,
	want []mdx.ACLRule, who owner, goes func(mdx.ACLRule) bool,
) (reconciled, error) {
	release, err := p.claimRules(segment, want)
	if err != nil {
		return reconciled{own: who.own}, err
	}
	defer release()
	left, err := p.takeUpRules(ctx, project, segment, want, who)
	if err == nil { // what one list leaves out would be made again, or stay on an exclusive segment
		left.have, err = p.listedAgain(ctx, segment, left.have)
	}
	if err != nil {
		return reconciled{own: who.own}, err
	}
	own := slices.Concat(who.own, idsOf(left.taken))
	plan := planRules(left.have, want, withID(own), goes)
	var made []mdx.ACLRule
	err = p.notedRules(ctx, project, segment, who, left, plan.add, func() error {
		made, err = p.addRules(ctx, segment, left.have, plan.add, nil)
		return err
	})
	if err == nil {
		err = p.removeRules(ctx, segment, plan.remove)
	}
	stay := [][]mdx.ACLRule{plan.keep, made}
	if err != nil {
		stay = append(stay, only(plan.remove, withID(own))) // nobody knows: the next refresh tells
	}
	result := reconciled{own: idsOf(stay...), shared: plan.shared}
	for _, rules := range append(stay, plan.shared) {
		result.holds = append(result.holds, rules...)
	}
	return result, err
}

// removeOwn removes a resource's rules, with those that interrupted runs have made for it.
func (p *portal) removeOwn(ctx context.Context, project mdx.ProjectID, segment mdx.SegmentID, who owner) error {
	left, err := p.takeUpRules(ctx, project, segment, nil, who)
	if err != nil {
		return err
	}
	own := slices.Concat(who.own, idsOf(left.taken))
	if err := p.removeRules(ctx, segment, only(left.have, withID(own))); err != nil {
		return err
	}
	p.completed(ctx, p.journal.Forget(left.settled(who)))
	p.forgetRules(ctx, project, segment, left.have, own)
	return nil
}

// claimRules keeps two resources from making the same rule at the same time, when neither can see the other's.
func (p *portal) claimRules(segment mdx.SegmentID, rules []mdx.ACLRule) (release func(), err error) {
	var mine []string
	release = func() {
		for _, thing := range mine {
			p.claims.release(thing)
		}
	}
	seen := map[string]bool{}
	for _, rule := range rules {
		thing := "rule on " + string(segment) + ": " + describe(rule)
		switch {
		case seen[thing]:
		case !p.claims.take(thing):
			release()
			return nil, errors.New("rule " + describe(rule) + ": another resource makes the same rule at this moment: keep one of them")
		default:
			mine, seen[thing] = append(mine, thing), true
		}
	}
	return release, nil
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

// onSegment names a segment in the words of an error.
func onSegment(name string) string { return fmt.Sprintf("on segment %q", name) }
