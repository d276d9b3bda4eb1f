package network

import (
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework-nettypes/iptypes"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/portal"
)

// others has a value for each type of field that a rule may have: other than that of the rule that tests begin with.
var others = map[reflect.Type]any{
	reflect.TypeFor[string]():        "another",
	reflect.TypeFor[mdx.Protocol]():  mdx.UDP,
	reflect.TypeFor[mdx.Port]():      mdx.Port("443"),
	reflect.TypeFor[netip.Prefix]():  netip.MustParsePrefix("198.51.100.0/24"),
	reflect.TypeFor[netip.Addr]():    netip.MustParseAddr("198.51.100.7"),
	reflect.TypeFor[mdx.DNATID]():    mdx.DNATID("another"),
	reflect.TypeFor[mdx.ACLRuleID](): mdx.ACLRuleID("another"),
	reflect.TypeFor[mdx.ProjectID](): mdx.ProjectID("another"),
	reflect.TypeFor[mdx.SegmentID](): mdx.SegmentID("another"),
}

// changed are copies of a struct that differ from it in one field each, by the field's name.
func changed[T any](t *testing.T, from T) map[string]T {
	t.Helper()
	all := map[string]T{}
	for i := range reflect.TypeFor[T]().NumField() {
		field := reflect.TypeFor[T]().Field(i)
		other, known := others[field.Type]
		if !known {
			t.Errorf("%T.%s is a %s, of which this test has no value", from, field.Name, field.Type)
			continue
		}
		copied := from
		reflect.ValueOf(&copied).Elem().Field(i).Set(reflect.ValueOf(other))
		all[field.Name] = copied
	}
	return all
}

// tags are the attributes that a model has by itself.
func tags(model any) (names []string) {
	for _, field := range reflect.VisibleFields(reflect.TypeOf(model)) {
		if tag := field.Tag.Get("tfsdk"); tag != "" {
			names = append(names, tag)
		}
	}
	slices.Sort(names)
	return names
}

func TestEveryFieldOfARuleIsInTheModelAndBack(t *testing.T) {
	t.Parallel()
	first := toPorts("22")[0]
	first.SrcPort = "1024"
	for name, rule := range changed(t, first) {
		before, after := aclRuleModel{}, aclRuleModel{}
		before.set(first)
		after.set(rule)
		if reflect.DeepEqual(before, after) {
			t.Errorf("%s: a change does not show in mdx_acl_rule", name)
		}
		if got := after.at().Rule; got != rule {
			t.Errorf("%s: %+v comes back as %+v", name, rule, got)
		}
		rule.ID = "" // mdx_network has that in rule_ids
		if got, whole := modelOf(rule).rule(); !whole || got != rule {
			t.Errorf("%s: in mdx_network, %+v comes back as %+v", name, rule, got)
		}
	}
}

// Whoever reads a rule of the portal keeps what means the same as it was written, attribute by attribute.
func TestEveryAttributeOfARuleKeepsItsSpelling(t *testing.T) {
	t.Parallel()
	written := ruleModel{
		Protocol: spell[protocolSpelling]("tcp"), SourceCIDR: spell[cidrSpelling]("192.0.2.9/24"), SourcePort: spell[portSpelling]("ANY"),
		DestinationCIDR: spell[cidrSpelling]("10.0.8.9/24"), DestinationPort: spell[portSpelling]("022"),
	}
	rule, whole := written.rule()
	read := written
	read.set(rule)
	if !whole || !reflect.DeepEqual(read, written) {
		t.Errorf("%+v became %+v", written, read)
	}
	for _, field := range ruleFields {
		if value := field.value(&written); value.IsNull() || value.ValueString() == field.text(rule) {
			t.Errorf("%s: this test has no spelling of its own for it", field.name)
		}
	}
}

func TestEveryAttributeOfARuleIsInTheList(t *testing.T) {
	t.Parallel()
	var names []string
	for _, field := range ruleFields {
		names = append(names, field.name)
	}
	slices.Sort(names)
	if want := tags(ruleModel{}); !slices.Equal(names, want) {
		t.Errorf("the list has %v, the model %v", names, want)
	}
}

func TestEveryFieldOfADNATRuleIsInTheModelAndBack(t *testing.T) {
	t.Parallel()
	first := mdx.DNAT{
		ID: "d", PoolAddress: netip.MustParseAddr("203.0.113.10"), SegmentName: "backend", DstAddress: netip.MustParseAddr("10.0.8.1"),
	}
	segments := []mdx.Segment{{ID: "s", Name: "backend"}, {ID: "another", Name: "another"}}
	modelFor := func(rule mdx.DNAT) dnatModel {
		var m dnatModel
		m.set(rule, segments)
		return m
	}
	before := modelFor(first)
	for name, rule := range changed(t, first) {
		after := modelFor(rule)
		if reflect.DeepEqual(before, after) {
			t.Errorf("%s: a change does not show in the model", name)
		}
		if after.at() == before.at() {
			t.Errorf("%s: a change does not come back", name)
		}
	}
	model := func(at portal.DNATRuleAt) dnatModel {
		return dnatModel{
			ID: types.StringValue(string(at.ID)), ProjectID: types.StringValue(string(at.Project)),
			SegmentID: types.StringValue(string(at.Segment)), DestinationAddress: iptypes.NewIPv4AddressValue(at.Destination.String()),
			PoolAddress: iptypes.NewIPv4AddressValue(at.Pool.String()),
		}
	}
	at := before.at()
	for name, changedAt := range changed(t, at) {
		if m := model(changedAt); m.at() != changedAt {
			t.Errorf("%s: %+v is asked for as %+v", name, changedAt, m.at())
		}
	}
	if want := strings.Fields("destination_address id pool_address project_id segment_id timeouts"); !slices.Equal(tags(dnatModel{}), want) {
		t.Errorf("the model has %v: have this test cover them", tags(dnatModel{}))
	}
}
