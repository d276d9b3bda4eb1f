package network

import (
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// ruleFields is the one list of a rule's attributes: schemas, types and conversions go by it. A new attribute is a field of
// [ruleModel] and an entry here.
var ruleFields = []ruleField{
	{
		name: "protocol", doc: "`TCP`, `UDP` or `ICMP`.",
		value: valueOf(func(m *ruleModel) *protocolText { return &m.Protocol }),
		text:  func(rule mdx.ACLRule) string { return string(rule.Protocol) },
		read: func(rule *mdx.ACLRule, text string) error {
			rule.Protocol = mdx.Protocol(strings.ToUpper(text))
			return nil
		},
	},
	{
		name: "source_cidr", replaces: true,
		doc:   "Network that the traffic comes from, in CIDR notation, IPv4 or IPv6; `0.0.0.0/0` or `::/0` is everywhere.",
		value: valueOf(func(m *ruleModel) *cidrText { return &m.SourceCIDR }),
		text:  func(rule mdx.ACLRule) string { return rule.Src.String() },
		read: func(rule *mdx.ACLRule, text string) (err error) {
			rule.Src, err = parseCIDR(text)
			return err
		},
	},
	{
		name: "source_port", otherwise: anyPort,
		doc:   "Port that the traffic comes from: a number, or `any` (the default). ICMP has no ports.",
		value: valueOf(func(m *ruleModel) *portText { return &m.SourcePort }),
		text:  func(rule mdx.ACLRule) string { return textOfPort(rule.SrcPort) },
		read: func(rule *mdx.ACLRule, text string) error {
			rule.SrcPort = portOf(text)
			return nil
		},
	},
	{
		name: "destination_cidr", replaces: true,
		doc: "Network that the traffic goes to, in CIDR notation and of the same IP version as `source_cidr`; a single address has the " +
			"prefix length 32 (IPv6: 128).",
		value: valueOf(func(m *ruleModel) *cidrText { return &m.DestinationCIDR }),
		text:  func(rule mdx.ACLRule) string { return rule.Dst.String() },
		read: func(rule *mdx.ACLRule, text string) (err error) {
			rule.Dst, err = parseCIDR(text)
			return err
		},
	},
	{
		name: "destination_port", otherwise: anyPort,
		doc:   "Port that the traffic goes to: a number, or `any` (the default). ICMP has no ports.",
		value: valueOf(func(m *ruleModel) *portText { return &m.DestinationPort }),
		text:  func(rule mdx.ACLRule) string { return textOfPort(rule.DstPort) },
		read: func(rule *mdx.ACLRule, text string) error {
			rule.DstPort = portOf(text)
			return nil
		},
	},
}

// anyPort is how any port is written.
const anyPort = "any"

// ruleField is an attribute of an access rule, and what it is in the client's terms.
type ruleField struct {
	name, doc string
	otherwise string // what it means to leave it out; empty where it must be given
	replaces  bool   // mdx_acl_rule is replaced when it changes
	value     func(*ruleModel) fieldValue
	text      func(mdx.ACLRule) string
	read      func(rule *mdx.ACLRule, text string) error
}

// fieldValue is a field of a model, whatever its spelling.
type fieldValue interface {
	IsUnknown() bool
	IsNull() bool
	ValueString() string
	kind() (attr.Type, basetypes.StringTypable, planmodifier.String)
	// write makes the field say a text; one that means the same stays as it is written.
	write(text string)
	clear()
}

// valueOf finds the fields of a model by where they are in it.
func valueOf[S spelling](at func(*ruleModel) *spelled[S]) func(*ruleModel) fieldValue {
	return func(m *ruleModel) fieldValue { return spelledField[S]{at(m)} }
}

type spelledField[S spelling] struct{ *spelled[S] }

func (f spelledField[S]) kind() (attr.Type, basetypes.StringTypable, planmodifier.String) {
	return spelledType[S]{}, spelledType[S]{}, keepSpelling[S]()
}

func (f spelledField[S]) write(text string) { *f.spelled = f.told(spell[S](text)) }

func (f spelledField[S]) clear() { f.StringValue = basetypes.NewStringNull() }

// nested is the attribute in an element of mdx_network.acl.
func (f ruleField) nested() schema.StringAttribute {
	_, text, _ := f.value(&ruleModel{}).kind()
	return schema.StringAttribute{
		Required: f.otherwise == "", Optional: f.otherwise != "", CustomType: text, MarkdownDescription: f.doc,
	}
}

// attribute is the attribute of mdx_acl_rule.
func (f ruleField) attribute() schema.StringAttribute {
	_, _, keep := f.value(&ruleModel{}).kind()
	attribute := f.nested()
	attribute.PlanModifiers = []planmodifier.String{keep}
	if f.otherwise != "" {
		attribute.Computed, attribute.Default = true, stringdefault.StaticString(f.otherwise)
	}
	if f.replaces {
		attribute.MarkdownDescription += " Changing it replaces the rule."
		attribute.PlanModifiers = append(attribute.PlanModifiers, stringplanmodifier.RequiresReplace())
	}
	return attribute
}

// portOf is a port in the client's terms.
func portOf(text string) mdx.Port {
	if port, err := mdx.ParsePort(text); err == nil {
		return port
	}
	return mdx.Port(text)
}

func textOfPort(port mdx.Port) string {
	if port == mdx.AnyPort {
		return anyPort
	}
	return string(port)
}
