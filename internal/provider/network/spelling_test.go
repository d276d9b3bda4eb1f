package network

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/attr/xattr"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"pgregory.net/rapid"
)

func TestTextsThatMeanTheSameAreEqual(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		same func(a, b string) bool
		a, b string
		want bool
	}{
		{sameSpelled[cidrSpelling], "10.0.1.0/21", "10.0.0.0/21", true},
		{sameSpelled[cidrSpelling], "10.0.1.0/21", "10.0.8.0/21", false},
		{sameSpelled[cidrSpelling], "10.0.0.0/21", "10.0.0.0/22", false},
		{sameSpelled[cidrSpelling], "2001:DB8:0::1/64", "2001:db8::/64", true},
		{sameSpelled[cidrSpelling], "::/0", "0.0.0.0/0", false},
		{sameSpelled[portSpelling], "any", "ANY", true},
		{sameSpelled[portSpelling], "0443", "443", true},
		{sameSpelled[portSpelling], "443", "any", false},
		{sameSpelled[protocolSpelling], "tcp", "TCP", true},
		{sameSpelled[protocolSpelling], "tcp", "udp", false},
		{sameSpelled[cidrSpelling], "what", "what", true}, // what can't be read equals only itself
		{sameSpelled[cidrSpelling], "what", "10.0.0.0/8", false},
	} {
		if got := c.same(c.a, c.b); got != c.want {
			t.Errorf("%q and %q: the same %v, want %v", c.a, c.b, got, c.want)
		}
	}
}

func TestTextThatCannotBeReadIsRefusedWithItsRemedy(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		value xattr.ValidateableAttribute
		want  string // part of the message; empty: it can be read
	}{
		{spell[cidrSpelling]("10.0.1.7/21"), ""},
		{spell[cidrSpelling]("0.0.0.0/0"), ""},
		{spell[cidrSpelling]("::/0"), ""},
		{spell[cidrSpelling]("203.0.113.5/0"), `for this address alone write "203.0.113.5/32", for every address "0.0.0.0/0"`},
		{spell[cidrSpelling]("2001:db8::1/0"), `for this address alone write "2001:db8::1/128", for every address "::/0"`},
		{spell[cidrSpelling]("10.0.0.5"), `write "10.0.0.5/32"`},
		{spell[cidrSpelling]("2001:db8::1"), `write "2001:db8::1/128"`},
		{spell[cidrSpelling]("Any"), `write "0.0.0.0/0" or "::/0"`},
		{spell[cidrSpelling]("10.0.0.0/33"), "CIDR notation"},
		{spell[cidrSpelling]("10.0.0.0/255.255.255.0"), "CIDR notation"},
		{spell[cidrSpelling]("::ffff:10.0.0.1/128"), "write it as IPv4"},
		{spell[cidrSpelling](""), "CIDR notation"},
		{spell[portSpelling]("65535"), ""},
		{spell[portSpelling]("0"), "from 1 to 65535"},
		{spell[portSpelling]("65536"), "from 1 to 65535"},
		{spell[portSpelling]("80-90"), "from 1 to 65535"},
		{spell[portSpelling]("https"), `"https" is neither`},
		{spell[protocolSpelling]("icmp"), ""},
		{spell[protocolSpelling]("SCTP"), "TCP, UDP, ICMP"},
	} {
		var resp xattr.ValidateAttributeResponse
		c.value.ValidateAttribute(t.Context(), xattr.ValidateAttributeRequest{Path: path.Root("a")}, &resp)
		switch {
		case c.want == "" && resp.Diagnostics.HasError():
			t.Errorf("%v: refused: %v", c.value, resp.Diagnostics)
		case c.want != "" && !resp.Diagnostics.HasError():
			t.Errorf("%v: accepted", c.value)
		case c.want != "" && !strings.Contains(resp.Diagnostics[0].Detail(), c.want):
			t.Errorf("%v: %q does not tell %q", c.value, resp.Diagnostics[0].Detail(), c.want)
		}
	}
}

func TestUnknownTextIsNotRefused(t *testing.T) {
	t.Parallel()
	for _, value := range []types.String{types.StringUnknown(), types.StringNull()} {
		var resp xattr.ValidateAttributeResponse
		cidrText{value}.ValidateAttribute(t.Context(), xattr.ValidateAttributeRequest{}, &resp)
		if resp.Diagnostics.HasError() {
			t.Errorf("%v: %v", value, resp.Diagnostics)
		}
	}
}

func TestAnotherSpellingOfTheStateIsNoChange(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ state, plan, want types.String }{
		{types.StringValue("10.0.0.0/21"), types.StringValue("10.0.1.0/21"), types.StringValue("10.0.0.0/21")},
		{types.StringValue("10.0.0.0/21"), types.StringValue("10.0.8.0/21"), types.StringValue("10.0.8.0/21")},
		{types.StringValue("10.0.0.0/21"), types.StringUnknown(), types.StringUnknown()},
		{types.StringNull(), types.StringValue("10.0.1.0/21"), types.StringValue("10.0.1.0/21")},
	} {
		resp := planmodifier.StringResponse{PlanValue: c.plan}
		keepSpelling[cidrSpelling]().PlanModifyString(t.Context(), planmodifier.StringRequest{StateValue: c.state, PlanValue: c.plan}, &resp)
		if !resp.PlanValue.Equal(c.want) {
			t.Errorf("state %v, configuration %v: planned %v, want %v", c.state, c.plan, resp.PlanValue, c.want)
		}
	}
}

// What means the same must be an equivalence, and canonical texts must be fixed points.
func TestSpellingIsAnEquivalence(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(
			rapid.StringMatching(`(1?[0-9]{1,2}\.){3}1?[0-9]{1,2}/[0-9]{1,2}`),
			rapid.StringMatching(`[0-9a-fA-F]{1,4}:(:[0-9a-fA-F]{1,4}){1,3}/[0-9]{1,3}`),
			rapid.StringMatching(`any|ANY|[0-9]{1,6}`), rapid.String(),
		).Draw(t, "text")
		check[cidrSpelling](t, text)
		check[portSpelling](t, text)
		check[protocolSpelling](t, text)
	})
}

func check[S spelling](t *rapid.T, text string) {
	var s S
	canonical, err := s.canonical(text)
	if err != nil {
		return
	}
	again, err := s.canonical(canonical)
	if err != nil || again != canonical {
		t.Fatalf("%T: %q is canonically %q, which is canonically %q (%v)", s, text, canonical, again, err)
	}
	if !sameSpelled[S](text, canonical) {
		t.Fatalf("%T: %q does not equal its canonical form %q", s, text, canonical)
	}
}
