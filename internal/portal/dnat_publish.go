package portal

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// Publish leads a public address to a machine's and waits until the project's list shows the rule (PORTAL.md §7): the
// address that is asked for, or, without one, a free one. When somebody takes a free one meanwhile, the next is tried. What
// an interrupted run has asked for in its place is adopted.
//
// An [*AddressTakenError] tells who has the address that is asked for, a [*PublishedError] of the rule that leads to the
// machine where any is good. A [*DoubtError] says that the rule may come to be: the answer along with it has its public
// address and no id, and [Portal.FindDNAT] tells later.
func (p *Portal) Publish(ctx context.Context, want DNATRuleAt) (rule mdx.DNAT, isAdopted bool, err error) {
	want.ID = ""
	label := p.SegmentLabel(ctx, want.Project, want.Segment)
	rules := p.dnatsOf(want.Project, want.Segment)
	left, err := rules.adopt(ctx, want.Project, []string{want.key()}, mdx.DNAT{}, p.answers(want, label), noDNAT)
	if err != nil || left.found {
		return left.entry, left.found, err
	}
	if !want.Pool.IsValid() {
		if err := p.refuseSecond(ctx, want, label); err != nil {
			return mdx.DNAT{}, false, err
		}
	}
	err = p.note(ctx, want.Project, claimOn(createDNAT, want.key()), func() error {
		rule, err = p.publish(ctx, want)
		return err
	})
	return rule, false, err
}

// refuseSecond refuses a rule for a machine that a public address leads to already: for a further one the caller has to
// name the address.
func (p *Portal) refuseSecond(ctx context.Context, want DNATRuleAt, segmentName string) error {
	listed, err := p.DNATRules(ctx, want.Project)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(listed, func(rule mdx.DNAT) bool {
		return rule.DstAddress == want.Destination && rule.SegmentName == segmentName
	})
	if i >= 0 {
		return &PublishedError{listed[i]}
	}
	return nil
}

// publish is Publish without a thought of others' runs.
func (p *Portal) publish(ctx context.Context, want DNATRuleAt) (mdx.DNAT, error) {
	if want.Pool.IsValid() {
		if !p.claims.take(want.Pool) {
			return mdx.DNAT{}, fmt.Errorf("the public address %s is being taken by another resource: give each its own", want.Pool)
		}
		defer p.claims.release(want.Pool)
		return p.createDNAT(ctx, want, want.Pool)
	}
	var failed []error
	tried := map[netip.Addr]bool{}
	for {
		free, err := p.claimFree(ctx, want.Project, tried)
		if err != nil {
			return mdx.DNAT{}, errors.Join(append(failed, err)...)
		}
		tried[free] = true
		made, err := p.createDNAT(ctx, want, free)
		p.claims.release(free)
		if _, taken := errors.AsType[*AddressTakenError](err); !taken || isDoubtful(err) {
			return made, err
		}
		failed = append(failed, err)
	}
}

// claimFree finds a free public address that nobody in this process is about to take, and claims it. The list may show an
// address as free until the rule that took it shows, so an address that the rules' list has is not free either.
func (p *Portal) claimFree(ctx context.Context, project mdx.ProjectID, tried map[netip.Addr]bool) (netip.Addr, error) {
	free, err := p.AssignableAddresses(ctx, project)
	if err != nil {
		return netip.Addr{}, err
	}
	slices.SortFunc(free, netip.Addr.Compare)
	for _, address := range free {
		if tried[address] || !p.claims.take(address) {
			continue
		}
		rules, err := p.DNATRules(ctx, project)
		if err == nil && dnatOn(rules, address) == nil {
			return address, nil
		}
		p.claims.release(address)
		if err != nil {
			return netip.Addr{}, err
		}
	}
	return netip.Addr{}, errors.New("the project has no free public address: remove a DNAT rule that is not needed any more, or apply " +
		"for more addresses on the portal")
}

// createDNAT leads one public address to the wanted machine. Along with a [*DoubtError] it answers what was asked for.
func (p *Portal) createDNAT(ctx context.Context, want DNATRuleAt, pool netip.Addr) (mdx.DNAT, error) {
	have, err := p.DNATRules(ctx, want.Project)
	if err != nil {
		return mdx.DNAT{}, err
	}
	if by := dnatOn(have, pool); by != nil {
		return mdx.DNAT{}, &AddressTakenError{Address: pool, By: by}
	}
	goal := mdx.DNAT{PoolAddress: pool, DstAddress: want.Destination}
	made, err := p.dnatsOf(want.Project, want.Segment).add(ctx, have, []mdx.DNAT{goal})
	if len(made) > 0 {
		return made[0], err
	}
	return goal, err
}
