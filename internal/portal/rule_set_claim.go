package portal

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/journal"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// A segment's rules are told from equal ones of others by their ids in the state alone. So the rules that a set's owner
// is about to make are noted, all in one entry: those of a run that was killed before it wrote the state would otherwise
// count as others', and stay for ever.

// wrote tells whether an entry is the owner's for certain.
func (o RuleOwner) wrote(e journal.Entry) bool {
	return o.ID != "" && e.Owner == o.ID || len(o.Own) > 0 && e.Digest == basis(o.Own)
}

// basis is a digest of the rules that a resource had, which tell it from others where its state has no id.
func basis(own []mdx.ACLRuleID) string {
	if len(own) == 0 {
		return ""
	}
	sum := sha256.New()
	for _, id := range slices.Sorted(slices.Values(own)) {
		sum.Write([]byte(string(id) + "\n"))
	}
	return hex.EncodeToString(sum.Sum(nil)[:16])
}

// partsOf are the parts that rules are, or would be, of an entry.
func partsOf(rules []mdx.ACLRule) map[string]bool {
	parts := make(map[string]bool, len(rules))
	for _, rule := range rules {
		parts[rulePart(rule)] = true
	}
	return parts
}

// isPartOf tells whether a rule is among what entries were about to make.
func isPartOf(entries []journal.Entry) func(mdx.ACLRule) bool {
	parts := map[string]bool{}
	for _, e := range entries {
		for _, part := range e.Parts {
			parts[part] = true
		}
	}
	return func(rule mdx.ACLRule) bool { return parts[rulePart(rule)] }
}

// lacksPart tells whether rules lack some of what entries were about to make.
func lacksPart(rules []mdx.ACLRule, entries []journal.Entry) bool {
	there := partsOf(rules)
	return slices.ContainsFunc(entries, func(e journal.Entry) bool {
		return slices.ContainsFunc(e.Parts, func(part string) bool { return !there[part] })
	})
}

// leftRules are the rules that interrupted runs have left on a segment.
type leftRules struct {
	entries []journal.Entry
	have    []mdx.ACLRule // what the segment has, once all that may have been made shows
	adopted []mdx.ACLRule // those of them that are the owner's, and that its state lacks
}

// adoptRules finds the rules that interrupted runs have made for a set's owner, waiting for them as long as they may take to
// show. Those that nobody wants any more are the owner's too, where it wrote the entry itself.
func (p *Portal) adoptRules(ctx context.Context, set RuleSet) (left leftRules, err error) {
	left.entries, err = p.leftEntries(ctx, set.Project, aclRuleSetKey(set.Segment))
	if err != nil {
		return left, err
	}
	left.have, err = p.rulesOf(set.Segment).awaitLeft(ctx, left.entries, nil, func(listed []mdx.ACLRule) bool {
		return !lacksPart(listed, left.entries)
	})
	if err == nil {
		left.adopted = adoptable(left.entries, left.have, set)
	}
	return left, err
}

// spent are the entries that have done their work once what was adopted is noted anew, or gone: the rest of what they
// were about to make is in the owner's state, or was never made. What shows and is nobody's yet keeps its entry.
func (l leftRules) spent(who RuleOwner) []journal.Entry {
	others := without(without(l.have, withID(who.Own)), withID(ruleIDs(l.adopted)))
	return slices.DeleteFunc(slices.Clone(l.entries), func(e journal.Entry) bool {
		return !who.wrote(e) && slices.ContainsFunc(others, isPartOf([]journal.Entry{e}))
	})
}

// adoptable are those of a segment's rules that entries make an owner's although its state lacks them.
func adoptable(entries []journal.Entry, have []mdx.ACLRule, set RuleSet) (adopt []mdx.ACLRule) {
	ofThis := slices.DeleteFunc(slices.Clone(entries), func(e journal.Entry) bool { return !set.Owner.wrote(e) })
	wanted, noted, notedByThis := sameAsAny(set.Want), isPartOf(entries), isPartOf(ofThis)
	known := map[mdx.ACLRule]bool{} // an equal one beside a known one is somebody else's
	for _, rule := range only(have, withID(set.Owner.Own)) {
		known[rule.Canonical()] = true
	}
	for _, rule := range have {
		if key := rule.Canonical(); !known[key] && (noted(rule) && wanted(rule) || notedByThis(rule)) {
			known[key] = true
			adopt = append(adopt, rule)
		}
	}
	return adopt
}

// hasLeftRules tells at plan time whether an apply has rules to adopt.
func (p *Portal) hasLeftRules(set RuleSet, have []mdx.ACLRule) bool {
	entries := p.notedUnder(set.Project, aclRuleSetKey(set.Segment))
	earlier := slices.DeleteFunc(entries, func(e journal.Entry) bool { return !p.journal.Earlier(e) })
	return len(adoptable(earlier, have, set)) > 0
}

// noteRules makes rules between two notes. What was adopted is noted again: the state may be lost once more.
func (p *Portal) noteRules(ctx context.Context, set RuleSet, left leftRules, add []mdx.ACLRule, create func() error) error {
	rules := slices.Concat(left.adopted, add)
	if len(rules) == 0 {
		p.completed(ctx, p.journal.Forget(left.spent(set.Owner)))
		return create()
	}
	noted := false
	err := p.note(ctx, set.Project, noteOfSet(set, rules), func() error {
		noted = true
		return create()
	})
	if noted && !isDoubtful(err) {
		p.completed(ctx, p.journal.Forget(left.spent(set.Owner)))
	}
	return err
}

// noteOfSet is what the journal has about rules that a set's owner is about to make, or has adopted.
func noteOfSet(set RuleSet, rules []mdx.ACLRule) journal.Entry {
	e := journal.Entry{Operation: setACL, Digest: basis(set.Owner.Own), Owner: set.Owner.ID}
	e.Name = aclRuleSetKey(set.Segment)
	for _, rule := range rules {
		e.Parts = append(e.Parts, rulePart(rule))
	}
	return e
}

// SettleRules has the journal forget what it has about a segment's rules where each of them is in the owner's state, or
// never came to be. have is what the segment has, as [Portal.ReadRules] tells. A rule that is there and that the state lacks
// may be somebody's whose run was killed: its entry stays.
func (p *Portal) SettleRules(ctx context.Context, set RuleSet, have []mdx.ACLRule) {
	entries, err := p.journal.About(p.journal.key(set.Project, aclRuleSetKey(set.Segment)))
	if lacksPart(have, entries) { // it may be from memory
		now, unseen := p.Rules(ctx, set.Segment)
		if unseen != nil {
			return
		}
		have = now
	}
	own := withID(set.Owner.Own)
	mine, others := partsOf(only(have, own)), partsOf(without(have, own))
	done := slices.DeleteFunc(entries, func(e journal.Entry) bool {
		sure := e.HandedOver || p.Now().Sub(e.Asked) > madeWithin // what does not show will not come
		return p.journal.Live(e) || slices.ContainsFunc(e.Parts, func(part string) bool {
			return !mine[part] && (others[part] || !sure)
		})
	})
	if err := errors.Join(err, p.journal.Forget(done)); err != nil {
		p.warn(ctx, "the journal could not be cleared", map[string]any{"segment": string(set.Segment), "error": err.Error()})
	}
}
