package network

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/attr/xattr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/provider/kit"
)

// spelling is a kind of text that can be written in several ways and means the same in all of them.
type spelling interface {
	// canonical is the one way to write it; an error tells what is wrong, and how to put it right.
	canonical(text string) (string, error)
}

// The texts of an access rule. They have no semantic equality of the framework's: inside a set it compares element by
// element and attribute by attribute, and so gives one rule the spelling of another. The types of
// terraform-plugin-framework-nettypes are not used for networks: to them 10.0.1.0/21 and 10.0.0.0/21 differ, while the
// portal hands out either for the other (PORTAL.md §7).
type (
	cidrText     = spelled[cidrSpelling]
	portText     = spelled[portSpelling]
	protocolText = spelled[protocolSpelling]
)

type cidrSpelling struct{}

func (cidrSpelling) canonical(text string) (string, error) {
	prefix, err := parseCIDR(text)
	if written, unread := netip.ParsePrefix(text); err == nil && unread == nil && prefix.Bits() == 0 && !written.Addr().IsUnspecified() {
		return "", fmt.Errorf("%q is every address there is, since its prefix length is 0; for this address alone write \"%s/%d\", for every "+
			"address \"%s\"", text, written.Addr(), written.Addr().BitLen(), prefix)
	}
	return prefix.String(), err
}

// parseCIDR reads a network and clears its host bits.
func parseCIDR(text string) (netip.Prefix, error) {
	prefix, err := netip.ParsePrefix(text)
	switch {
	case err == nil && prefix.Addr().Is4In6():
		return prefix, fmt.Errorf("%q is an IPv4 address in IPv6 clothes; write it as IPv4", text)
	case err == nil:
		return prefix.Masked(), nil
	}
	if addr, err := netip.ParseAddr(text); err == nil {
		return prefix, fmt.Errorf("%q has no prefix length; for this address alone write \"%s/%d\"", text, addr.Unmap(), addr.Unmap().BitLen())
	}
	if strings.EqualFold(text, "any") {
		return prefix, fmt.Errorf("%q is not a network; for every address write \"0.0.0.0/0\" or \"::/0\"", text)
	}
	return prefix, fmt.Errorf("%q is not a network in CIDR notation such as \"10.0.0.0/21\" or \"2001:db8::/64\"", text)
}

type portSpelling struct{}

func (portSpelling) canonical(text string) (string, error) {
	port, err := mdx.ParsePort(text)
	if err != nil {
		return "", fmt.Errorf("%q is neither a port number from 1 to 65535 nor \"any\"", text)
	}
	return strings.ToLower(string(port)), nil
}

type protocolSpelling struct{}

func (protocolSpelling) canonical(text string) (string, error) {
	protocol := strings.ToUpper(text)
	if !slices.Contains([]mdx.Protocol{mdx.TCP, mdx.UDP, mdx.ICMP}, mdx.Protocol(protocol)) {
		return "", fmt.Errorf("%q is none of the portal's protocols: TCP, UDP, ICMP", text)
	}
	return protocol, nil
}

// sameSpelled tells whether two texts mean the same; what can't be read equals only itself.
func sameSpelled[S spelling](a, b string) bool {
	var s S
	left, errA := s.canonical(a)
	right, errB := s.canonical(b)
	if err := errors.Join(errA, errB); err != nil {
		return a == b
	}
	return left == right
}

var (
	_ basetypes.StringTypable     = spelledType[portSpelling]{}
	_ basetypes.StringValuable    = spelled[portSpelling]{}
	_ xattr.ValidateableAttribute = spelled[portSpelling]{}
)

// spelledType is the schema's type of such a text.
type spelledType[S spelling] struct{ basetypes.StringType }

// Equal tells whether the other type is for the same kind of text.
func (t spelledType[S]) Equal(o attr.Type) bool {
	_, same := o.(spelledType[S])
	return same
}

// String is the type's name, for developers.
func (t spelledType[S]) String() string { return fmt.Sprintf("%T", t) }

// ValueType is the type's value.
func (t spelledType[S]) ValueType(context.Context) attr.Value { return spelled[S]{} }

// ValueFromString makes a value of a string.
func (t spelledType[S]) ValueFromString(_ context.Context, in basetypes.StringValue) (basetypes.StringValuable, diag.Diagnostics) {
	return spelled[S]{in}, nil
}

// ValueFromTerraform makes a value of what Terraform sends.
func (t spelledType[S]) ValueFromTerraform(ctx context.Context, in tftypes.Value) (attr.Value, error) {
	value, err := t.StringType.ValueFromTerraform(ctx, in)
	if err != nil {
		return nil, err
	}
	return spelled[S]{value.(basetypes.StringValue)}, nil //nolint:forcetypeassert // that is what StringType makes
}

// spelled is such a text as it was written.
type spelled[S spelling] struct{ basetypes.StringValue }

func spell[S spelling](text string) spelled[S] { return spelled[S]{basetypes.NewStringValue(text)} }

// Type is the value's type.
func (v spelled[S]) Type(context.Context) attr.Type { return spelledType[S]{} }

// Equal tells whether the other value is written the same way.
func (v spelled[S]) Equal(o attr.Value) bool {
	other, same := o.(spelled[S])
	return same && v.StringValue.Equal(other.StringValue)
}

// told is what is now, as it was written before if that means the same.
func (v spelled[S]) told(now spelled[S]) spelled[S] {
	if !v.IsNull() && sameSpelled[S](v.ValueString(), now.ValueString()) {
		return v
	}
	return now
}

// ValidateAttribute refuses what can't be read.
func (v spelled[S]) ValidateAttribute(_ context.Context, req xattr.ValidateAttributeRequest, resp *xattr.ValidateAttributeResponse) {
	if v.IsNull() || v.IsUnknown() {
		return
	}
	var s S
	if _, err := s.canonical(v.ValueString()); err != nil {
		steps := req.Path.Steps() // an element of a set is called by all its values, so only the last is told
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid "+steps[max(len(steps)-1, 0):].String(), kit.Sentence(err.Error()))
	}
}

// keepSpelling plans the state's text when the configuration's means the same, so that there is no difference.
func keepSpelling[S spelling]() planmodifier.String { return spellingKeeper[S]{} }

type spellingKeeper[S spelling] struct{}

// Description says what is planned.
func (spellingKeeper[S]) Description(context.Context) string {
	return "Another spelling of the same value is no change."
}

// MarkdownDescription says the same.
func (m spellingKeeper[S]) MarkdownDescription(ctx context.Context) string { return m.Description(ctx) }

// PlanModifyString plans the state's text where the configuration's means the same.
func (spellingKeeper[S]) PlanModifyString(_ context.Context, req planmodifier.StringRequest, resp *planmodifier.StringResponse) {
	if req.StateValue.IsNull() || req.PlanValue.IsNull() || req.PlanValue.IsUnknown() {
		return
	}
	if sameSpelled[S](req.StateValue.ValueString(), req.PlanValue.ValueString()) {
		resp.PlanValue = req.StateValue
	}
}
