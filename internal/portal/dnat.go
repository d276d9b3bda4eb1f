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

// DNATRules lists a project's DNAT rules as they were at most age ago.
func (p *Portal) DNATRules(ctx context.Context, project mdx.ProjectID, age time.Duration) ([]mdx.DNAT, error) {
	return p.dnatLists.get(ctx, string(project), age, func(ctx context.Context) ([]mdx.DNAT, error) {
		return p.DNATs(ctx, project)
	})
}

// AddressTakenError says that a public address can't be had: it serves somebody else, by the rule that the list shows, or, as
// far as the portal tells, is not the project's at all.
type AddressTakenError struct {
	address netip.Addr
	By      *mdx.DNAT
	err     error // the portal's answer, if it was asked
}

// Error tells whose the address is.
func (e *AddressTakenError) Error() string {
	text := fmt.Sprintf("the public address %s is taken, or not the project's", e.address)
	if e.By != nil {
		text = fmt.Sprintf("the public address %s is taken: it leads to %s (DNAT rule %s)", e.address, e.By.DstAddress, e.By.ID)
	}
	if e.err != nil {
		text += ": " + e.err.Error()
	}
	return text
}

// Unwrap returns the portal's answer.
func (e *AddressTakenError) Unwrap() error { return e.err }

// Publish leads a public address to a machine's: the one asked for, or, with the zero Addr, a free one. When somebody
// takes a free one meanwhile, the next is tried. asked hears of the address before the portal does; the rule is
// answered once the project's list shows it.
func (p *Portal) Publish(
	ctx context.Context, project mdx.ProjectID, segment mdx.SegmentID, pool, destination netip.Addr, asked func(netip.Addr),
) (mdx.DNAT, error) {
	request := mdx.DNATRequest{PoolAddress: pool, Segment: segment, DstAddress: destination}
	if pool.IsValid() {
		release, ok := p.claimAddress(pool)
		if !ok {
			return mdx.DNAT{}, fmt.Errorf("the public address %s is being taken by another resource: give each its own", pool)
		}
		defer release()
		return p.createDNAT(ctx, project, request, asked)
	}
	var failed []error
	tried := map[netip.Addr]bool{}
	for {
		free, release, err := p.claimFree(ctx, project, tried)
		if err != nil {
			return mdx.DNAT{}, errors.Join(append(failed, err)...)
		}
		tried[free] = true
		request.PoolAddress = free
		made, err := p.createDNAT(ctx, project, request, asked)
		release()
		if _, taken := errors.AsType[*AddressTakenError](err); !taken {
			return made, err
		}
		failed = append(failed, err)
	}
}

// claimAddress keeps others in this process from taking an address.
func (p *Portal) claimAddress(address netip.Addr) (release func(), ok bool) {
	thing := "public address " + address.String()
	return func() { p.claims.release(thing) }, p.claims.take(thing)
}

// claimFree finds a free public address that nobody in this process is about to take. The list may show an address as
// free until the rule that took it shows, so an address that the rules' list has is not free either.
func (p *Portal) claimFree(ctx context.Context, project mdx.ProjectID, tried map[netip.Addr]bool) (netip.Addr, func(), error) {
	var none netip.Addr
	free, err := p.AssignableAddresses(ctx, project)
	if err != nil {
		return none, nil, err
	}
	slices.SortFunc(free, netip.Addr.Compare)
	for _, address := range free {
		if tried[address] {
			continue
		}
		release, ok := p.claimAddress(address)
		if !ok {
			continue
		}
		rules, err := p.DNATRules(ctx, project, 0)
		if err != nil {
			release()
			return none, nil, err
		}
		if slices.ContainsFunc(rules, func(rule mdx.DNAT) bool { return rule.PoolAddress == address }) {
			release()
			continue
		}
		return address, release, nil
	}
	return none, nil, errors.New("the project has no free public address: remove a DNAT rule that is not needed any more, or apply " +
		"for more addresses on the portal")
}

// askedError is why nobody knows what became of a DNAT rule that was asked for: it may be there.
type askedError struct{ err error }

func (e *askedError) Error() string { return e.err.Error() }

func (e *askedError) Unwrap() error { return e.err }

// NeverAsked tells of an error of publish whether no DNAT rule came of it for certain.
func NeverAsked(err error) bool {
	_, asked := errors.AsType[*askedError](err)
	return !asked
}

