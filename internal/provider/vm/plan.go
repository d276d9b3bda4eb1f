package vm

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/portal"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/provider/kit"
)

var _ resource.ResourceWithModifyPlan = (*vmResource)(nil)

// ModifyPlan completes the plan with what the portal says: defaults of a new VM, errors that the portal would give
// later, what replaces a VM, and which of the portal's values an update changes; the others stay known.
func (r *vmResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() || r.portal == nil {
		return
	}
	var plan, config, state vmModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if !req.State.Raw.IsNull() {
		resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	switch {
	case req.State.Raw.IsNull():
		r.planNew(ctx, config, &plan, &resp.Diagnostics)
	default:
		if resp.RequiresReplace = replacedBy(state, plan); len(resp.RequiresReplace) > 0 {
			plan.Status = types.StringUnknown() // which may be the reason, and Terraform heeds none that does not change
			resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
			return // Terraform has the new VM planned by itself
		}
		r.planChange(ctx, state, &plan, &resp.Diagnostics)
	}
	resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
}

// planNew plans a VM to be made.
func (r *vmResource) planNew(ctx context.Context, config vmModel, plan *vmModel, diags *diag.Diagnostics) {
	if config.ProjectID.IsUnknown() {
		return
	}
	project := r.portal.ProjectFor(ctx, config.ProjectID, diags)
	if diags.HasError() {
		return
	}
	plan.ProjectID = types.StringValue(string(project))
	hardware := newHardware{r.portal, project, &plan.vmHardwareModel, config.vmHardwareModel, diags}
	plan.LoginUsername = hardware.complete(ctx)
	if !diags.HasError() {
		hardware.checkQuota(ctx, 1, vmHardwareModel{})
	}
}

// replacedBy lists the attributes whose change needs another VM. A value that state does not have, as after an import,
// is taken over instead, and one that leaves the configuration is forgotten.
func replacedBy(state, plan vmModel) path.Paths {
	var replaced path.Paths
	if state.Status.ValueString() == statusDeployFailed {
		replaced = append(replaced, path.Root("status"))
	}
	for _, a := range vmAttributes {
		if a.change == replaces && differ(kit.Attribute(&state, a.name), kit.Attribute(&plan, a.name)) {
			replaced = append(replaced, path.Root(a.name))
		}
	}
	if differ(state.SSHPublicKey, plan.SSHPublicKey) && !sameKey(state.SSHPublicKey, plan.SSHPublicKey) {
		replaced = append(replaced, path.Root("ssh_public_key"))
	}
	// Either origin being known, the other is none to take over.
	if known := state.CatalogID.IsNull() && state.SourceVMID.IsNull(); !known {
		if !plan.CatalogID.IsNull() && !plan.CatalogID.Equal(state.CatalogID) {
			replaced = append(replaced, path.Root("catalog_id"))
		}
		if !plan.SourceVMID.IsNull() && !plan.SourceVMID.Equal(state.SourceVMID) {
			replaced = append(replaced, path.Root("source_vm_id"))
		}
	}
	return replaced
}

// planChange plans an update in place.
func (r *vmResource) planChange(ctx context.Context, state vmModel, plan *vmModel, diags *diag.Diagnostics) {
	change := changeOf(ctx, state, *plan, diags)
	checkChange(ctx, r.portal, state, *plan, change, diags)
	if diags.HasError() {
		return
	}
	if state.CatalogID.IsNull() && kit.IsSet(plan.CatalogID) {
		takeOver(ctx, r.portal, plan, diags)
	}
	stopsFor := change.StopsFor()
	restarts := len(stopsFor) > 0 && state.wantsRunning()
	if change.PowerChanges || restarts {
		plan.Status, plan.ESXi, plan.VMwareToolsStatus = types.StringUnknown(), types.StringUnknown(), types.StringUnknown()
		plan.StorageNetworks = types.ListUnknown(storageNetworkType)
		plan.ServiceNetworks = types.ListUnknown(serviceNetworkType)
	}
	// A VM keeps its address while it is off, and is expected to have it when it is started again: were it open here, all
	// that follows the address would be planned anew whenever a spot VM wakes up.
	if first := plan.wantsRunning() && state.IPv4Address.IsNull(); first && (change.PowerChanges || restarts) || change.NetworkAdapters != nil {
		plan.IPv4Address, plan.IPv6Address, plan.GlobalIPv4Address = types.StringUnknown(), types.StringUnknown(), types.StringUnknown()
		plan.ServiceNetworks = types.ListUnknown(serviceNetworkType)
	}
	if len(stopsFor) > 0 {
		plan.Status = types.StringUnknown()
	}
	if change.DiskGB != 0 {
		plan.HardDisks = types.ListUnknown(hardDiskType)
	}
}

// takeOver completes what a catalog entry tells, once it is known after an import. It may have left the catalog since.
func takeOver(ctx context.Context, p *kit.Provider, plan *vmModel, diags *diag.Diagnostics) {
	entry, found, err := p.CatalogByID(ctx, plan.project(), plan.CatalogID.ValueString())
	if err != nil {
		diags.Append(kit.PortalError("list the catalog", err))
		return
	}
	if found {
		plan.LoginUsername = kit.TextOr(entry.LoginUsername, plan.LoginUsername)
		if plan.TemplateName.IsNull() {
			plan.TemplateName = kit.Text(entry.TemplateName)
		}
	}
}

// checkChange refuses what cannot be done to a VM that exists.
func checkChange(ctx context.Context, p *kit.Provider, state, plan vmModel, change portal.VMChange, diags *diag.Diagnostics) {
	if change.DiskGB != 0 && int64(change.DiskGB) < state.DiskSize.ValueInt64() {
		diags.AddAttributeError(path.Root("disk_size"), "Disks do not shrink", fmt.Sprintf(
			"The disk has %d GB and cannot become smaller (%d GB). Leave disk_size at %d or more, or make a new VM with terraform apply "+
				"-replace.", state.DiskSize.ValueInt64(), change.DiskGB, state.DiskSize.ValueInt64()))
	}
	if change.ServiceLevelChanges && !plan.wantsRunning() {
		diags.AddAttributeError(path.Root("service_level"), "Service level of a stopped VM", fmt.Sprintf(
			"The portal takes a service level when it starts a VM: leave it at %q while power_state is %q, and change it together with "+
				"power_state = %q.", state.ServiceLevel.ValueString(), kit.PowerStopped, kit.PowerRunning))
	}
	if state.wantsRunning() && !change.MayStop {
		for _, name := range change.StopsFor() {
			diags.AddAttributeError(path.Root(name), "VM must be stopped for this change", fmt.Sprintf(
				"%s of a VM changes only while it is stopped, and this one is running. Set allow_stopping_for_update = true to have it "+
					"shut down, changed and started again.", name))
		}
	}
	hardware := newHardware{p, state.project(), &plan.vmHardwareModel, plan.vmHardwareModel, diags}
	if change.NetworkAdapters != nil {
		hardware.completeAdapters(ctx)
	}
	if change.PackNum != 0 {
		hardware.checkPackLimit()
		if entry, found, err := p.CatalogByID(ctx, state.project(), state.CatalogID.ValueString()); err == nil && found {
			hardware.checkMemory(entry)
		}
	}
	if change.PackNum != 0 || change.DiskGB != 0 {
		hardware.checkQuota(ctx, 1, state.vmHardwareModel)
	}
}
