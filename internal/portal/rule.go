package portal

import (
	"context"
	"fmt"
	"slices"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

func (at ACLRuleAt) key() string { return aclRuleKey(at.Segment, at.Rule) }

// RuleExistsError says that the segment has a rule already that says the same as one that is wanted, and that is not known
// to be ours.
type RuleExistsError struct{ Rule mdx.ACLRule } // the one that is there

// Error tells the rule's id.
func (e *RuleExistsError) Error() string {
	return fmt.Sprintf("the segment has another rule that says the same (%s): remove one of them", e.Rule.ID)
}

// CreateRule creates an access rule and waits until its segment's list shows it. What an interrupted run has asked for in
// its place is adopted. The answer is the rule with its id, also along with an error if the id is known by then.
//
// A [*RuleExistsError] tells of one that is there, a [*DoubtError] that it may come to be: [Portal.FindRule] tells later.
func (p *Portal) CreateRule(ctx context.Context, want ACLRuleAt) (rule mdx.ACLRule, isAdopted bool, err error) {
	want.Rule.ID = ""
	release, err := p.claimRules(want.Segment, []mdx.ACLRule{want.Rule})
	if err != nil {
		return want.Rule, false, err
	}
	defer release()
	rules := p.rulesOf(want.Segment)
	is, like := rules.isSame(want.Rule), []mdx.ACLRule{want.Rule}
	left, err := rules.adopt(ctx, want.Project, []string{want.key()}, want.Rule, is, noRule)
	if err != nil || left.found {
		return ruleWithID(want.Rule, left.entry.ID), left.found, err
	}
	have, err := rules.list(ctx, 0, like)
	if err != nil {
		return want.Rule, false, err
	}
	if i := slices.IndexFunc(have, is); i >= 0 {
		return want.Rule, false, &RuleExistsError{have[i]}
	}
	rule = want.Rule
	err = p.note(ctx, want.Project, claimOn(createACL, want.key()), func() error {
		made, err := rules.add(ctx, have, like)
		if len(made) > 0 {
			rule = made[0]
		}
		return err
	})
	return rule, false, err
}

// FindRule finds an access rule. One that an interrupted run has asked for may still come to be, or to show, and is waited
// for; one that is gone is forgotten, unless such a run has made another in its place, which [Portal.CreateRule] adopts.
// A segment that is gone has no rules. Anything else that can't be told is an error.
func (p *Portal) FindRule(ctx context.Context, at ACLRuleAt) (rule mdx.ACLRule, found bool, err error) {
	rules := p.rulesOf(at.Segment)
	rule, found, err = rules.find(ctx, rules.isIt(at.Rule))
	if err == nil && !found {
		var left adopted[mdx.ACLRule]
		left, err = rules.adopt(ctx, at.Project, []string{at.key()}, at.Rule, rules.isIt(at.Rule), rules.isSame(at.Rule))
		rule, found = left.entry, left.found
	}
	if err != nil && p.SegmentGone(ctx, at.Project, at.Segment) {
		return mdx.ACLRule{}, false, nil
	}
	return rule, found, err
}

// SettleRule says that the state has a rule beyond doubt, which the portal shows as shown: no later run has to look for it.
func (p *Portal) SettleRule(ctx context.Context, at ACLRuleAt, shown mdx.ACLRule) {
	p.inState(ctx, at.Project, at.key(), aclRuleKey(at.Segment, shown))
}

// ChangeRule makes a rule say something else, in place, and waits until its segment's list shows that. The family of its
// addresses can't change. A [*RuleExistsError] tells of another that says the same.
func (p *Portal) ChangeRule(ctx context.Context, at ACLRuleAt, to mdx.ACLRule) error {
	if at.Rule.ID != "" {
		p.inState(ctx, at.Project, at.key()) // what it says now, others may say later
	}
	to.ID = at.Rule.ID
	rules, like := p.rulesOf(at.Segment), []mdx.ACLRule{to}
	listed, err := rules.list(ctx, 0, like)
	if err != nil {
		return err
	}
	same := only(listed, to.Same)
	switch {
	case slices.ContainsFunc(same, rules.isIt(to)):
		return nil
	case len(same) > 0:
		return &RuleExistsError{same[0]}
	}
	err = p.UpdateACLRule(ctx, to)
	p.rulesChanged(at.Segment, to)
	if err != nil {
		return err
	}
	return p.Poll(ctx, "changed rule", DescribeRule(to), func(ctx context.Context) (bool, error) {
		listed, err := rules.list(ctx, 0, like)
		i := slices.IndexFunc(listed, rules.isIt(to))
		return i >= 0 && listed[i].Same(to), err
	})
}

// RemoveRule removes a rule, found as [Portal.FindRule] finds it, and waits until its segment's list no longer shows it. One
// that is gone, or whose segment is, is as good as removed.
func (p *Portal) RemoveRule(ctx context.Context, at ACLRuleAt) error {
	noted := p.notedUnder(at.Project, at.key()) // another that says the same may just be made while this one goes
	rule, found, err := p.FindRule(ctx, at)
	if err != nil || !found { // of one that is gone, a killed run may have made another
		return err
	}
	err = p.rulesOf(at.Segment).remove(ctx, []mdx.ACLRule{rule})
	if err != nil && !p.SegmentGone(ctx, at.Project, at.Segment) {
		return err
	}
	p.completed(ctx, p.journal.Forget(noted))
	return nil
}

func ruleWithID(rule mdx.ACLRule, id mdx.ACLRuleID) mdx.ACLRule {
	rule.ID = id
	return rule
}
