package network

import (
	"net/netip"

	"github.com/hashicorp/terraform-plugin-framework-nettypes/iptypes"
	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/portal"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/provider/kit"
)

// dnatModel is mdx_dnat in configuration, plan and state.
type dnatModel struct {
	ID                 types.String        `tfsdk:"id"`
	ProjectID          types.String        `tfsdk:"project_id"`
	SegmentID          types.String        `tfsdk:"segment_id"`
	DestinationAddress iptypes.IPv4Address `tfsdk:"destination_address"`
	PoolAddress        iptypes.IPv4Address `tfsdk:"pool_address"`
	Timeouts           timeouts.Value      `tfsdk:"timeouts"`
}

// dnatIdentity tells a DNAT rule from all others.
type dnatIdentity struct {
	ID types.String `tfsdk:"id"`
}

// identity is not null even of a rule whose id nobody has seen yet, since the framework asks for one.
func (m *dnatModel) identity() dnatIdentity {
	return dnatIdentity{types.StringValue(m.ID.ValueString())}
}

// at is the model in the portal's terms. Until its id was seen, its addresses tell the rule.
func (m *dnatModel) at() portal.DNATRuleAt {
	return portal.DNATRuleAt{
		Project: mdx.ProjectID(m.ProjectID.ValueString()), Segment: mdx.SegmentID(m.SegmentID.ValueString()),
		ID: mdx.DNATID(m.ID.ValueString()), Pool: addressOf(m.PoolAddress), Destination: addressOf(m.DestinationAddress),
	}
}

// set takes over a rule of the portal, which names the segment. A name that no segment has stays as it is, so that it
// shows as a difference.
func (m *dnatModel) set(rule mdx.DNAT, segments []mdx.Segment) {
	m.ID = types.StringValue(string(rule.ID))
	m.SegmentID = kit.SegmentID(rule.SegmentName, m.SegmentID.ValueString(), segments)
	m.DestinationAddress = iptypes.NewIPv4AddressValue(rule.DstAddress.String())
	m.PoolAddress = iptypes.NewIPv4AddressValue(rule.PoolAddress.String())
}

// setAsked takes over what the configuration leaves open: the public address, and the id, if it is known.
func (m *dnatModel) setAsked(rule mdx.DNAT) {
	m.PoolAddress = iptypes.NewIPv4AddressValue(rule.PoolAddress.String())
	if rule.ID != "" {
		m.ID = types.StringValue(string(rule.ID))
	}
}

// addressOf is the zero Addr for what is not known or not given.
func addressOf(text iptypes.IPv4Address) netip.Addr {
	address, err := netip.ParseAddr(text.ValueString())
	if err != nil {
		return netip.Addr{}
	}
	return address
}
