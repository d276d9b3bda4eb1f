package network

import (
	"net/netip"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// aclOf is acl with these rules, as a state has it.
func aclOf(t *testing.T, models ...ruleModel) types.Set {
	t.Helper()
	set, diags := types.SetValueFrom(t.Context(), ruleType, append([]ruleModel{}, models...))
	if diags.HasError() {
		t.Fatal(diags)
	}
	return set
}

// toPorts are rules from one network to another, one for each port.
func toPorts(ports ...mdx.Port) []mdx.ACLRule {
	var rules []mdx.ACLRule
	for _, port := range ports {
		rules = append(rules, mdx.ACLRule{
			Protocol: mdx.TCP, SrcPort: mdx.AnyPort, DstPort: port,
			Src: netip.MustParsePrefix("192.0.2.0/24"), Dst: netip.MustParsePrefix("10.0.8.0/24"),
		})
	}
	return rules
}

func TestRulesInStateKeepTheirSpellingAndFollowThePortal(t *testing.T) {
	t.Parallel()
	rules := toPorts("22", "443")
	spelled := modelOf(rules[0])
	spelled.Protocol, spelled.SourceCIDR = spell[protocolSpelling]("tcp"), spell[cidrSpelling]("192.0.2.9/24")
	spelled.SourcePort = spell[portSpelling]("any")
	for name, test := range map[string]struct {
		before, want types.Set
		have         []mdx.ACLRule
	}{
		"what means the same stays as it is written": {aclOf(t, spelled), aclOf(t, spelled), rules[:1]},
		"what is gone goes":                          {aclOf(t, spelled, modelOf(rules[1])), aclOf(t, spelled), rules[:1]},
		"what came comes":                            {aclOf(t, spelled), aclOf(t, spelled, modelOf(rules[1])), rules},
		"an empty set is not null":                   {aclOf(t), aclOf(t), nil},
		"no set stays none":                          {types.SetNull(ruleType), types.SetNull(ruleType), nil},
		"twins are one element":                      {aclOf(t), aclOf(t, modelOf(rules[0])), toPorts("22", "22")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var diags diag.Diagnostics
			model := networkModel{ACL: test.before}
			model.setRules(t.Context(), test.have, &diags)
			if diags.HasError() || !model.ACL.Equal(test.want) {
				t.Errorf("got %v (%v), want %v", model.ACL, diags, test.want)
			}
		})
	}
}

func TestIdsOfNoRulesAreAnEmptySet(t *testing.T) {
	t.Parallel()
	var diags diag.Diagnostics
	var model networkModel
	model.setOwn(t.Context(), nil, &diags)
	if model.RuleIDs.IsNull() || diags.HasError() {
		t.Errorf("got %v (%v), want an empty set", model.RuleIDs, diags)
	}
}

func TestARuleThatIsNotKnownYetIsNoRule(t *testing.T) {
	t.Parallel()
	known := modelOf(toPorts("22")[0])
	following := known
	following.DestinationCIDR = cidrText{types.StringUnknown()}
	var diags diag.Diagnostics
	model := networkModel{ACL: aclOf(t, known, following)}
	if rules, all := model.wanted(t.Context(), &diags); len(rules) != 1 || all {
		t.Errorf("%d rules are known, all: %v; want one, and not all", len(rules), all)
	}
	model.ACL = types.SetUnknown(ruleType)
	if rules, all := model.wanted(t.Context(), &diags); len(rules) != 0 || all {
		t.Errorf("%d rules of an unknown set are known, all: %v", len(rules), all)
	}
}
