package portal

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// ruleWrites is how many changes of rules a resource has under way at once: the portal bears five (PORTAL.md §8).
const ruleWrites = 4

// settling is how long, in poll intervals, a rule whose request may or may not have been carried out is looked for once
// the portal is done with it.
const settling = 10

// Rules lists a segment's access rules of both families, as they were at most age ago.
func (p *Portal) Rules(ctx context.Context, segment mdx.SegmentID, age time.Duration) ([]mdx.ACLRule, error) {
	var all []mdx.ACLRule
	for _, family := range []mdx.ACLFamily{mdx.ACLv4, mdx.ACLv6} {
		rules, err := p.rulesOf(ctx, segment, family, age)
		if err != nil {
			return nil, err
		}
		all = append(all, rules...)
	}
	return all, nil
}

// rulesOf lists a segment's access rules of one family, as they were at most age ago.
func (p *Portal) rulesOf(ctx context.Context, segment mdx.SegmentID, family mdx.ACLFamily, age time.Duration) ([]mdx.ACLRule, error) {
	return p.ruleLists.get(ctx, string(family)+"/"+string(segment), age, func(ctx context.Context) ([]mdx.ACLRule, error) {
		return p.ACLRules(ctx, segment, family)
	})
}

// WithOmitted looks again where a list lacks some of own, and answers what either look showed: a list may leave one out for
// once.
func (p *Portal) WithOmitted(
	ctx context.Context, segment mdx.SegmentID, listed []mdx.ACLRule, own []mdx.ACLRuleID,
) ([]mdx.ACLRule, error) {
	if len(Only(listed, WithID(own))) == len(own) {
		return listed, nil
	}
	return p.ListedAgain(ctx, segment, listed)
}

// ListedAgain looks again, and answers what either look showed.
func (p *Portal) ListedAgain(ctx context.Context, segment mdx.SegmentID, listed []mdx.ACLRule) ([]mdx.ACLRule, error) {
	again, err := p.Rules(ctx, segment, 0)
	return slices.Concat(again, Without(listed, WithID(RuleIDs(again)))), err
}

func (p *Portal) RulesChanged(segment mdx.SegmentID, family mdx.ACLFamily) {
	p.ruleLists.changed(string(family) + "/" + string(segment))
}

// wish is a rule that is being added.
type wish struct {
	rule mdx.ACLRule
	id   mdx.ACLRuleID // empty until it is known
	err  error         // why it is not, if the portal refused it, and the answer that was lost before
	lost error         // the answer that leaves open whether the portal made it
	seen bool          // the list shows it
}

// AddRules adds rules to a segment and waits until its list shows them. have is what the list showed before; none of
// rules may be in it. It answers the rules that were made, also along with an error; accepted, if any, hears of a
// rule's id as soon as it is known. One rule that is refused does not keep the others from being added.
func (p *Portal) AddRules(
	ctx context.Context, segment mdx.SegmentID, have, rules []mdx.ACLRule, accepted func(mdx.ACLRule),
) ([]mdx.ACLRule, error) {
	wishes := make([]*wish, len(rules))
	for i, rule := range rules {
		wishes[i] = &wish{rule: rule}
	}
	var err error
	for range 3 {
		p.postRules(ctx, segment, wishes, accepted)
		err = p.awaitRules(ctx, segment, have, wishes, accepted)
		if err != nil || !slices.ContainsFunc(wishes, (*wish).isLost) {
			break
		}
	}
	var made []mdx.ACLRule
	failed := []error{err}
	for _, w := range wishes {
		if w.id != "" {
			w.rule.ID = w.id
			made = append(made, w.rule)
		} else if cause := errors.Join(w.err, w.lost); cause != nil {
			failed = append(failed, fmt.Errorf("rule %s: %w", DescribeRule(w.rule), cause))
		}
	}
	return made, errors.Join(failed...)
}

func (w *wish) isLost() bool { return w.id == "" && w.lost != nil }

// postRules asks for the rules that nobody knows to be made. The portal's answer to each is kept with it.
func (p *Portal) postRules(ctx context.Context, segment mdx.SegmentID, wishes []*wish, accepted func(mdx.ACLRule)) {
	var group errgroup.Group
	group.SetLimit(ruleWrites)
	for _, w := range wishes {
		if w.id != "" || w.err != nil {
			continue
		}
		group.Go(func() error {
			made, err := p.CreateACLRule(ctx, segment, w.rule)
			p.RulesChanged(segment, w.rule.Family())
			switch {
			case err == nil:
				w.id, w.lost = made.ID, nil
				w.tell(accepted)
			case mdx.IsAmbiguous(err):
				w.lost = err
			default:
				w.err, w.lost = errors.Join(err, w.lost), nil // the one before may be why
			}
			return nil
		})
	}
	_ = group.Wait() // the errors are with the wishes
}

func (w *wish) tell(accepted func(mdx.ACLRule)) {
	if accepted != nil {
		w.rule.ID = w.id
		accepted(w.rule)
	}
}

