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

// A segment's rules are told from equal ones of others by their ids in the state alone. So the rules that an mdx_network
// is about to make are noted, all in one entry: those of a run that was killed before it wrote the state would otherwise
// count as others', and stay for ever.

const setACL = "set access rules"

// aclsThing is the name that a segment's rules have in the journal.
func aclsThing(segment mdx.SegmentID) string { return "access rules " + OnSegment(string(segment)) }

// RuleOwner is an mdx_network among those of its segment: who made a rule, no state can tell but by its id, and a run that
// was killed, or a refresh, has changed which ids a state has.
type RuleOwner struct {
	ID  string          // in the private state; empty in one that an earlier version of the provider wrote
	Own []mdx.ACLRuleID // the rules that the state has
}

// wrote tells whether an entry is the owner's for certain.
func (o RuleOwner) wrote(e journal.Entry) bool {
	return o.ID != "" && e.Owner == o.ID || len(o.Own) > 0 && e.Digest == basis(o.Own)
}

// basis is a digest of the rules that a resource had, which tell it from others where its state has no id.
func basis(own []mdx.ACLRuleID) string {
	if len(own) == 0 {
		return ""
	}
	ids := slices.Sorted(slices.Values(own))
	sum := sha256.New()
	for _, id := range ids {
		sum.Write([]byte(string(id) + "\n"))
	}
	return hex.EncodeToString(sum.Sum(nil)[:16])
}

// partOf tells whether a rule is among what entries were about to make.
func partOf(entries ...journal.Entry) func(mdx.ACLRule) bool {
	return func(rule mdx.ACLRule) bool {
		return slices.ContainsFunc(entries, func(e journal.Entry) bool { return slices.Contains(e.Parts, DescribeRule(rule)) })
	}
}

// saysPart tells the rules that are what a part of an entry was to be.
func saysPart(part string) func(mdx.ACLRule) bool {
	return func(rule mdx.ACLRule) bool { return DescribeRule(rule) == part }
}

// lacksPart tells whether rules lack some of what entries were about to make.
func lacksPart(rules []mdx.ACLRule, entries []journal.Entry) bool {
	return slices.ContainsFunc(entries, func(e journal.Entry) bool {
		return slices.ContainsFunc(e.Parts, func(part string) bool { return !slices.ContainsFunc(rules, saysPart(part)) })
	})
}

// leftRules are the rules that interrupted runs have left on a segment.
type leftRules struct {
	entries []journal.Entry
	have    []mdx.ACLRule // what the segment has, once all that may have been made shows
	taken   []mdx.ACLRule // those of them that are the resource's, and that its state lacks
}

// takeUpRules finds the rules that interrupted runs have made for a resource that wants some, waiting for them as long as
// they may take to show. Those that nobody wants any more are the resource's too, where it wrote the entry itself.
func (p *Portal) takeUpRules(
	ctx context.Context, project mdx.ProjectID, segment mdx.SegmentID, want []mdx.ACLRule, who RuleOwner,
) (left leftRules, err error) {
	left.entries, err = p.leftEntries(ctx, project, aclsThing(segment))
	if err != nil {
		return left, err
	}
	tooLate := p.tooLateFor(left.entries)
	err = p.Await(ctx, "the list to show the rules of an interrupted run", func() (bool, error) {
		left.have, err = p.Rules(ctx, segment, 0)
		return !lacksPart(left.have, left.entries) || tooLate(), err
	})
	if err == nil {
		left.have, err = p.WithOmitted(ctx, segment, left.have, who.Own)
	}
	if err != nil {
		return left, err
	}
	left.taken = takenUp(left.entries, left.have, want, who)
	return left, nil
}

// settled are the entries that have done their work once what was taken up is noted anew, or gone: the rest of what they
// were about to make is in the owner's state, or was never made. What shows and is nobody's yet keeps its entry.
func (l leftRules) settled(who RuleOwner) []journal.Entry {
	others := Without(Without(l.have, WithID(who.Own)), WithID(RuleIDs(l.taken)))
	return slices.DeleteFunc(slices.Clone(l.entries), func(e journal.Entry) bool {
		return !who.wrote(e) && slices.ContainsFunc(others, partOf(e))
	})
}

