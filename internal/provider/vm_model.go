package provider

import (
	"context"
	"net/netip"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// vmModel is mdx_vm in configuration, plan and state.
type vmModel struct {
	ID                types.String   `tfsdk:"id"`
	ProjectID         types.String   `tfsdk:"project_id"`
	Name              types.String   `tfsdk:"name"`
	CatalogID         types.String   `tfsdk:"catalog_id"`
	TemplateName      types.String   `tfsdk:"template_name"`
	OSType            types.String   `tfsdk:"os_type"`
	PackType          types.String   `tfsdk:"pack_type"`
	PackNum           types.Int64    `tfsdk:"pack_num"`
	DiskSize          types.Int64    `tfsdk:"disk_size"`
	StorageNetwork    types.String   `tfsdk:"storage_network"`
	ServiceLevel      types.String   `tfsdk:"service_level"`
	NetworkAdapters   types.List     `tfsdk:"network_adapters"`
	SSHPublicKey      types.String   `tfsdk:"ssh_public_key"`
	NVLink            types.Bool     `tfsdk:"nvlink"`
	PowerState        types.String   `tfsdk:"power_state"`
	WaitForAddress    types.Bool     `tfsdk:"wait_for_address"`
	Status            types.String   `tfsdk:"status"`
	IPv4Address       types.String   `tfsdk:"ipv4_address"`
	IPv6Address       types.String   `tfsdk:"ipv6_address"`
	GlobalIPv4Address types.String   `tfsdk:"global_ipv4_address"`
	LoginUsername     types.String   `tfsdk:"login_username"`
	ESXi              types.String   `tfsdk:"esxi"`
	VCenter           types.String   `tfsdk:"vcenter"`
	VMwareToolsStatus types.String   `tfsdk:"vmware_tools_status"`
	Timeouts          timeouts.Value `tfsdk:"timeouts"`
}

// adapterModel is one of network_adapters.
type adapterModel struct {
	AdapterNumber types.Int64  `tfsdk:"adapter_number"`
	SegmentID     types.String `tfsdk:"segment_id"`
}

var adapterType = types.ObjectType{AttrTypes: map[string]attr.Type{
	"adapter_number": types.Int64Type,
	"segment_id":     types.StringType,
}}

// Power states of mdx_vm.
const (
	powerRunning = "running"
	powerStopped = "stopped"
)

// known makes every value that is still unknown null, as state must be while a VM is coming up.
func (m vmModel) known() vmModel {
	for _, v := range []*types.String{
		&m.ID, &m.ProjectID, &m.TemplateName, &m.OSType, &m.PackType, &m.StorageNetwork, &m.Status, &m.IPv4Address,
		&m.IPv6Address, &m.GlobalIPv4Address, &m.LoginUsername, &m.ESXi, &m.VCenter, &m.VMwareToolsStatus,
	} {
		if v.IsUnknown() {
			*v = types.StringNull()
		}
	}
	for _, v := range []*types.Int64{&m.PackNum, &m.DiskSize} {
		if v.IsUnknown() {
			*v = types.Int64Null()
		}
	}
	if m.NetworkAdapters.IsUnknown() {
		m.NetworkAdapters = types.ListNull(adapterType)
	}
	return m
}

// set takes over what the portal tells of a VM. The portal names segments, while the configuration has their ids.
func (m *vmModel) set(ctx context.Context, project mdx.ProjectID, vm *mdx.VM, segments []mdx.Segment, diags *diag.Diagnostics) {
	m.ID = types.StringValue(string(vm.ID))
	m.ProjectID = types.StringValue(string(project))
	m.Name = types.StringValue(vm.Name)
	m.OSType = types.StringValue(string(vm.OSType))
	m.PackType = text(string(vm.PackType))
	m.PackNum = types.Int64Null()
	if vm.PackNum > 0 {
		m.PackNum = types.Int64Value(int64(vm.PackNum))
	}
	m.DiskSize = types.Int64Null()
	if len(vm.HardDisks) > 0 {
		m.DiskSize = types.Int64Value(int64(vm.HardDisks[0].CapacityGB))
	}
	m.StorageNetwork = types.StringNull()
	if len(vm.StorageNetworks) > 0 {
		m.StorageNetwork = text(string(vm.StorageNetworks[0].Type))
	}
	m.NVLink = types.BoolValue(vm.NVLink)
	m.ServiceLevel = types.StringValue(string(vm.ServiceLevel))
	m.PowerState = powerState(vm.Status)
	m.Status = types.StringValue(string(vm.Status))
	m.VCenter, m.ESXi = text(vm.VCenter), text(vm.ESXi)
	m.VMwareToolsStatus = types.StringNull()
	if len(vm.Tools) > 0 {
		m.VMwareToolsStatus = text(vm.Tools[0].Status)
	}
	m.IPv4Address, m.IPv6Address, m.GlobalIPv4Address = types.StringNull(), types.StringNull(), types.StringNull()
	var adapters []adapterModel
	for _, network := range vm.ServiceNetworks {
		if m.IPv4Address.IsNull() && len(network.IPv4) > 0 {
			m.IPv4Address = address(network.IPv4[0])
		}
		if m.IPv6Address.IsNull() && len(network.IPv6) > 0 {
			m.IPv6Address = address(network.IPv6[0])
		}
		if m.GlobalIPv4Address.IsNull() {
			m.GlobalIPv4Address = address(network.GlobalIP)
		}
		adapters = append(adapters, adapterModel{
			AdapterNumber: types.Int64Value(int64(network.AdapterNumber)),
			SegmentID:     segmentID(network.SegmentName, segments),
		})
	}
	var more diag.Diagnostics
	m.NetworkAdapters, more = types.ListValueFrom(ctx, adapterType, adapters)
	diags.Append(more...)
}

// powerState is what a status means for power_state; null while the portal is still at it.
func powerState(status mdx.VMStatus) types.String {
	switch {
	case status == mdx.VMPowerOn:
		return types.StringValue(powerRunning)
	case status.IsStopped(), status == mdx.VMSuspended:
		return types.StringValue(powerStopped)
	}
	return types.StringNull()
}

// segmentID finds the id behind a segment's name; an unknown name stays as it is, so that it shows as a difference.
func segmentID(name string, segments []mdx.Segment) types.String {
	i := slices.IndexFunc(segments, func(s mdx.Segment) bool { return s.Name == name || string(s.ID) == name })
	if i < 0 {
		return types.StringValue(name)
	}
	return types.StringValue(string(segments[i].ID))
}

// text is null for what the portal leaves empty.
func text(s string) types.String {
	if s == "" {
		return types.StringNull()
	}
	return types.StringValue(s)
}

// address is null for an address that is not there.
func address(a netip.Addr) types.String {
	if !a.IsValid() {
		return types.StringNull()
	}
	return types.StringValue(a.String())
}
