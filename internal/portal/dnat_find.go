package portal

import (
	"context"
	"net/netip"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// key is the rule in the journal.
func (at DNATRuleAt) key() string { return dnatKey(at.Segment, at.Pool, at.Destination) }

// open is the rule as it was asked for where any public address was good.
func (at DNATRuleAt) open() DNATRuleAt {
	at.Pool = netip.Addr{}
	return at
}

// keys are those that the rule may have in the journal: a state does not tell who chose its public address. Where the
// journal has both, it was chosen, and the other key is that of one to the same machine for which any was good: a killed
// run has left it, and it is not to be taken for the first.
func (p *Portal) keys(at DNATRuleAt) (keys []string, beside bool) {
	own, open := at.key(), at.open().key()
	if own == open {
		return []string{own}, false
	}
	if p.isNoted(at.Project, own) && p.isNoted(at.Project, open) {
		return []string{own}, true
	}
	return []string{own, open}, false
}

func (p *Portal) isNoted(project mdx.ProjectID, key string) bool {
	return len(p.notedUnder(project, key)) > 0
}

// entry is the rule in the portal's terms; the portal tells its segment by name.
func (at DNATRuleAt) entry() mdx.DNAT {
	return mdx.DNAT{ID: at.ID, PoolAddress: at.Pool, DstAddress: at.Destination}
}

// answers tells of rules whether they may be what was asked for with a public address, or with any. A rule whose address the
// journal knows as chosen is not one that was to have any.
func (p *Portal) answers(want DNATRuleAt, segmentName string) func(mdx.DNAT) bool {
	return func(rule mdx.DNAT) bool {
		if rule.DstAddress != want.Destination || rule.SegmentName != segmentName {
			return false
		}
		if want.Pool.IsValid() {
			return rule.PoolAddress == want.Pool
		}
		return !p.isNoted(want.Project, dnatKey(want.Segment, rule.PoolAddress, rule.DstAddress))
	}
}

// noDNAT is no rule at all.
func noDNAT(mdx.DNAT) bool { return false }

// FindDNAT finds a DNAT rule. One that an interrupted run has asked for may still come to be, or to show, and is waited for.
// Of one that is gone, the journal forgets what it has, unless such a run has made another in its place, which
// [Portal.Publish] adopts.
func (p *Portal) FindDNAT(ctx context.Context, at DNATRuleAt) (rule mdx.DNAT, found bool, err error) {
	rules := p.dnatsOf(at.Project, at.Segment)
	is := rules.isIt(at.entry())
	rule, found, err = rules.find(ctx, is)
	if err != nil || found {
		return rule, found, err
	}
	if _, err := p.KnownSegments(ctx, at.Project, string(at.Segment)); err != nil {
		return mdx.DNAT{}, false, err // without its name nothing answers
	}
	label := p.SegmentLabel(ctx, at.Project, at.Segment)
	for _, want := range []DNATRuleAt{at, at.open()} {
		left, err := rules.adopt(ctx, at.Project, []string{want.key()}, mdx.DNAT{}, is, p.answers(want, label))
		if err != nil || left.found || left.another {
			return left.entry, left.found, err
		}
	}
	return mdx.DNAT{}, false, nil
}

// SettleDNAT says that the state has a rule beyond doubt: no later run has to look for it.
func (p *Portal) SettleDNAT(ctx context.Context, at DNATRuleAt) {
	if keys, beside := p.keys(at); !beside {
		p.inState(ctx, at.Project, keys...)
	}
}

// Unpublish removes a DNAT rule, found as [Portal.FindDNAT] finds it, and waits until the project's list no longer shows it.
// One that is gone is as good as removed.
func (p *Portal) Unpublish(ctx context.Context, at DNATRuleAt) error {
	keys, _ := p.keys(at)
	noted := p.notedUnder(at.Project, keys...) // another to the same machine may just be made while this one goes
	rule, found, err := p.FindDNAT(ctx, at)
	if err != nil || !found { // of one that is gone, a killed run may have made another
		return err
	}
	if err := p.dnatsOf(at.Project, at.Segment).remove(ctx, []mdx.DNAT{rule}); err != nil {
		return err
	}
	p.completed(ctx, p.journal.Forget(noted))
	return nil
}
