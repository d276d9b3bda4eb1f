package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

var _ resource.ResourceWithModifyPlan = (*vmResource)(nil)

// changedByPower are the values that starting or stopping a VM changes.
var changedByPower = []string{
	"status", "ipv4_address", "ipv6_address", "global_ipv4_address", "esxi", "vmware_tools_status",
}

// ModifyPlan makes the plan tell which of the portal's values an update will change; it keeps the others known.
func (r *vmResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.State.Raw.IsNull() || req.Plan.Raw.IsNull() {
		return
	}
	var before, after types.String
	resp.Diagnostics.Append(req.State.GetAttribute(ctx, path.Root("power_state"), &before)...)
	resp.Diagnostics.Append(req.Plan.GetAttribute(ctx, path.Root("power_state"), &after)...)
	if before.Equal(after) {
		return
	}
	for _, name := range changedByPower {
		resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root(name), types.StringUnknown())...)
	}
}
