package vm

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/provider/kit"
)

// A new attribute is one in the schema, the model and the list; a plan, a group and the state follow by themselves.
func TestSchemaModelAndListHaveTheSameAttributes(t *testing.T) {
	var listed []string
	for _, a := range vmAttributes {
		listed = append(listed, a.name)
	}
	ofGroup := []string{"name_prefix", "size", "start_index", "max_unavailable"} // and of no VM
	for name, test := range map[string]struct {
		schema schema.Schema
		model  any
		own    []string
	}{
		"mdx_vm":       {vmSchema(t.Context()), &vmModel{}, []string{"name"}},
		"mdx_vm_group": {vmGroupSchema(t.Context()), &vmGroupModel{}, ofGroup},
	} {
		fields := kit.AttributeNames(test.model)
		for attribute, a := range test.schema.Attributes {
			if !slices.Contains(fields, attribute) {
				t.Errorf("%s.%s is not in the model", name, attribute)
			}
			configured := a.IsRequired() || a.IsOptional()
			if known := slices.Contains(listed, attribute) || slices.Contains(test.own, attribute); configured != known {
				t.Errorf("%s.%s is configured: %t; is listed: %t", name, attribute, configured, known)
			}
		}
		for _, field := range fields {
			if test.schema.Attributes[field] == nil {
				t.Errorf("%s has a field for %s, which is not in the schema", name, field)
			}
		}
	}
}

func TestWhatThePortalTellsOfAVMIsInTheModel(t *testing.T) {
	segments := []mdx.Segment{{ID: "s-1", Name: "default"}}
	whole := mdx.VM{
		ID: "v-1", Name: "web", Status: mdx.VMPowerOn, OSType: mdx.Linux, ServiceLevel: mdx.Spot, NVLink: true, ESXi: "esxi", VCenter: "vc",
		ServiceNetworks: []mdx.ServiceNetwork{{
			AdapterNumber: 1, SegmentName: "default", IPv4: []netip.Addr{netip.MustParseAddr("10.0.0.1")},
		}},
		StorageNetworks: []mdx.StorageNetworkAdapter{{AdapterNumber: 2, Type: mdx.PortGroup}},
		HardDisks:       []mdx.HardDisk{{DiskNumber: 1, CapacityGB: 40}},
	}
	byPacks, dedicated := whole, whole
	byPacks.PackType, byPacks.PackNum = mdx.PackCPU, 2
	dedicated.CPU, dedicated.MemoryGB, dedicated.GPU = 4, 8, "1"
	told := map[string]bool{}
	for _, vm := range []mdx.VM{byPacks, dedicated} {
		var model vmModel
		var diags diag.Diagnostics
		model.set(t.Context(), "p-1", &vm, segments, &diags)
		if diags.HasError() {
			t.Fatal(diags)
		}
		for name := range vmTypes() {
			told[name] = told[name] || kit.IsSet(kit.Attribute(&model, name))
			if kit.Attribute(&model, name).IsUnknown() {
				t.Errorf("%s is unknown", name)
			}
		}
	}
	for _, a := range vmAttributes {
		if a.told && !told[a.name] {
			t.Errorf("%s is said to be told by the portal, and is not", a.name)
		}
	}
}

func TestOnlyWhatCannotChangeInPlaceReplacesAVM(t *testing.T) {
	before := vmModel{ProjectID: types.StringValue("a")}
	for _, a := range vmAttributes {
		state, plan := before, before
		switch kit.Attribute(&state, a.name).(type) {
		case types.String:
			kit.SetAttribute(&state, a.name, types.StringValue("one"))
			kit.SetAttribute(&plan, a.name, types.StringValue("other"))
		case types.Int64:
			kit.SetAttribute(&state, a.name, types.Int64Value(1))
			kit.SetAttribute(&plan, a.name, types.Int64Value(2))
		case types.Bool:
			kit.SetAttribute(&state, a.name, types.BoolValue(true))
			kit.SetAttribute(&plan, a.name, types.BoolValue(false))
		default:
			continue
		}
		replaced := replacedBy(state, plan)
		if wanted := a.change == replaces || a.change == origin; wanted != (len(replaced) == 1) {
			t.Errorf("a change of %s replaces %v", a.name, replaced)
		}
		if len(replacedBy(before, plan)) != 0 && a.name != "project_id" {
			t.Errorf("%s, which the state does not have, replaces", a.name)
		}
	}
}
