package network

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// ruleModel is an access rule as it is written: the attributes of mdx_acl_rule and of an element of mdx_network.acl. What each
// is in the client's terms is in [ruleFields].
type ruleModel struct {
	Protocol        protocolText `tfsdk:"protocol"`
	SourceCIDR      cidrText     `tfsdk:"source_cidr"`
	SourcePort      portText     `tfsdk:"source_port"`
	DestinationCIDR cidrText     `tfsdk:"destination_cidr"`
	DestinationPort portText     `tfsdk:"destination_port"`
}

// ruleType is an element of mdx_network.acl.
var ruleType = types.ObjectType{AttrTypes: func() map[string]attr.Type {
	all := map[string]attr.Type{}
	for _, field := range ruleFields {
		all[field.name], _, _ = field.value(&ruleModel{}).kind()
	}
	return all
}()}

// rule is the model in the client's terms; false while a part is not known yet or can't be read.
func (m ruleModel) rule() (rule mdx.ACLRule, whole bool) {
	whole = true
	for _, field := range ruleFields {
		value := field.value(&m)
		if value.IsUnknown() {
			return mdx.ACLRule{}, false
		}
		text := value.ValueString()
		if value.IsNull() {
			text = field.otherwise
		}
		whole = field.read(&rule, text) == nil && whole
	}
	return rule, whole
}

// set takes over a rule of the portal; what means the same stays as it is written.
func (m *ruleModel) set(rule mdx.ACLRule) {
	for _, field := range ruleFields {
		field.value(m).write(field.text(rule))
	}
}

// modelOf is the model of a rule of the portal. A port that is any is left out, as most people write it.
func modelOf(rule mdx.ACLRule) (m ruleModel) {
	m.set(rule)
	for _, field := range ruleFields {
		if value := field.value(&m); field.otherwise != "" && value.ValueString() == field.otherwise {
			value.clear()
		}
	}
	return m
}

// check refuses what no rule can be, beside the attribute that is wrong. at makes an attribute's path.
func (m ruleModel) check(at func(attribute string) path.Path, diags *diag.Diagnostics) {
	if sameSpelled[protocolSpelling](m.Protocol.ValueString(), string(mdx.ICMP)) {
		for name, given := range map[string]portText{"source_port": m.SourcePort, "destination_port": m.DestinationPort} {
			if text := given.ValueString(); !given.IsNull() && !given.IsUnknown() && portOf(text) != mdx.AnyPort {
				diags.AddAttributeError(at(name), "ICMP has no ports",
					fmt.Sprintf("%s is %q, but ICMP has no ports: leave it out.", name, text))
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

// Description says what is checked.
func (isRule) Description(context.Context) string {
	return "a rule with one IP version, and no ports for ICMP"
}

// MarkdownDescription says the same.
func (v isRule) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

// ValidateObject checks one element.
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

// saysAny tells the rules that let the same through as one of rules.
func saysAny(rules []mdx.ACLRule) func(mdx.ACLRule) bool {
	said := make(map[mdx.ACLRule]bool, len(rules))
	for _, rule := range rules {
		said[rule.Canonical()] = true
	}
	return func(rule mdx.ACLRule) bool { return said[rule.Canonical()] }
}
