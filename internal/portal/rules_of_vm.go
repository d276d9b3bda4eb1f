package portal

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// removeRulesTo removes what leads to addresses that a VM is about to give up: the access rules whose destination is
// one of the addresses and nothing else, on the segment where the VM has it, and the DNAT rules that lead to one. The
// portal leaves them behind, and whoever gets the address next would be exposed by them (PORTAL.md §7).
//
// Terraform removes mdx_acl_rule and mdx_dnat before the VM that they refer to, since a new address replaces them. It
// does not do so for mdx_network.acl, which changes in place, after the VM; nor for what people add on the portal's
// pages. The portal does not tell who made a rule. So the VM takes all of them with it: a rule for one address alone is
// about the machine that has it. Rules for networks, for other addresses and on other segments stay. The user is told
// what went.
func (p *Portal) removeRulesTo(ctx context.Context, t VMTarget, networks []mdx.ServiceNetwork) error {
	var removed []string
	var failed []error
	for _, network := range networks {
		addresses := slices.Concat(network.IPv4, network.IPv6)
		if len(addresses) == 0 {
			continue
		}
		rules, err := p.removeRulesOn(ctx, t.Project, network.SegmentName, addresses)
		removed = append(removed, rules...)
		if err != nil {
			failed = append(failed, fmt.Errorf("remove the rules on segment %q that lead to VM %q: %w", network.SegmentName, t.Name, err))
		}
	}
	if len(removed) > 0 {
		p.warn(ctx, "removed the rules that led to a VM", map[string]any{"vm": t.Name, "rules": removed})
		if t.OnRulesRemoved != nil {
			t.OnRulesRemoved(removed)
		}
	}
	return errors.Join(failed...)
}

// removeRulesOn removes what leads to addresses of one segment, and names it. A segment that nobody knows has no rules. Of
// several of one name, the portal does not tell in which a VM is: the address does.
func (p *Portal) removeRulesOn(
	ctx context.Context, project mdx.ProjectID, segmentName string, addresses []netip.Addr,
) (removed []string, err error) {
	segments, err := p.KnownSegments(ctx, project, segmentName)
	segments = slices.DeleteFunc(slices.Clone(segments), func(s mdx.Segment) bool { return s.Name != segmentName })
	if err != nil || len(segments) == 0 {
		return nil, err
	}
	var access, global []string
	var side sync.WaitGroup
	var failed error
	side.Go(func() {
		for _, segment := range segments {
			rules, err := p.removeACLTo(ctx, segment, addresses)
			access, failed = append(access, rules...), errors.Join(failed, err)
		}
	})
	global, err = p.removeDNATTo(ctx, project, segments[0], addresses)
	side.Wait()
	return slices.Concat(access, global), errors.Join(failed, err)
}

// networksOf are a VM's networks with its addresses. A VM that is off may tell none, and one that has just started only some:
// then the last known ones count. Of some VMs, the state has only one address, which is on the first adapter.
func (t VMTarget) networksOf(vm *mdx.VM) []mdx.ServiceNetwork {
	networks := slices.SortedFunc(slices.Values(RememberedNetworks(vm.ServiceNetworks, t.LastNetworks)), func(a, b mdx.ServiceNetwork) int {
		return a.AdapterNumber - b.AdapterNumber
	})
	if len(networks) > 0 && !slices.ContainsFunc(networks, hasAddress) {
		networks[0].IPv4 = t.LastAddresses
	}
	return networks
}

func hasAddress(n mdx.ServiceNetwork) bool { return len(n.IPv4)+len(n.IPv6) > 0 }

// RememberedNetworks are a VM's networks, with the addresses that it had there last where it tells none, as while it is off.
func RememberedNetworks(networks, last []mdx.ServiceNetwork) []mdx.ServiceNetwork {
	networks = slices.Clone(networks)
	for i, n := range networks {
		for _, had := range last {
			if !hasAddress(n) && had.AdapterNumber == n.AdapterNumber && had.SegmentName == n.SegmentName {
				networks[i].IPv4, networks[i].IPv6 = had.IPv4, had.IPv6
			}
		}
	}
	return networks
}

// givenUp are those of a VM's networks that it leaves when it gets other adapters: its address there is another one
// afterwards, or none.
func givenUp(networks []mdx.ServiceNetwork, adapters []mdx.NetworkAdapter, segments []mdx.Segment) []mdx.ServiceNetwork {
	return slices.DeleteFunc(slices.Clone(networks), func(n mdx.ServiceNetwork) bool {
		return slices.ContainsFunc(adapters, func(a mdx.NetworkAdapter) bool {
			stays := func(s mdx.Segment) bool { return s.ID == a.Segment && s.Name == n.SegmentName }
			return a.AdapterNumber == n.AdapterNumber && slices.ContainsFunc(segments, stays)
		})
	})
}

// moment is how old the lists may be that are read for what leads to a VM: VMs that go at the same moment share a look.
func (p *Portal) moment() time.Duration { return p.pollInterval / 1000 }

// removeACLTo removes a segment's access rules that lead to one of the addresses alone.
func (p *Portal) removeACLTo(ctx context.Context, segment mdx.Segment, addresses []netip.Addr) (removed []string, err error) {
	have, err := p.rulesLike(ctx, segment.ID, p.moment(), nil)
	if err != nil {
		return nil, err
	}
	rules := only(have, func(rule mdx.ACLRule) bool {
		return rule.Dst.IsSingleIP() && slices.Contains(addresses, rule.Dst.Addr())
	})
	if err := p.rulesOf(segment.ID).remove(ctx, rules); err != nil {
		return nil, err
	}
	for _, rule := range rules {
		removed = append(removed, DescribeRule(rule)+" "+OnSegment(segment.Name))
	}
	return removed, nil
}

// removeDNATTo removes the DNAT rules that lead to one of the addresses of a segment.
func (p *Portal) removeDNATTo(
	ctx context.Context, project mdx.ProjectID, segment mdx.Segment, addresses []netip.Addr,
) (removed []string, err error) {
	have, err := p.dnatRules(ctx, project, p.moment())
	if err != nil {
		return nil, err
	}
	rules := slices.DeleteFunc(slices.Clone(have), func(rule mdx.DNAT) bool {
		return rule.SegmentName != segment.Name || !slices.Contains(addresses, rule.DstAddress)
	})
	for _, rule := range rules {
		if err := p.dnatsOf(project, segment.ID).remove(ctx, []mdx.DNAT{rule}); err != nil {
			return removed, err
		}
		removed = append(removed, fmt.Sprintf("DNAT %s -> %s %s", rule.PoolAddress, rule.DstAddress, OnSegment(segment.Name)))
	}
	return removed, nil
}
