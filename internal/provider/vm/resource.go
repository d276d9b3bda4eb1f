package vm

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/portal"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/provider/kit"
)

var _ resource.ResourceWithConfigure = (*vmResource)(nil)

type vmResource struct{ portal *kit.Provider }

// NewResource is mdx_vm.
func NewResource() resource.Resource { return &vmResource{} }

// Default time limits. A deploy takes minutes, and the portal queues deploys.
const (
	vmCreateTimeout = 60 * time.Minute
	vmReadTimeout   = 5 * time.Minute
	vmUpdateTimeout = 40 * time.Minute
	vmDeleteTimeout = 20 * time.Minute
)

// Metadata names the resource.
func (r *vmResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_vm"
}

// Configure takes the shared portal.
func (r *vmResource) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.portal = kit.Configured(req.ProviderData, &resp.Diagnostics)
}

// Schema is the resource's schema.
func (r *vmResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = vmSchema(ctx)
}

// Create asks for the VM, writes its id into state, and waits until it is up.
//
// An error of Create makes Terraform replace the VM, so it is kept for what the portal refused. What is merely not
// finished in time is a warning: the next apply continues.
func (r *vmResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan, config vmModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	timeout, diags := plan.Timeouts.Create(ctx, vmCreateTimeout)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()

	project := r.portal.ProjectFor(ctx, plan.ProjectID, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	plan.ProjectID = types.StringValue(string(project))
	plan.LoginUsername = newHardware{r.portal, project, &plan.vmHardwareModel, config.vmHardwareModel, &resp.Diagnostics}.complete(ctx)
	wanted := order(ctx, plan, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	made, err := r.portal.CreateVM(ctx, wanted)
	if made.ID != "" {
		plan.ID = types.StringValue(string(made.ID))
		plan.known()
		resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
		resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
		defer r.portal.HandedOver(ctx, project, wanted.Name)
	}
	if made.Continued != "" {
		resp.Diagnostics.AddWarning(fmt.Sprintf("VM %q continues from an interrupted run", wanted.Name), made.Continued)
	}
	notPlaced := err != nil
	if !notPlaced {
		err = r.portal.AwaitCreated(ctx, plan.target(), made)
	}
	if _, failed := errors.AsType[*mdx.TaskError](err); failed || notPlaced {
		if failed && r.portal.FailedVMGone(ctx, project, wanted.Name, made.ID) {
			resp.State.RemoveResource(ctx)
		}
		resp.Diagnostics.Append(kit.RequestError(fmt.Sprintf("make VM %q", wanted.Name), err, kit.VMFields))
		return
	}
	if err == nil {
		err = finish(ctx, r.portal, &plan)
	}
	if err != nil {
		resp.Diagnostics.Append(notUp(wanted.Name, err))
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
}

// finish brings a VM that is made to what its plan says, and reads it.
func finish(ctx context.Context, p *kit.Provider, plan *vmModel) error {
	growTo := 0 // a clone comes with its source's disk
	if !plan.SourceVMID.IsNull() {
		growTo = int(plan.DiskSize.ValueInt64())
	}
	vm, err := p.BringUpVM(ctx, plan.target(), growTo)
	if err != nil {
		return err
	}
	wanted := *plan
	if err := absorb(ctx, p, plan, vm); err != nil {
		return err
	}
	// Others may have changed it since, or stopped it, as the platform does, and one that was adopted may have been asked for
	// otherwise: what differs is for the next plan to tell.
	plan.Name, plan.PowerState, plan.vmHardwareModel = wanted.Name, wanted.PowerState, wanted.vmHardwareModel
	return nil
}

// notUp tells of a VM that is made and is not what it should be. It is a warning whatever the portal said: after an error
// of a create, Terraform replaces the VM, and this one is sound.
func notUp(name string, err error) diag.Diagnostic {
	text := kit.Sentence(err.Error()) + " It is kept, and the next terraform apply continues where this one stopped."
	if portal.IsRefused(err) || mdx.IsUnauthorized(err) {
		text += " " + kit.NextStep(err)
	}
	return diag.NewWarningDiagnostic(fmt.Sprintf("VM %q is not up yet", name), text)
}

// refresh reads the VM into the model. A VM that is gone is an error that [mdx.IsNotFound] knows.
func refresh(ctx context.Context, p *kit.Provider, model *vmModel) error {
	vm, err := p.VM(ctx, model.project(), model.vmID())
	if err != nil {
		return err
	}
	return absorb(ctx, p, model, vm)
}

// refreshAmongMany is refresh for one of many VMs whose refresh Terraform asks for one by one.
func refreshAmongMany(ctx context.Context, p *kit.Provider, model *vmModel) error {
	vm, err := p.ReadVM(ctx, model.project(), model.vmID())
	if err != nil {
		return err
	}
	return absorb(ctx, p, model, vm)
}

// absorb takes what the portal tells of a VM into the model, with ids for the names that it gives.
func absorb(ctx context.Context, p *kit.Provider, model *vmModel, vm *mdx.VM) error {
	project := model.project()
	names := make([]string, 0, len(vm.ServiceNetworks))
	for _, n := range vm.ServiceNetworks {
		names = append(names, n.SegmentName)
	}
	segments, err := p.KnownSegments(ctx, project, names...)
	if err != nil {
		return portal.HideNotFound(err)
	}
	var diags diag.Diagnostics
	model.set(ctx, project, vm, segments, &diags)
	if model.LoginUsername.IsNull() {
		catalogs, err := p.KnownCatalogs(ctx, project)
		if err != nil {
			return portal.HideNotFound(err)
		}
		model.LoginUsername = kit.Text(portal.GuessLogin(vm.HostName, catalogs))
	}
	if diags.HasError() {
		return fmt.Errorf("%s: %s", diags[0].Summary(), diags[0].Detail())
	}
	return nil
}

// Read asks the portal for the VM; one that the project's list no longer has leaves the state.
func (r *vmResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state vmModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	timeout, diags := state.Timeouts.Read(ctx, vmReadTimeout)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	before := state
	resp.Diagnostics.Append(resp.Identity.Set(ctx, state.identity())...) // also of a VM that is gone
	switch err := refreshAmongMany(ctx, r.portal, &state); {
	case mdx.IsNotFound(err):
		r.portal.VMHadName(ctx, before.project(), mdx.VMID(before.ID.ValueString()), before.Name.ValueString())
		resp.Diagnostics.Append(resp.Identity.Set(ctx, before.identity())...) // asked for even of what is gone
		resp.State.RemoveResource(ctx)
		return
	case err != nil:
		resp.Diagnostics.Append(kit.PortalError(fmt.Sprintf("read VM %q", kit.FirstOf(state.Name.ValueString(), state.ID.ValueString())), err))
		return
	}
	if !before.Name.IsNull() { // else it is being imported as it is, and a plan that does so writes no state
		if err := lookHowMade(ctx, r.portal, before.Status, &state); err != nil {
			resp.Diagnostics.Append(notMade(state.Name.ValueString(), err))
		}
		r.portal.InState(ctx, state.project(), state.Name.ValueString())
		if !before.Name.Equal(state.Name) {
			r.portal.VMHadName(ctx, state.project(), mdx.VMID(state.ID.ValueString()), before.Name.ValueString())
		}
	}
	if before.wantsRunning() && !state.wantsRunning() {
		warnAsleep(ctx, r.portal, state, &resp.Diagnostics)
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
}

// Update changes the VM. What was done when it fails is in state all the same.
func (r *vmResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state vmModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	timeout, diags := plan.Timeouts.Update(ctx, vmUpdateTimeout)
	resp.Diagnostics.Append(diags...)
	change := changeOf(ctx, state, plan, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()

	resp.Diagnostics.Append(resp.Identity.Set(ctx, state.identity())...)
	if change.Empty() {
		plan.known()
		resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
		return
	}
	change.OnRulesRemoved = warnOfRules(change.Name, &resp.Diagnostics)
	var err error
	if unmade(state.Status) {
		err = r.portal.AwaitCreated(ctx, change.VMTarget, portal.VMCreation{ID: change.ID})
		if err == nil && !plan.SourceVMID.IsNull() { // of a VM that is being made, the state tells what was asked for
			change.DiskGB, err = r.portal.DiskToGrow(ctx, change.VMTarget, int(plan.DiskSize.ValueInt64()))
		}
	}
	if err == nil {
		err = r.portal.ChangeVM(ctx, change)
	}
	if err == nil && change.NewName != "" {
		r.portal.VMHadName(ctx, state.project(), change.ID, change.Name) // whoever has that name next is another VM
	}
	after := plan
	if after.ServiceNetworks.IsUnknown() {
		after.ServiceNetworks = state.ServiceNetworks // with the addresses of a VM that is off now
	}
	if err == nil {
		if err = refresh(ctx, r.portal, &after); err == nil {
			warnMoved(plan, after, &resp.Diagnostics)
			after.keepPlanned(plan)
			resp.Diagnostics.Append(resp.State.Set(ctx, after)...)
			return
		}
	}
	resp.Diagnostics.Append(kit.RequestError(fmt.Sprintf("update VM %q", state.Name.ValueString()), err, kit.VMFields))
	aside, cancel := r.portal.Aside(ctx)
	defer cancel()
	was := state.Status
	if err := refresh(aside, r.portal, &state); err == nil {
		_ = lookHowMade(aside, r.portal, was, &state) // it is told above
		resp.Diagnostics.Append(resp.State.Set(aside, state)...)
	}
}

// warnMoved tells of a VM that came up with another address than the one it had. The plan promised the old one, so the
// next refresh brings the new one.
func warnMoved(plan, after vmModel, diags *diag.Diagnostics) {
	if !kit.IsSet(plan.IPv4Address) || after.IPv4Address.Equal(plan.IPv4Address) {
		return
	}
	diags.AddAttributeWarning(path.Root("ipv4_address"), "Address changed", fmt.Sprintf(
		"The address of VM %q changed from %s to %s. Run terraform apply again, so that what follows the address is updated.",
		after.Name.ValueString(), plan.IPv4Address.ValueString(), after.IPv4Address.ValueString()))
}

// Delete removes the rules that lead to the VM, powers it off, destroys it, and waits until the portal agrees that it is
// gone.
func (r *vmResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state vmModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	timeout, diags := state.Timeouts.Delete(ctx, vmDeleteTimeout)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	target := state.target()
	target.OnRulesRemoved = warnOfRules(target.Name, &resp.Diagnostics)
	if err := r.portal.DestroyVM(ctx, target); err != nil {
		resp.Diagnostics.Append(kit.PortalError(fmt.Sprintf("destroy VM %q", state.Name.ValueString()), err))
	}
}
