package portal

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"time"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// DNATRuleAt is a DNAT rule as somebody wants it or has it (PORTAL.md §7). Its id is empty until it is known: then the
// addresses tell it from others. Without a public address, any that is free is good.
type DNATRuleAt struct {
	Project     mdx.ProjectID
	Segment     mdx.SegmentID
	ID          mdx.DNATID
	Pool        netip.Addr // the public address
	Destination netip.Addr // the machine's address on the segment
}

// String describes the rule for people.
func (at DNATRuleAt) String() string {
	if !at.Pool.IsValid() {
		return fmt.Sprintf("DNAT rule to %s %s", at.Destination, OnSegment(string(at.Segment)))
	}
	return fmt.Sprintf("DNAT rule from %s to %s %s", at.Pool, at.Destination, OnSegment(string(at.Segment)))
}

// AddressTakenError says that a public address can't be had: it serves somebody else, by the rule that the list shows, or, as
// far as the portal tells, is not the project's at all.
type AddressTakenError struct {
	Address netip.Addr
	By      *mdx.DNAT // nil if the list shows none
	Err     error     // the portal's answer; nil if it was not asked
}

// Error tells whose the address is.
func (e *AddressTakenError) Error() string {
	text := fmt.Sprintf("the public address %s is taken, or not the project's", e.Address)
	if e.By != nil {
		text = fmt.Sprintf("the public address %s is taken: it leads to %s (DNAT rule %s)", e.Address, e.By.DstAddress, e.By.ID)
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns the portal's answer.
func (e *AddressTakenError) Unwrap() error { return e.Err }

// PublishedError says that a public address leads to a machine already, where any was good.
type PublishedError struct{ By mdx.DNAT }

// Error tells the rule.
func (e *PublishedError) Error() string {
	return fmt.Sprintf("%s leads to %s on segment %q already (DNAT rule %s)", e.By.PoolAddress, e.By.DstAddress, e.By.SegmentName, e.By.ID)
}

// DNATRules lists a project's DNAT rules (PORTAL.md §7). The errors are the client's.
func (p *Portal) DNATRules(ctx context.Context, project mdx.ProjectID) ([]mdx.DNAT, error) {
	return p.dnatRules(ctx, project, 0)
}

// dnatRules lists a project's DNAT rules as they were at most age ago.
func (p *Portal) dnatRules(ctx context.Context, project mdx.ProjectID, age time.Duration) ([]mdx.DNAT, error) {
	return p.dnatLists.Get(ctx, project, age, func(ctx context.Context) ([]mdx.DNAT, error) {
		return p.DNATs(ctx, project)
	})
}

// dnatsOf are a project's DNAT rules as a collection. Those that it adds are all on one segment.
func (p *Portal) dnatsOf(project mdx.ProjectID, segment mdx.SegmentID) *collection[mdx.DNAT] {
	return &collection[mdx.DNAT]{
		p: p, name: "DNAT rules of project", object: string(project),
		list: func(ctx context.Context, age time.Duration, _ []mdx.DNAT) ([]mdx.DNAT, error) {
			return p.dnatRules(ctx, project, age)
		},
		post: func(ctx context.Context, rule mdx.DNAT) (mdx.DNAT, error) {
			defer p.dnatLists.Changed(project)
			return rule, p.CreateDNAT(ctx, mdx.DNATRequest{PoolAddress: rule.PoolAddress, Segment: segment, DstAddress: rule.DstAddress})
		},
		delete: func(ctx context.Context, rule mdx.DNAT) error {
			defer p.dnatLists.Changed(project)
			return p.DeleteDNAT(ctx, rule.ID)
		},
		refused: func(ctx context.Context, rule mdx.DNAT, refusal error) error {
			return p.whyRefused(ctx, project, rule.PoolAddress, refusal)
		},
		conflict:  addressTaken,
		id:        func(rule mdx.DNAT) string { return string(rule.ID) },
		canonical: addressesOf,
		about:     func(_ mdx.DNAT, err error) error { return err },
	}
}

// addressesOf is what a DNAT rule says. An address leads to one machine only, so that the segment adds nothing.
func addressesOf(rule mdx.DNAT) mdx.DNAT {
	return mdx.DNAT{PoolAddress: rule.PoolAddress, DstAddress: rule.DstAddress}
}

// addressTaken is the error of a rule whose public address leads to another machine.
func addressTaken(listed []mdx.DNAT, rule mdx.DNAT) error {
	by := dnatOn(listed, rule.PoolAddress)
	if by == nil || by.DstAddress == rule.DstAddress {
		return nil
	}
	return &AddressTakenError{Address: rule.PoolAddress, By: by}
}

// dnatOn is the rule that uses a public address; nil if none does.
func dnatOn(rules []mdx.DNAT, pool netip.Addr) *mdx.DNAT {
	if i := slices.IndexFunc(rules, func(rule mdx.DNAT) bool { return rule.PoolAddress == pool }); i >= 0 {
		return &rules[i]
	}
	return nil
}

// whyRefused finds out whether a refusal means that somebody took the address. Only part of the portal's answers say so.
func (p *Portal) whyRefused(ctx context.Context, project mdx.ProjectID, pool netip.Addr, refusal error) error {
	answer, answered := errors.AsType[*mdx.Error](refusal)
	taken := mdx.IsConflict(refusal) || answered && len(answer.Fields["pool_address"]) > 0
	if !taken && (!answered || answer.Status != http.StatusBadRequest || len(answer.Fields) > 0) {
		return refusal
	}
	rules, err := p.DNATRules(ctx, project)
	if by := dnatOn(rules, pool); err == nil && (by != nil || taken) {
		return &AddressTakenError{Address: pool, By: by, Err: refusal}
	}
	return refusal
}