// awaitRules waits until the list shows every rule that was made, and looks there for those of which nobody knows: a
// rule that was not there before, and that no other wish has, is the one.
func (p *Portal) awaitRules(
	ctx context.Context, segment mdx.SegmentID, have []mdx.ACLRule, wishes []*wish, accepted func(mdx.ACLRule),
) error {
	var open []*wish
	var families []mdx.ACLRule
	for _, w := range wishes {
		if w.err == nil && !w.seen {
			open, families = append(open, w), append(families, w.rule)
		}
	}
	tooLate := p.tooLateToShow()
	return p.Await(ctx, "the list to show the new rules", func() (bool, error) {
		listed, err := p.RulesLike(ctx, segment, families)
		if err != nil {
			return false, err
		}
		waiting := false
		for _, w := range open {
			if w.id == "" {
				w.find(listed, have, wishes, accepted)
			}
			w.seen = w.id != "" && slices.ContainsFunc(listed, WithID([]mdx.ACLRuleID{w.id}))
			waiting = waiting || !w.seen && (w.id != "" || !tooLate())
		}
		return !waiting, nil
	})
}

// find looks for the rule whose id nobody told.
func (w *wish) find(listed, have []mdx.ACLRule, wishes []*wish, accepted func(mdx.ACLRule)) {
	for _, rule := range listed {
		old := slices.ContainsFunc(have, WithID([]mdx.ACLRuleID{rule.ID}))
		others := slices.ContainsFunc(wishes, func(other *wish) bool { return other.id == rule.ID })
		if rule.Same(w.rule) && !old && !others {
			w.id, w.lost = rule.ID, nil
			w.tell(accepted)
			return
		}
	}
}

// RemoveRules removes rules from a segment and waits until its list shows none of them. A rule that is gone already is
// as good as removed. One rule that can't be removed does not keep the others.
func (p *Portal) RemoveRules(ctx context.Context, segment mdx.SegmentID, rules []mdx.ACLRule) error {
	var refused []error
	deletable, left := rules, rules
	err := p.Await(ctx, "the list to drop the removed rules", func() (bool, error) {
		absent, errs := p.deleteRules(ctx, segment, deletable)
		for id, err := range errs {
			left = slices.DeleteFunc(slices.Clone(left), func(rule mdx.ACLRule) bool { return rule.ID == id })
			refused = append(refused, err)
		}
		listed, err := p.RulesLike(ctx, segment, left)
		if err == nil && len(absent) > 0 { // the portal and one list may both be wrong
			var again []mdx.ACLRule
			again, err = p.RulesLike(ctx, segment, left)
			listed = slices.Concat(listed, again)
		}
		if err != nil {
			return false, err
		}
		left = slices.DeleteFunc(slices.Clone(left), func(rule mdx.ACLRule) bool {
			return !slices.ContainsFunc(listed, WithID([]mdx.ACLRuleID{rule.ID}))
		})
		// What the portal calls absent while its list has it is asked for again: a single 404 proves nothing.
		deletable = slices.DeleteFunc(slices.Clone(left), func(rule mdx.ACLRule) bool { return !slices.Contains(absent, rule.ID) })
		return len(left) == 0, nil
	})
	return errors.Join(append(refused, err)...)
}

// deleteRules asks for rules to go. It tells those that the portal calls absent, and those that it refused to remove.
func (p *Portal) deleteRules(
	ctx context.Context, segment mdx.SegmentID, rules []mdx.ACLRule,
) (absent []mdx.ACLRuleID, refused map[mdx.ACLRuleID]error) {
	outcome := make([]error, len(rules))
	var group errgroup.Group
	group.SetLimit(ruleWrites)
	for i, rule := range rules {
		group.Go(func() error {
			outcome[i] = p.DeleteACLRule(ctx, rule.Family(), rule.ID)
			p.RulesChanged(segment, rule.Family())
			return nil
		})
	}
	_ = group.Wait() // the errors are in outcome
	refused = map[mdx.ACLRuleID]error{}
	for i, err := range outcome {
		switch {
		case mdx.IsNotFound(err):
			absent = append(absent, rules[i].ID)
		case err != nil:
			refused[rules[i].ID] = fmt.Errorf("rule %s: %w", DescribeRule(rules[i]), err)
		}
	}
	return absent, refused
}

// RulesLike lists the segment's rules of the families that rules are of, as they are now.
func (p *Portal) RulesLike(ctx context.Context, segment mdx.SegmentID, rules []mdx.ACLRule) ([]mdx.ACLRule, error) {
	var all []mdx.ACLRule
	for _, family := range []mdx.ACLFamily{mdx.ACLv4, mdx.ACLv6} {
		if !slices.ContainsFunc(rules, func(rule mdx.ACLRule) bool { return rule.Family() == family }) {
			continue
		}
		listed, err := p.rulesOf(ctx, segment, family, 0)
		if err != nil {
			return nil, err
		}
		all = append(all, listed...)
	}
	return all, nil
}

// Await asks again and again until check is content or fails, or the time is up.
func (p *Portal) Await(ctx context.Context, what string, check func() (bool, error)) error {
	pace := mdx.PacePower
	pause := pace.First
	for {
		done, err := check()
		if done || err != nil {
			return err
		}
		timer := time.NewTimer(time.Duration(pause * float64(p.PollInterval)))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return fmt.Errorf("waiting for %s: %w", what, ctx.Err())
		}
		pause = min(pause*1.25, pace.Longest)
	}
}

// FindRule finds a rule of a segment. Before it says that there is none, it looks twice.
func (p *Portal) FindRule(
	ctx context.Context, segment mdx.SegmentID, is func(mdx.ACLRule) bool,
) (rule mdx.ACLRule, found bool, err error) {
	for _, age := range []time.Duration{p.PollInterval, 0} {
		rules, err := p.Rules(ctx, segment, age)
		if err != nil {
			return mdx.ACLRule{}, false, err
		}
		if i := slices.IndexFunc(rules, is); i >= 0 {
			return rules[i], true, nil
		}
	}
	return mdx.ACLRule{}, false, nil
}
