package mdx

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// ACLFamily tells the access rules of IPv4 from those of IPv6: the portal keeps them apart
// (PORTAL.md §7).
type ACLFamily string

// The families of access rules.
const (
	ACLv4 ACLFamily = "acl"
	ACLv6 ACLFamily = "acl_v6"
)

// path is a path below the family's.
func (f ACLFamily) path(format string, ids ...string) string {
	return pathOf("/api/"+string(f)+"/"+format, ids...)
}

// Protocol is what an access rule lets through (PORTAL.md §7). A value this package does not know is
// kept as it came.
type Protocol string

// The protocols of access rules.
const (
	TCP  Protocol = "TCP"
	UDP  Protocol = "UDP"
	ICMP Protocol = "ICMP"
)

// Port is a port of an access rule: [AnyPort], or a number as text. A text from the portal that is
// neither is kept as it came.
type Port string

// AnyPort stands for all ports, and for protocols that have none.
const AnyPort Port = "Any"

// ParsePort reads a port number from 1 to 65535, or "any" in any case. Anything else is an error.
func ParsePort(s string) (Port, error) {
	if strings.EqualFold(s, string(AnyPort)) {
		return AnyPort, nil
	}
	n, err := strconv.ParseUint(s, 10, 16)
	if err != nil || n == 0 {
		return "", fmt.Errorf("port %q is neither a number from 1 to 65535 nor %q", s, AnyPort)
	}
	return Port(strconv.FormatUint(n, 10)), nil
}

// ACLRule lets traffic into a segment (PORTAL.md §7). There are no rules that deny.
type ACLRule struct {
	ID               ACLRuleID
	Protocol         Protocol
	Src, Dst         netip.Prefix // host bits are cleared
	SrcPort, DstPort Port
}

// Family is the family of the rule's addresses.
func (r ACLRule) Family() ACLFamily {
	if r.Dst.Addr().Is6() {
		return ACLv6
	}
	return ACLv4
}

// Same tells whether two rules let the same traffic through, whatever their ids.
func (r ACLRule) Same(other ACLRule) bool { return r.Canonical() == other.Canonical() }

// Canonical is the rule in the one spelling of its meaning and without its id: two rules that are [ACLRule.Same] have
// the same, so that it serves as the key of a map.
func (r ACLRule) Canonical() ACLRule {
	r.ID = ""
	return r.normal()
}

// normal is the rule in the one spelling of its meaning.
func (r ACLRule) normal() ACLRule {
	r.Protocol = Protocol(strings.ToUpper(string(r.Protocol)))
	r.Src, r.Dst = r.Src.Masked(), r.Dst.Masked()
	r.SrcPort, r.DstPort = normalPort(string(r.SrcPort)), normalPort(string(r.DstPort))
	return r
}

func normalPort(s string) Port {
	s = strings.TrimSpace(s)
	if s == "" || s == "0" {
		return AnyPort
	}
	if port, err := ParsePort(s); err == nil {
		return port
	}
	return Port(s)
}

// check refuses a rule that the portal could only misread.
func (r ACLRule) check() error {
	switch {
	case !r.Src.IsValid() || !r.Dst.IsValid():
		return fmt.Errorf("source %v and destination %v must both be networks", r.Src, r.Dst)
	case r.Src.Addr().Is4() != r.Dst.Addr().Is4():
		return fmt.Errorf("source %v and destination %v are of different IP versions", r.Src, r.Dst)
	default:
		return nil
	}
}

type wireACLRule struct {
	UUID       wireText `json:"uuid"`
	Protocol   wireText `json:"protocol"`
	SrcAddress wireText `json:"src_address"`
	SrcMask    wireText `json:"src_mask"`
	SrcPort    wireText `json:"src_port"`
	DstAddress wireText `json:"dst_address"`
	DstMask    wireText `json:"dst_mask"`
	DstPort    wireText `json:"dst_port"`
}

// UnmarshalJSON checks the rule's networks as it reads them.
func (w *wireACLRule) UnmarshalJSON(data []byte) error {
	type plain wireACLRule
	if err := json.Unmarshal(data, (*plain)(w)); err != nil {
		return err
	}
	_, err := w.rule()
	return err
}

func (w *wireACLRule) rule() (ACLRule, error) {
	if *w == (wireACLRule{}) {
		return ACLRule{}, nil // an answer without a rule
	}
	src, err := parseNetwork(string(w.SrcAddress), string(w.SrcMask))
	if err != nil {
		return ACLRule{}, fmt.Errorf("access rule %s: source: %w", w.UUID, err)
	}
	dst, err := parseNetwork(string(w.DstAddress), string(w.DstMask))
	if err != nil {
		return ACLRule{}, fmt.Errorf("access rule %s: destination: %w", w.UUID, err)
	}
	rule := ACLRule{
		ID: ACLRuleID(w.UUID), Protocol: Protocol(w.Protocol), Src: src, Dst: dst,
		SrcPort: Port(w.SrcPort), DstPort: Port(w.DstPort),
	}
	return rule.normal(), nil
}

// parseNetwork joins an address and a mask: a prefix length, with or without a slash, or a dotted mask.
func parseNetwork(address, mask string) (netip.Prefix, error) {
	addr, err := netip.ParseAddr(strings.TrimSpace(address))
	if err != nil {
		return netip.Prefix{}, err
	}
	addr = addr.Unmap().WithZone("")
	bits, err := parseMask(mask)
	if err != nil {
		return netip.Prefix{}, err
	}
	prefix, err := addr.Prefix(bits)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("mask %q does not fit address %s: %w", mask, addr, err)
	}
	return prefix, nil
}

