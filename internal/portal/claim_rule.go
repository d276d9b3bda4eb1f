package portal

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/journal"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// The portal does not tell who made a rule. So a rule that an interrupted run was about to make is noted in the journal
// as VMs are, under what it says, and the next run takes it for its own.

// ACLThing is an access rule's name in the journal.
func ACLThing(segment mdx.SegmentID, rule mdx.ACLRule) string {
	return fmt.Sprintf("access rule %s %s", DescribeRule(rule), OnSegment(string(segment)))
}

// DNATThing is a DNAT rule's name in the journal. Which public address it gets may be open; where the configuration says
// it, another may lead to the same machine.
func DNATThing(segment mdx.SegmentID, pool, destination netip.Addr) string {
	if !pool.IsValid() {
		return fmt.Sprintf("DNAT rule to %s %s", destination, OnSegment(string(segment)))
	}
	return fmt.Sprintf("DNAT rule from %s to %s %s", pool, destination, OnSegment(string(segment)))
}

// Chosen tells whether a DNAT rule may be one whose public address a configuration names, so that it is not one that was to
// have any.
func (p *Portal) Chosen(project mdx.ProjectID, segment mdx.SegmentID, rule mdx.DNAT) bool {
	thing := DNATThing(segment, rule.PoolAddress, rule.DstAddress)
	entries, _ := p.journal.About(p.journal.key(project, thing)) // damaged ones are told when the run begins
	return len(entries) > 0
}

const (
	OperationCreateACL  = "create access rule"
	OperationCreateDNAT = "create DNAT rule"
)

// aboutRule tells entries about rules from those about VMs.
func aboutRule(e journal.Entry) bool {
	return slices.Contains([]string{OperationCreateACL, OperationCreateDNAT, setACL}, e.Operation)
}

// Noted makes a rule between two notes in the journal: that it is about to be asked for, and what came of it. sure tells of
// an error whether it means that nothing came of it for certain.
func (p *Portal) Noted(
	ctx context.Context, operation string, project mdx.ProjectID, thing string, sure func(error) bool, do func() error,
) error {
	intent, err := p.journal.Journal.Begin(journal.Entry{Key: p.journal.key(project, thing), Operation: operation, Asked: p.Now()})
	if err != nil {
		return err
	}
	err = do()
	var failed error
	switch {
	case err == nil:
		failed = errors.Join(intent.Accepted(nil), p.journal.HandOver(p.journal.key(project, thing)))
	case sure(err):
		failed = intent.Withdraw()
	default:
		failed = intent.Lost() // also where the rule was made, and asking for it failed
	}
	if failed != nil {
		p.warn(ctx, "the journal could not be completed", map[string]any{"thing": thing, "error": failed.Error()})
	}
	return err
}

// IsRuleRefused tells whether the portal has said no to a rule, so that nothing came of it for certain.
func IsRuleRefused(err error) bool {
	if _, taken := errors.AsType[*AddressTakenError](err); taken {
		return true
	}
	answer, ok := errors.AsType[*mdx.Error](err)
	return ok && answer.Method == http.MethodPost && answer.Status/100 == 4 && !mdx.IsAmbiguous(err)
}

// LeftRule looks for a rule that an interrupted run was about to make, for as long as it may take to show. The journal may
// have it under each of the names. Another that may be what was asked for counts once the rule itself will not show any more.
func (p *Portal) LeftRule(
	ctx context.Context, project mdx.ProjectID, look func() (found, another bool, err error), things ...string,
) (found bool, err error) {
	var entries []journal.Entry
	for _, thing := range things {
		left, err := p.leftEntries(ctx, project, thing)
		if err != nil {
			return false, err
		}
		entries = append(entries, left...)
	}
	if len(entries) == 0 {
		return false, nil
	}
	tooLate := p.tooLateFor(entries)
	var another bool
	err = p.Await(ctx, "the list to show the rule of an interrupted run", func() (bool, error) {
		found, another, err = look()
		return found || tooLate(), err
	})
	found = found || another
	switch {
	case err == nil && found:
		p.completed(ctx, p.journal.HandOverThese(entries))
	case err == nil:
		p.completed(ctx, p.journal.Forget(entries)) // they came to nothing; what a run beside is asking for stays
	}
	return found, err
}

// RuleInState is inState for a rule that the journal may have under each of the names.
func (p *Portal) RuleInState(ctx context.Context, project mdx.ProjectID, things ...string) {
	for _, thing := range things {
		p.InState(ctx, project, thing)
	}
}

// RuleGoes answers what has the journal forget a rule once it is gone: what is there about it now. What is noted while it
// goes is about another, which says the same and is just being made.
func (p *Portal) RuleGoes(ctx context.Context, project mdx.ProjectID, things ...string) (gone func()) {
	var noted []journal.Entry
	for _, thing := range things {
		entries, _ := p.journal.About(p.journal.key(project, thing)) // damaged ones are told when the run begins
		noted = append(noted, entries...)
	}
	return func() { p.completed(ctx, p.journal.Forget(noted)) }
}

// tooLateFor tells when rules that entries were about to make will not show any more. Whoever was killed may have sent
// a request just before this run began, and the portal may have it in its hands for as long as an answer may take
// (PORTAL.md §1). That is counted by the portal's clock, which an answer has told by the time this is asked.
func (p *Portal) tooLateFor(entries []journal.Entry) func() bool {
	return p.tooLateAfter(func() time.Time {
		now := p.Now()
		if !slices.ContainsFunc(entries, func(e journal.Entry) bool {
			return e.Outcome != journal.Accepted && now.Sub(e.Asked) < madeWithin
		}) {
			return now
		}
		return p.lastSign(now).Add(-time.Since(p.journal.opened))
	})
}

// lastSign is until when what comes of a request may show that the portal had in its hands at a time, by its clock.
func (p *Portal) lastSign(had time.Time) time.Time {
	return had.Add(p.requestTimeout + settling*p.PollInterval)
}

// tooLateToShow tells when a rule will not show any more whose request has just been lost.
func (p *Portal) tooLateToShow() func() bool {
	last := p.lastSign(p.Now())
	return p.tooLateAfter(func() time.Time { return last })
}

// tooLateAfter tells when a time has come, by the portal's clock, and the list had time to show what there is.
func (p *Portal) tooLateAfter(last func() time.Time) func() bool {
	settled := time.Now().Add(settling * p.PollInterval)
	last = sync.OnceValue(last)
	return func() bool { return !p.Now().Before(last()) && time.Now().After(settled) }
}
