package portal

import (
	"context"
	"slices"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// RuleSetResult is what came of bringing a segment's rules to what a set wants.
type RuleSetResult struct {
	Own    []mdx.ACLRuleID // rules that the owner made, and that are there
	Holds  []mdx.ACLRule   // what the set's rules are now
	Shared []mdx.ACLRule   // those of them that others made
}

// RuleSetPlan is what [Portal.SetRules] is going to do.
type RuleSetPlan struct {
	Stays  bool          // every rule stays as it is, and there is none to adopt
	Others []mdx.ACLRule // rules that the owner did not make, and that are not wanted
}

// ReadRules lists a segment's rules: those of the set's owner, and those of others. They are from memory, where what is
// remembered is at most a poll interval old and lacks none of the owner's.
func (p *Portal) ReadRules(ctx context.Context, set RuleSet) (own, others []mdx.ACLRule, err error) {
	have, err := p.knownRules(ctx, set.Segment, set.Owner.Own)
	mine := withID(set.Owner.Own)
	return only(have, mine), without(have, mine), err
}

// PlanRules tells what bringing a segment's rules to what a set wants will change.
func (p *Portal) PlanRules(ctx context.Context, set RuleSet) (RuleSetPlan, error) {
	have, err := p.knownRules(ctx, set.Segment, set.Owner.Own)
	if err != nil {
		return RuleSetPlan{}, err
	}
	own := withID(set.Owner.Own)
	plan := planRules(have, set.Want, own, noRule)
	return RuleSetPlan{
		Stays:  len(plan.add)+len(plan.remove) == 0 && len(plan.keep) == len(set.Owner.Own) && !p.hasLeftRules(set, have),
		Others: without(without(have, own), sameAsAny(set.Want)),
	}, nil
}

// SetRules brings a segment's rules to what a set wants: it adds, waits until that shows, and only then removes, so that no
// traffic is cut off that both the old and the new rules allow. Rules that interrupted runs have made for the owner are
// adopted. Along with an error it tells how far it came.
func (p *Portal) SetRules(ctx context.Context, set RuleSet) (RuleSetResult, error) {
	release, err := p.claimRules(set.Segment, set.Want)
	if err != nil {
		return RuleSetResult{Own: set.Owner.Own}, err
	}
	defer release()
	left, err := p.adoptRules(ctx, set)
	if err != nil {
		return RuleSetResult{Own: set.Owner.Own}, err
	}
	own := withID(slices.Concat(set.Owner.Own, ruleIDs(left.adopted)))
	plan := planRules(left.have, set.Want, own, set.goes())
	rules := p.rulesOf(set.Segment)
	var made []mdx.ACLRule
	err = p.noteRules(ctx, set, left, plan.add, func() error {
		made, err = rules.add(ctx, left.have, plan.add)
		return err
	})
	if err == nil {
		err = rules.remove(ctx, plan.remove)
	}
	stay := [][]mdx.ACLRule{plan.keep, made}
	if err != nil {
		stay = append(stay, only(plan.remove, own)) // nobody knows: the next refresh tells
	}
	return RuleSetResult{
		Own: ruleIDs(stay...), Holds: slices.Concat(append(stay, plan.shared)...), Shared: plan.shared,
	}, err
}

// goes tells which rules of others the set has removed.
func (set RuleSet) goes() func(mdx.ACLRule) bool {
	switch {
	case !set.Exclusive:
		return noRule
	case set.Planned == nil:
		return func(mdx.ACLRule) bool { return true }
	}
	return sameAsAny(set.Planned)
}

// RemoveOwnRules removes the rules of a set's owner, with those that interrupted runs have made for it. Those of a segment
// that is gone are as good as removed.
func (p *Portal) RemoveOwnRules(ctx context.Context, set RuleSet) error {
	set.Want = nil
	err := p.removeOwnRules(ctx, set)
	if err != nil && p.SegmentGone(ctx, set.Project, set.Segment) {
		return nil
	}
	return err
}

func (p *Portal) removeOwnRules(ctx context.Context, set RuleSet) error {
	left, err := p.adoptRules(ctx, set)
	if err != nil {
		return err
	}
	known := set.Owner
	set.Owner.Own = slices.Concat(known.Own, ruleIDs(left.adopted))
	if err := p.rulesOf(set.Segment).remove(ctx, only(left.have, withID(set.Owner.Own))); err != nil {
		return err
	}
	p.completed(ctx, p.journal.Forget(left.spent(known)))
	p.SettleRules(ctx, set, left.have)
	return nil
}