// parseMask reads "21", "/21" or "255.255.248.0" as 21.
func parseMask(s string) (int, error) {
	s = strings.TrimPrefix(strings.TrimSpace(s), "/")
	if bits, err := strconv.ParseUint(s, 10, 8); err == nil && bits <= 128 {
		return int(bits), nil
	}
	addr, err := netip.ParseAddr(s)
	if err != nil || !addr.Is4() {
		return 0, fmt.Errorf("mask %q is neither a prefix length nor a dotted mask", s)
	}
	bits := 0
	ended := false
	for _, octet := range addr.As4() {
		for i := 7; i >= 0; i-- {
			set := octet>>i&1 == 1
			if set && ended {
				return 0, fmt.Errorf("mask %q has a hole", s)
			}
			if set {
				bits++
			} else {
				ended = true
			}
		}
	}
	return bits, nil
}

// aclBody is a rule as the portal wants it: everything is text.
func aclBody(r ACLRule, segment SegmentID) map[string]any {
	r = r.normal()
	body := map[string]any{
		"protocol":    r.Protocol,
		"src_address": r.Src.Addr().String(), "src_mask": strconv.Itoa(r.Src.Bits()), "src_port": r.SrcPort,
		"dst_address": r.Dst.Addr().String(), "dst_mask": strconv.Itoa(r.Dst.Bits()), "dst_port": r.DstPort,
	}
	if segment != "" {
		body["segment"] = segment
	}
	return body
}

// ACLRules lists a segment's access rules of one family (PORTAL.md §7). An omission hurts: a rule would be made again, or
// drop out of a state, or stay behind when its machine goes. So a bare array is read twice, and with [Expecting] any list
// that lacks one of the caller's rules. While others change the rules, the list is read a few times, and a rule that any
// of the last two looks has shown is in the answer.
//
// An error that [IsNotFound] knows is proven where the client has listed the segment: its project's list then lacks it too.
func (c *Client) ACLRules(ctx context.Context, segment SegmentID, family ACLFamily, opts ...ListOption) ([]ACLRule, error) {
	rules, err := list(ctx, c, call{
		op: "list access rules of segment", object: string(segment),
		path: family.path("segment/%s/", string(segment)), roster: c.segmentRoster(segment),
	}, func(w wireACLRule) ACLRule {
		rule, _ := w.rule() // checked as it was read
		return rule
	}, func(rule ACLRule) string { return string(rule.ID) }, opts...)
	return slices.DeleteFunc(rules, func(r ACLRule) bool { return r == ACLRule{} }), err // a null in the list
}

// CreateACLRule adds an access rule to a segment and answers it with its id (PORTAL.md §7). What is sent is waited for although ctx may
// end: the answer has the id, and the portal makes the rule all the same. It takes [Config.RequestTimeout] at most.
//
// An error that [IsAmbiguous] knows means that the rule may exist: look for one that is the [ACLRule.Same].
func (c *Client) CreateACLRule(ctx context.Context, segment SegmentID, rule ACLRule) (ACLRule, error) {
	r := call{
		op: "create access rule in segment", object: string(segment), method: http.MethodPost, kind: kindRule,
		path: rule.Family().path(""), body: aclBody(rule, segment),
	}
	if err := rule.check(); err != nil {
		return ACLRule{}, r.failed(err)
	}
	var w wireACLRule
	if err := c.do(ctx, r, &w); err != nil {
		return ACLRule{}, err
	}
	if w.UUID != "" {
		return w.rule()
	}
	// The portal did not say which rule it made. Its list may take a moment to show it.
	ctx, cancel := context.WithTimeout(ctx, 24*c.cfg.PollInterval)
	defer cancel()
	var found ACLRule
	err := c.Poll(ctx, "access rule in segment", string(segment), func(ctx context.Context) (bool, error) {
		rules, err := c.ACLRules(ctx, segment, rule.Family(), Expecting[ACLRuleID]())
		i := slices.IndexFunc(rules, rule.Same)
		if i >= 0 {
			found = rules[i]
		}
		return i >= 0, err
	})
	if err != nil {
		e := r.failed(fmt.Errorf("the portal accepted the rule, but its list does not show it: %w", err))
		e.Ambiguous = true
		return ACLRule{}, e
	}
	return found, nil
}

// UpdateACLRule changes the rule of that id (PORTAL.md §7). Its family can't change.
func (c *Client) UpdateACLRule(ctx context.Context, rule ACLRule) error {
	r := call{
		op: "update access rule", object: string(rule.ID), method: http.MethodPut,
		path: rule.Family().path("%s/", string(rule.ID)), body: aclBody(rule, ""),
	}
	if err := rule.check(); err != nil {
		return r.failed(err)
	}
	return c.do(ctx, r, nil)
}

// DeleteACLRule removes a rule (PORTAL.md §7). An error that [IsNotFound] knows may mean that an earlier attempt did it, or that the portal
// is overloaded: the segment's list tells.
func (c *Client) DeleteACLRule(ctx context.Context, family ACLFamily, id ACLRuleID) error {
	return c.do(ctx, call{
		op: "delete access rule", object: string(id), method: http.MethodDelete,
		path: family.path("%s/", string(id)),
	}, nil)
}