// createDNAT asks for a rule and waits until the project's list shows it. A request whose answer was lost is sent again
// only when the list does not show what became of it for a while.
func (p *Portal) createDNAT(
	ctx context.Context, project mdx.ProjectID, request mdx.DNATRequest, asked func(netip.Addr),
) (mdx.DNAT, error) {
	if by, err := p.dnatOn(ctx, project, request.PoolAddress); err != nil || by != nil {
		if err == nil {
			err = &AddressTakenError{address: request.PoolAddress, By: by}
		}
		return mdx.DNAT{}, err
	}
	asked(request.PoolAddress)
	var lost error
	for range 3 {
		err := p.CreateDNAT(ctx, request)
		p.dnatLists.changed(string(project))
		switch {
		case err == nil || mdx.IsAmbiguous(err):
			lost = err
		case lost != nil: // the one before may be why
			return mdx.DNAT{}, &askedError{errors.Join(err, lost)}
		default:
			return mdx.DNAT{}, p.whyNot(ctx, project, request, err)
		}
		made, err := p.awaitDNAT(ctx, project, request, lost == nil)
		if _, taken := errors.AsType[*AddressTakenError](err); taken || made.ID != "" {
			return made, err
		}
		if err != nil {
			return made, &askedError{err}
		}
	}
	return mdx.DNAT{}, &askedError{lost}
}

// whyNot finds out whether a refusal means that somebody took the address. Only part of the portal's answers say so.
func (p *Portal) whyNot(ctx context.Context, project mdx.ProjectID, request mdx.DNATRequest, refusal error) error {
	answer, answered := errors.AsType[*mdx.Error](refusal)
	taken := mdx.IsConflict(refusal) || answered && len(answer.Fields["pool_address"]) > 0
	if !taken && (!answered || answer.Status != http.StatusBadRequest || len(answer.Fields) > 0) {
		return refusal
	}
	by, err := p.dnatOn(ctx, project, request.PoolAddress)
	if err == nil && (by != nil || taken) {
		return &AddressTakenError{address: request.PoolAddress, By: by, err: refusal}
	}
	return refusal
}

// dnatOn finds the rule that uses a public address; nil if the list shows none.
func (p *Portal) dnatOn(ctx context.Context, project mdx.ProjectID, pool netip.Addr) (*mdx.DNAT, error) {
	rules, err := p.DNATRules(ctx, project, 0)
	if err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(rules, func(rule mdx.DNAT) bool { return rule.PoolAddress == pool }); i >= 0 {
		return &rules[i], nil
	}
	return nil, nil
}

// awaitDNAT waits until the list shows a rule. Of one that was perhaps not made it answers none after a while.
func (p *Portal) awaitDNAT(ctx context.Context, project mdx.ProjectID, request mdx.DNATRequest, certain bool) (mdx.DNAT, error) {
	tooLate := p.tooLateToShow()
	var made mdx.DNAT
	err := p.Await(ctx, "the list to show the DNAT rule", func() (bool, error) {
		rule, err := p.dnatOn(ctx, project, request.PoolAddress)
		switch {
		case err != nil:
			return false, err
		case rule == nil:
			return !certain && tooLate(), nil
		case rule.DstAddress != request.DstAddress:
			return false, &AddressTakenError{address: request.PoolAddress, By: rule}
		}
		made = *rule
		return true, nil
	})
	return made, err
}

// Unpublish removes a DNAT rule and waits until the project's list no longer shows it.
func (p *Portal) Unpublish(ctx context.Context, project mdx.ProjectID, id mdx.DNATID) error {
	again := true
	return p.Await(ctx, "the list to drop the DNAT rule", func() (bool, error) {
		if again {
			err := p.DeleteDNAT(ctx, id)
			p.dnatLists.changed(string(project))
			if again = mdx.IsNotFound(err); err != nil && !again {
				return false, err
			}
		}
		shows := func() (bool, error) {
			rules, err := p.DNATRules(ctx, project, 0)
			return slices.ContainsFunc(rules, func(rule mdx.DNAT) bool { return rule.ID == id }), err
		}
		there, err := shows()
		if err == nil && !there && again { // the portal and one list may both be wrong
			there, err = shows()
		}
		return err == nil && !there, err
	})
}
