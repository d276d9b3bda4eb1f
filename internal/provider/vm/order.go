package vm

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/portal"
)

// order makes the request for a VM out of its plan, whose hardware is complete.
func order(ctx context.Context, plan vmModel, diags *diag.Diagnostics) portal.VMOrder {
	hw := plan.vmHardwareModel
	adapters := networkAdapters(ctx, hw, diags)
	o := portal.VMOrder{Project: plan.project(), Name: plan.Name.ValueString()}
	if !hw.SourceVMID.IsNull() {
		o.Source = mdx.VMID(hw.SourceVMID.ValueString())
		o.Clone = mdx.CloneRequest{
			Project: o.Project, VMName: o.Name, OSType: mdx.OSType(hw.OSType.ValueString()),
			PackType: mdx.PackType(hw.PackType.ValueString()), PackNum: int(hw.PackNum.ValueInt64()),
			CPU: int(hw.CPU.ValueInt64()), MemoryGB: int(hw.Memory.ValueInt64()), GPU: int(hw.GPU.ValueInt64()),
			ServiceLevel: plan.level(), StorageNetwork: mdx.StorageNetwork(hw.StorageNetwork.ValueString()),
			NetworkAdapters: adapters,
		}
		return o
	}
	o.Deploy = mdx.DeployRequest{
		Project: o.Project, VMName: o.Name, Catalog: mdx.CatalogID(hw.CatalogID.ValueString()),
		TemplateName: hw.TemplateName.ValueString(), OSType: mdx.OSType(hw.OSType.ValueString()),
		DiskGB:   int(hw.DiskSize.ValueInt64()),
		PackType: mdx.PackType(hw.PackType.ValueString()), PackNum: int(hw.PackNum.ValueInt64()),
		CPU: int(hw.CPU.ValueInt64()), MemoryGB: int(hw.Memory.ValueInt64()), GPU: int(hw.GPU.ValueInt64()),
		ServiceLevel: plan.level(), StorageNetwork: mdx.StorageNetwork(hw.StorageNetwork.ValueString()),
		NetworkAdapters: adapters, SharedKey: hw.SSHPublicKey.ValueString(), PowerOn: plan.wantsRunning(),
		NVLink: hw.NVLink.ValueBool(),
	}
	return o
}

func networkAdapters(ctx context.Context, hw vmHardwareModel, diags *diag.Diagnostics) []mdx.NetworkAdapter {
	var adapters []mdx.NetworkAdapter
	for _, m := range adaptersOf(ctx, hw.NetworkAdapters, diags) {
		adapters = append(adapters, mdx.NetworkAdapter{
			AdapterNumber: int(m.AdapterNumber.ValueInt64()), Segment: mdx.SegmentID(m.SegmentID.ValueString()),
		})
	}
	return adapters
}
