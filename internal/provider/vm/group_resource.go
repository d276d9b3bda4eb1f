package vm

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/provider/kit"
)

var _ resource.ResourceWithConfigure = (*vmGroupResource)(nil)

type vmGroupResource struct{ portal *kit.Provider }

// NewGroupResource is mdx_vm_group.
func NewGroupResource() resource.Resource { return &vmGroupResource{} }

// Default time limits. A rolling update takes its time for every member.
const (
	groupCreateTimeout = 60 * time.Minute
	groupReadTimeout   = 10 * time.Minute
	groupUpdateTimeout = 120 * time.Minute
	groupDeleteTimeout = 40 * time.Minute
)

// Metadata names the resource.
func (r *vmGroupResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_vm_group"
}

// Configure takes the shared portal.
func (r *vmGroupResource) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.portal = kit.Configured(req.ProviderData, &resp.Diagnostics)
}

// Schema is the resource's schema.
func (r *vmGroupResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = vmGroupSchema(ctx)
}

// Create makes all members at once and waits until they are up.
//
// An error of Create makes Terraform replace the group, so it is kept for a group of which nothing exists. What is
// merely not complete is a warning: the next apply completes it.
func (r *vmGroupResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan, config vmGroupModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	timeout, diags := plan.Timeouts.Create(ctx, groupCreateTimeout)
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
	if !resp.Diagnostics.HasError() {
		r.refuseTakenNames(ctx, plan, &resp.Diagnostics)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	work := &groupWork{portal: r.portal, group: plan}
	work.build(ctx, plan.names())
	work.wait(ctx, &resp.Diagnostics)
	failed := work.report()
	if failed != nil && len(work.members) == 0 {
		resp.Diagnostics.AddError(fmt.Sprintf("Could not make VM group %q", plan.NamePrefix.ValueString()), kit.Sentence(failed.Error()))
		return
	}
	if failed != nil {
		resp.Diagnostics.AddWarning(incomplete(work.group, len(work.failed)), kit.Sentence(failed.Error())+
			"\n\nWhat came up is kept. Run terraform apply again to have the rest made.")
	}
	work.group.complete()
	resp.Diagnostics.Append(resp.State.Set(ctx, work.group)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, work.group.identity())...)
}

func incomplete(group vmGroupModel, failed int) string {
	return fmt.Sprintf("%d of the %d members of VM group %q are not up", failed, group.Size.ValueInt64(), group.NamePrefix.ValueString())
}

// refuseTakenNames stops a group some of whose names somebody has: names are unique in a project (PORTAL.md §5). Those
// that an interrupted run has asked for are for place to take up.
func (r *vmGroupResource) refuseTakenNames(ctx context.Context, plan vmGroupModel, diags *diag.Diagnostics) {
	names := plan.names()
	if len(names) == 0 {
		return
	}
	vms, err := r.portal.VMs(ctx, plan.project())
	if err != nil {
		diags.Append(kit.PortalError("list the VMs", err))
		return
	}
	var taken []string
	for _, vm := range vms {
		if !slices.Contains(names, vm.Name) {
			continue
		}
		if !r.portal.MayTakeUp(ctx, plan.project(), vm.Name) {
			taken = append(taken, fmt.Sprintf("%q", vm.Name))
		}
	}
	if len(taken) > 0 {
		diags.AddAttributeError(path.Root("name_prefix"), "VM names taken", fmt.Sprintf(
			"The project has VMs with names of this group already, and names are unique in a project: %s. Choose another name_prefix or "+
				"start_index, or, if they are meant to be this group's members, import the group by its prefix.", kit.Join(taken)))
	}
}

// Read asks the portal for the members; those that the project's list no longer has are left out.
func (r *vmGroupResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state vmGroupModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	timeout, diags := state.Timeouts.Read(ctx, groupReadTimeout)
	resp.Diagnostics.Append(diags...)
	members := state.members(ctx, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	work := &groupWork{portal: r.portal, group: state}
	work.read(ctx, members)
	work.wait(ctx, &resp.Diagnostics)
	if err := work.report(); err != nil {
		resp.Diagnostics.AddError(fmt.Sprintf("Could not read VM group %q", state.NamePrefix.ValueString()), kit.Sentence(err.Error()))
		return
	}
	work.group.absorb(work.vms)
	resp.Diagnostics.Append(noteUneven(ctx, resp.Private, areUneven(work.vms))...)
	r.warnAsleep(state, work.vms, &resp.Diagnostics)
	work.group.complete()
	resp.Diagnostics.Append(resp.State.Set(ctx, work.group)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, work.group.identity())...)
}

// warnAsleep tells which members of a running group are not running.
func (r *vmGroupResource) warnAsleep(state vmGroupModel, vms []vmModel, diags *diag.Diagnostics) {
	if !state.wantsRunning() {
		return
	}
	var asleep []string
	for _, vm := range vms {
		if vm.PowerState.ValueString() == kit.PowerStopped {
			asleep = append(asleep, vm.Name.ValueString())
		}
	}
	if len(asleep) == 0 {
		return
	}
	slices.Sort(asleep)
	diags.AddAttributeWarning(path.Root("power_state"), "Members stopped", fmt.Sprintf(
		"Of VM group %q, %d members are stopped: %s. The platform does that to spot VMs when it needs the room. The next terraform apply "+
			"starts them again, unless power_state is %q.",
		state.NamePrefix.ValueString(), len(asleep), kit.Join(asleep), kit.PowerStopped))
}

// Update removes, replaces, adds and changes members. What was done when it fails is in state all the same.
func (r *vmGroupResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state vmGroupModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	timeout, diags := plan.Timeouts.Update(ctx, groupUpdateTimeout)
	resp.Diagnostics.Append(diags...)
	members := state.members(ctx, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()

	uneven, diags := req.Private.GetKey(ctx, unevenKey)
	resp.Diagnostics.Append(diags...)
	work := &groupWork{portal: r.portal, group: plan, uneven: uneven != nil}
	work.update(ctx, state, members)
	work.wait(ctx, &resp.Diagnostics)
	if failed := work.report(); failed != nil {
		resp.Diagnostics.AddError(fmt.Sprintf("Could not update VM group %q", plan.NamePrefix.ValueString()), kit.Sentence(failed.Error())+
			"\n\nThe other members are what they should be. Run terraform apply again to have the rest done.")
		// The members that are behind decide what the group shows, so that the next plan sees to them.
		work.group.absorb(work.vms)
	} else {
		work.group.keepPlanned(ctx, plan, &resp.Diagnostics)
		resp.Diagnostics.Append(noteUneven(ctx, resp.Private, false)...)
	}
	work.group.complete()
	resp.Diagnostics.Append(resp.State.Set(ctx, work.group)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, work.group.identity())...)
}

// Delete removes all members at once.
func (r *vmGroupResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state vmGroupModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	timeout, diags := state.Timeouts.Delete(ctx, groupDeleteTimeout)
	resp.Diagnostics.Append(diags...)
	members := state.members(ctx, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	work := &groupWork{portal: r.portal, group: state}
	work.tearDown(ctx, members)
	work.wait(ctx, &resp.Diagnostics)
	if failed := work.report(); failed != nil {
		resp.Diagnostics.AddError(fmt.Sprintf("Could not destroy VM group %q", state.NamePrefix.ValueString()), kit.Sentence(failed.Error())+
			"\n\nThe other members are gone. Run terraform destroy again for the rest.")
		resp.Diagnostics.Append(resp.State.Set(ctx, work.group)...)
	}
}