// takenUp are those of a segment's rules that entries make a resource's own although its state lacks them.
func takenUp(entries []journal.Entry, have, want []mdx.ACLRule, who RuleOwner) (taken []mdx.ACLRule) {
	ofThis := slices.DeleteFunc(slices.Clone(entries), func(e journal.Entry) bool { return !who.wrote(e) })
	known := Only(have, WithID(who.Own)) // an equal one beside a known one is somebody else's
	for _, rule := range have {
		mine := partOf(entries...)(rule) && SameAsAny(want)(rule) || partOf(ofThis...)(rule)
		if mine && !SameAsAny(known)(rule) {
			known, taken = append(known, rule), append(taken, rule)
		}
	}
	return taken
}

// HasLeftRules tells at plan time whether an apply has rules to take up.
func (p *Portal) HasLeftRules(project mdx.ProjectID, segment mdx.SegmentID, have, want []mdx.ACLRule, who RuleOwner) bool {
	entries, _ := p.journal.About(p.journal.key(project, aclsThing(segment))) // damaged ones are told when the run begins
	earlier := slices.DeleteFunc(entries, func(e journal.Entry) bool { return !p.journal.Earlier(e) })
	return len(takenUp(earlier, have, want, who)) > 0
}

// noteRules notes the rules that a resource is about to make, and those that it has taken up, before anything is sent.
func (p *Portal) noteRules(
	project mdx.ProjectID, segment mdx.SegmentID, who RuleOwner, rules []mdx.ACLRule,
) (*journal.Intent, error) {
	e := journal.Entry{
		Key: p.journal.key(project, aclsThing(segment)), Operation: setACL, Digest: basis(who.Own), Owner: who.ID, Asked: p.Now(),
	}
	for _, rule := range rules {
		e.Parts = append(e.Parts, DescribeRule(rule))
	}
	return p.journal.Journal.Begin(e)
}

// allRefused tells whether each of the errors that are joined is the portal's no, so that nothing is left open.
func allRefused(err error) bool {
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		return !slices.ContainsFunc(many.Unwrap(), func(err error) bool { return !allRefused(err) })
	}
	return IsRuleRefused(err)
}

// ForgetRules forgets what the journal has about a segment's rules where each of them is in the state, or never came to
// be. A rule that is there and that the state lacks may be somebody's whose run was killed: its entry stays.
func (p *Portal) ForgetRules(
	ctx context.Context, project mdx.ProjectID, segment mdx.SegmentID, have []mdx.ACLRule, own []mdx.ACLRuleID,
) {
	entries, err := p.journal.About(p.journal.key(project, aclsThing(segment)))
	if lacksPart(have, entries) { // a list may leave one out for once
		again, unseen := p.Rules(ctx, segment, 0)
		if unseen != nil {
			return
		}
		have = slices.Concat(have, again)
	}
	mine, others := Only(have, WithID(own)), Without(have, WithID(own))
	done := slices.DeleteFunc(entries, func(e journal.Entry) bool {
		sure := e.HandedOver || p.Now().Sub(e.Asked) > madeWithin // what does not show will not come
		return p.journal.Live(e) || slices.ContainsFunc(e.Parts, func(part string) bool {
			return !slices.ContainsFunc(mine, saysPart(part)) && (slices.ContainsFunc(others, saysPart(part)) || !sure)
		})
	})
	if err := errors.Join(err, p.journal.Forget(done)); err != nil {
		p.warn(ctx, "the journal could not be cleared", map[string]any{"segment": string(segment), "error": err.Error()})
	}
}

// notedRules makes rules between two notes, as noted does. What was taken up is noted again: the state may be lost once more.
func (p *Portal) notedRules(
	ctx context.Context, project mdx.ProjectID, segment mdx.SegmentID, who RuleOwner, left leftRules, add []mdx.ACLRule,
	do func() error,
) error {
	rules := slices.Concat(left.taken, add)
	if len(rules) == 0 {
		p.completed(ctx, p.journal.Forget(left.settled(who)))
		return do()
	}
	intent, err := p.noteRules(project, segment, who, rules)
	if err != nil {
		return err
	}
	err = do()
	if err != nil && !allRefused(err) {
		p.completed(ctx, intent.Lost())
		return err
	}
	p.completed(ctx, errors.Join(intent.Done(), p.journal.Forget(left.settled(who))))
	return err
}

// completed tells the log if a note about something that is over could not be written: the next run finds out by itself.
func (p *Portal) completed(ctx context.Context, err error) {
	if err != nil {
		p.warn(ctx, "the journal could not be completed", map[string]any{"error": err.Error()})
	}
}
