package portal

import (
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// oddRule draws rules as a portal might tell them: any text for a port and a protocol, host bits, several spellings.
var oddRule = rapid.Custom(func(t *rapid.T) mdx.ACLRule {
	network := func(name string) netip.Prefix {
		return netip.MustParsePrefix(rapid.SampledFrom([]string{
			"192.0.2.0/24", "192.0.2.9/24", "0.0.0.0/0", "10.0.0.9/32", "2001:db8::/32", "2001:db8::9/32", "::/0",
		}).Draw(t, name))
	}
	port := rapid.OneOf(rapid.SampledFrom([]string{"22", "022", "any", "Any", "", "0", "22,80", "8000-8010", "22 80", "%20", "a/b"}), rapid.String())
	return mdx.ACLRule{
		Protocol: mdx.Protocol(rapid.OneOf(rapid.SampledFrom([]string{"TCP", "tcp", "UDP", "ICMP", "TCP 192.0.2.0/24"}), rapid.String()).Draw(t, "protocol")),
		Src:      network("source"), SrcPort: mdx.Port(port.Draw(t, "source port")),
		Dst: network("destination"), DstPort: mdx.Port(port.Draw(t, "destination port")),
	}
})

func TestTwoRulesShareAKeyOnlyIfTheyAreTheSame(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a := oddRule.Draw(t, "a")
		b := rapid.OneOf(oddRule, rapid.Custom(func(t *rapid.T) mdx.ACLRule { // like a, but for one thing
			b, other := a, oddRule.Draw(t, "other")
			switch rapid.IntRange(0, 4).Draw(t, "what differs") {
			case 0:
				b.Protocol = other.Protocol
			case 1:
				b.Src = other.Src
			case 2:
				b.Dst = other.Dst
			case 3:
				b.SrcPort = other.SrcPort
			default:
				b.DstPort = other.DstPort
			}
			return b
		})).Draw(t, "b")
		if shared := aclRuleKey(backendNet, a) == aclRuleKey(backendNet, b); shared != a.Same(b) {
			t.Fatalf("%+v and %+v share a key: %v, are the same: %v", a, b, shared, a.Same(b))
		}
		if rulePart(a) == rulePart(b) != a.Same(b) {
			t.Fatalf("%+v and %+v are one part, or the same, and not both", a, b)
		}
		if aclRuleKey(backendNet, a) == aclRuleKey(defaultNet, a) {
			t.Fatalf("%+v has one key on two segments", a)
		}
		if told, isRule := ruleOfPart(cutKey(rulePart(a))); !isRule || !told.Same(a) {
			t.Fatalf("%+v is read back as %+v", a, told)
		}
	})
}

// A field that a rule may get later is in its key as soon as it tells two rules apart.
func TestEveryFieldThatTellsRulesApartIsInTheKey(t *testing.T) {
	t.Parallel()
	a := campus("22")[0]
	for i := range reflect.TypeFor[mdx.ACLRule]().NumField() {
		b := a
		switch field := reflect.ValueOf(&b).Elem().Field(i); field.Kind() { //nolint:exhaustive // the others fail
		case reflect.String:
			field.SetString("443")
		case reflect.Struct:
			field.Set(reflect.ValueOf(netip.MustParsePrefix("198.51.100.0/24")))
		default:
			t.Fatalf("this test has no value for field %d", i)
		}
		if rulePart(a) == rulePart(b) != a.Same(b) {
			t.Errorf("%+v and %+v: one key %v, the same %v", a, b, rulePart(a) == rulePart(b), a.Same(b))
		}
	}
}

// The text for people leaves out the ports of ICMP, which has none. Should the portal tell some, they are two rules.
func TestRulesThatReadTheSameHaveTheirOwnKeys(t *testing.T) {
	t.Parallel()
	one := campus("22")[0]
	one.Protocol = mdx.ICMP
	other := one
	other.DstPort = "8"
	if DescribeRule(one) != DescribeRule(other) || aclRuleKey(backendNet, one) == aclRuleKey(backendNet, other) {
		t.Errorf("%q and %q", aclRuleKey(backendNet, one), aclRuleKey(backendNet, other))
	}
}

// An entry that was written before an update of the provider is found after it.
func TestKeysNeverChange(t *testing.T) {
	t.Parallel()
	v6 := mdx.ACLRule{
		Protocol: mdx.UDP, Src: netip.MustParsePrefix("2001:db8::/32"), SrcPort: "22,80", Dst: netip.MustParsePrefix("::/0"), DstPort: mdx.AnyPort,
	}
	for key, want := range map[string]struct{ key, text string }{
		aclRuleKey("s-1", campus("22")[0]): {
			"acl_rule s-1 TCP 192.0.2.0/24 Any 10.0.8.0/24 22",
			`access rule TCP 192.0.2.0/24 port any -> 10.0.8.0/24 port 22 on segment "s-1"`,
		},
		aclRuleKey("s 1", v6): {
			"acl_rule s%201 UDP 2001:db8::/32 22%2C80 ::/0 Any",
			`access rule UDP 2001:db8::/32 port 22,80 -> ::/0 port any on segment "s 1"`,
		},
		aclRuleSetKey("s-1"): {"acl_rules s-1", `access rules on segment "s-1"`},
		dnatKey("s-1", public10, host(1)): {
			"dnat_rule s-1 203.0.113.10 10.0.8.1", `DNAT rule from 203.0.113.10 to 10.0.8.1 on segment "s-1"`,
		},
		dnatKey("s-1", anyFree, host(1)): {"dnat_rule s-1 any 10.0.8.1", `DNAT rule to 10.0.8.1 on segment "s-1"`},
	} {
		if key != want.key {
			t.Errorf("the key is %q, was %q", key, want.key)
		}
		if text := describeKey(key); text != want.text {
			t.Errorf("%q reads %q, want %q", key, text, want.text)
		}
	}
}

func TestWhatIsNoKeyIsToldAsItIs(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{
			`access rule TCP 192.0.2.0/24 port any -> 10.0.8.1/32 port 22 on segment "s"`, "acl_rule s TCP", "dnat_rule s x y", "web-1", "%zz x",
		})).Draw(t, "text")
		known := strings.HasPrefix(text, kindACLRule) || strings.HasPrefix(text, kindDNATRule)
		if got := describeKey(text); got != text && !known {
			t.Fatalf("%q is told as %q", text, got)
		}
		describePart(text) // of any text it makes something
	})
}
