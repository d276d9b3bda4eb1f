package mdx

import (
	"context"
	"net/http"
	"net/netip"
)

// DNAT leads a public address to a machine's address (PORTAL.md §7).
type DNAT struct {
	ID DNATID
	// PoolAddress is the public address. It is used by one rule only.
	PoolAddress netip.Addr
	// SegmentName is the segment's name: the portal does not tell its id here.
	SegmentName string
	// DstAddress is the machine's address in that segment.
	DstAddress netip.Addr
}

// DNATRequest is what a rule is made of.
type DNATRequest struct {
	PoolAddress netip.Addr
	Segment     SegmentID
	DstAddress  netip.Addr
}

type wireDNAT struct {
	UUID        wireText `json:"uuid"`
	PoolAddress wireText `json:"pool_address"`
	Segment     wireText `json:"segment"`
	Segument    wireText `json:"segument"` // the portal's own slip
	DstAddress  wireText `json:"dst_address"`
}

func (w wireDNAT) dnat() DNAT {
	return DNAT{
		ID: DNATID(w.UUID), PoolAddress: parseAddr(string(w.PoolAddress)),
		SegmentName: string(max(w.Segment, w.Segument)), DstAddress: parseAddr(string(w.DstAddress)),
	}
}

func (r DNATRequest) body() map[string]any {
	return map[string]any{
		"pool_address": r.PoolAddress.String(), "segment": r.Segment, "dst_address": r.DstAddress.String(),
	}
}

// DNATs lists a project's rules (PORTAL.md §7). An omission hurts, as of [Client.ACLRules], and is seen to in the same way.
func (c *Client) DNATs(ctx context.Context, project ProjectID, opts ...ListOption) ([]DNAT, error) {
	return list(ctx, c, call{
		op: "list DNAT rules of project", object: string(project), path: pathOf("/api/dnat/project/%s/", project),
	}, wireDNAT.dnat, func(rule DNAT) string { return string(rule.ID) }, opts...)
}

// CreateDNAT asks for a rule. The portal accepts it before it takes effect, and may not tell its id
// (PORTAL.md §7): [Client.WaitDNAT] waits until the project's list shows it. What is sent is waited for although ctx may
// end, as [Client.CreateACLRule] does.
//
// An error that [IsAmbiguous] knows means that the rule may come to be: look for its pool address in
// [Client.DNATs].
func (c *Client) CreateDNAT(ctx context.Context, req DNATRequest) error {
	return c.do(ctx, call{
		op: "create DNAT rule for", object: req.PoolAddress.String(), method: http.MethodPost, path: "/api/dnat/",
		kind: kindRule, body: req.body(),
	}, nil)
}

// UpdateDNAT changes what a rule says (PORTAL.md §7). [Client.WaitDNAT] waits until it does.
func (c *Client) UpdateDNAT(ctx context.Context, id DNATID, req DNATRequest) error {
	return c.do(ctx, call{
		op: "update DNAT rule", object: string(id), method: http.MethodPut, path: pathOf("/api/dnat/%s/", id),
		body: req.body(),
	}, nil)
}

// DeleteDNAT asks for a rule to be removed (PORTAL.md §7). [Client.WaitDNATGone] waits until it is. An error that [IsNotFound] knows may
// mean that an earlier attempt did it, or that the portal is overloaded: the project's list tells.
func (c *Client) DeleteDNAT(ctx context.Context, id DNATID) error {
	return c.do(ctx, call{
		op: "delete DNAT rule", object: string(id), method: http.MethodDelete, path: pathOf("/api/dnat/%s/", id),
	}, nil)
}

// AssignableAddresses lists the project's public addresses that no rule uses (PORTAL.md §7). An omission hurts where it is
// the last free one, so a bare array is read twice. An address that is taken while the list is read may be in the answer:
// [Client.CreateDNAT] tells.
func (c *Client) AssignableAddresses(ctx context.Context, project ProjectID) ([]netip.Addr, error) {
	texts, err := list(ctx, c, call{
		op: "list assignable addresses of project", object: string(project),
		path: pathOf("/api/global_ip/project/%s/assignable/", project), unpaged: true,
	}, func(w wireText) wireText { return w }, func(w wireText) string { return string(w) })
	return addrs(texts), err
}

// WaitDNAT waits until the project's list shows a rule that leads from pool to dst: rules take effect some time after they
// were asked for (PORTAL.md §7). When ctx ends first, the error is a [*WaitError].
func (c *Client) WaitDNAT(
	ctx context.Context, project ProjectID, pool, dst netip.Addr, opts ...WaitOption,
) (DNAT, error) {
	var found DNAT
	err := c.Poll(ctx, "DNAT rule for", pool.String(), func(ctx context.Context) (bool, error) {
		rules, err := c.DNATs(ctx, project, Expecting[DNATID]())
		for _, rule := range rules {
			if rule.PoolAddress == pool && rule.DstAddress == dst {
				found = rule
				return true, nil
			}
		}
		return false, err
	}, opts...)
	return found, err
}

// WaitDNATGone waits until the project's list no longer shows a rule, in two looks (PORTAL.md §7). When ctx ends first, the
// error is a [*WaitError].
func (c *Client) WaitDNATGone(ctx context.Context, project ProjectID, id DNATID, opts ...WaitOption) error {
	return c.Poll(ctx, "end of DNAT rule", string(id), func(ctx context.Context) (bool, error) {
		rules, err := c.DNATs(ctx, project, Expecting(id))
		for _, rule := range rules {
			if rule.ID == id {
				return false, err
			}
		}
		return err == nil, err
	}, opts...)
}
