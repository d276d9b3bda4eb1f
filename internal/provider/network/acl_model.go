package network

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// ruleModel is an access rule as it is written: the attributes of mdx_acl_rule and of an element of mdx_network.acl.
type ruleModel struct {
	Protocol        protocolText `tfsdk:"protocol"`
	SourceCIDR      cidrText     `tfsdk:"source_cidr"`
	SourcePort      portText     `tfsdk:"source_port"`
	DestinationCIDR cidrText     `tfsdk:"destination_cidr"`
	DestinationPort portText     `tfsdk:"destination_port"`
}

// ruleType is an element of mdx_network.acl.
var ruleType = types.ObjectType{AttrTypes: map[string]attr.Type{
	"protocol":         spelledType[protocolSpelling]{},
	"source_cidr":      spelledType[cidrSpelling]{},
	"source_port":      spelledType[portSpelling]{},
	"destination_cidr": spelledType[cidrSpelling]{},
	"destination_port": spelledType[portSpelling]{},
}}

// What the attributes of a rule are, said once for both resources that have them.
const (
	protocolDoc        = "`TCP`, `UDP` or `ICMP`."
	sourceCIDRDoc      = "Network that the traffic comes from, in CIDR notation, IPv4 or IPv6; `0.0.0.0/0` or `::/0` is everywhere."
	sourcePortDoc      = "Port that the traffic comes from: a number, or `any` (the default). ICMP has no ports."
	destinationCIDRDoc = "Network that the traffic goes to, in CIDR notation and of the same IP version as `source_cidr`; a single " +
		"address has the prefix length 32 (IPv6: 128)."
	destinationPortDoc = "Port that the traffic goes to: a number, or `any` (the default). ICMP has no ports."
)

// rule is the model in the client's terms; false while a part is not known yet or can't be read.
func (m ruleModel) rule() (mdx.ACLRule, bool) {
	if m.Protocol.IsUnknown() || m.SourceCIDR.IsUnknown() || m.SourcePort.IsUnknown() ||
		m.DestinationCIDR.IsUnknown() || m.DestinationPort.IsUnknown() {
		return mdx.ACLRule{}, false
	}
	source, sourceErr := parseCIDR(m.SourceCIDR.ValueString())
	destination, destinationErr := parseCIDR(m.DestinationCIDR.ValueString())
	rule := mdx.ACLRule{
		Protocol: mdx.Protocol(strings.ToUpper(m.Protocol.ValueString())),
		Src:      source, SrcPort: port(m.SourcePort),
		Dst: destination, DstPort: port(m.DestinationPort),
	}
	return rule, sourceErr == nil && destinationErr == nil
}

// port is a port in the client's terms; one that is left out is any.
func port(text portText) mdx.Port {
	if text.IsNull() {
		return mdx.AnyPort
	}
	if port, err := mdx.ParsePort(text.ValueString()); err == nil {
		return port
	}
	return mdx.Port(text.ValueString())
}

// modelOf is the model of a rule of the portal. A port that is any is left out, as most people write it.
func modelOf(rule mdx.ACLRule) ruleModel {
	text := func(port mdx.Port) portText {
		if port == mdx.AnyPort {
			return portText{StringValue: basetypes.NewStringNull()}
		}
		return spell[portSpelling](string(port))
	}
	return ruleModel{
		Protocol:   spell[protocolSpelling](string(rule.Protocol)),
		SourceCIDR: spell[cidrSpelling](rule.Src.String()), SourcePort: text(rule.SrcPort),
		DestinationCIDR: spell[cidrSpelling](rule.Dst.String()), DestinationPort: text(rule.DstPort),
	}
}

// check refuses what no rule can be, beside the attribute that is wrong. at makes an attribute's path.
func (m ruleModel) check(at func(attribute string) path.Path, diags *diag.Diagnostics) {
	if sameSpelled[protocolSpelling](m.Protocol.ValueString(), string(mdx.ICMP)) {
		for name, given := range map[string]portText{"source_port": m.SourcePort, "destination_port": m.DestinationPort} {
			if !given.IsUnknown() && port(given) != mdx.AnyPort {
				diags.AddAttributeError(at(name), "ICMP has no ports",
					fmt.Sprintf("%s is %q, but ICMP has no ports: leave it out.", name, given.ValueString()))
			}
		}
	}
	source, sourceErr := parseCIDR(m.SourceCIDR.ValueString())
	destination, destinationErr := parseCIDR(m.DestinationCIDR.ValueString())
	if sourceErr == nil && destinationErr == nil && source.Addr().Is4() != destination.Addr().Is4() {
		diags.AddAttributeError(at("destination_cidr"), "IPv4 and IPv6 in one rule", fmt.Sprintf(
			"source_cidr %s and destination_cidr %s are of different IP versions. Write two rules, one for each.", source, destination))
	}
}

// isRule checks an element of mdx_network.acl.
type isRule struct{}

func (isRule) Description(context.Context) string {
	return "a rule with one IP version, and no ports for ICMP"
}

func (v isRule) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (isRule) ValidateObject(ctx context.Context, req validator.ObjectRequest, resp *validator.ObjectResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	var model ruleModel
	if req.ConfigValue.As(ctx, &model, basetypes.ObjectAsOptions{}).HasError() {
		return // what can't be read is told by its attribute
	}
	model.check(req.Path.AtName, &resp.Diagnostics)
}
