package host

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-nettypes/iptypes"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/mapplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/containerhost"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/provider/kit"
)

var (
	_ resource.ResourceWithConfigure      = (*containerHostResource)(nil)
	_ resource.ResourceWithIdentity       = (*containerHostResource)(nil)
	_ resource.ResourceWithImportState    = (*containerHostResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*containerHostResource)(nil)
	_ resource.ResourceWithValidateConfig = (*containerHostResource)(nil)
)

type containerHostResource struct{ portal *kit.Provider }

// NewResource is mdx_container_host.
func NewResource() resource.Resource { return &containerHostResource{} }

// Default time limits. Installing Docker and pulling a Base image take minutes on a slow mirror.
const (
	hostWriteTimeout  = 30 * time.Minute
	hostReadTimeout   = 2 * time.Minute
	hostDeleteTimeout = 3 * time.Minute
)

// Metadata names the resource.
func (r *containerHostResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_container_host"
}

// Configure takes the shared portal, for the provider's ssh settings.
func (r *containerHostResource) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.portal = kit.Configured(req.ProviderData, &resp.Diagnostics)
}

// Schema is the resource's schema.
func (r *containerHostResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = containerHostSchema(ctx)
}

// ValidateConfig refuses what contradicts itself. What is wrong by itself the attributes refuse, while the host's address
// is not known yet.
func (r *containerHostResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var config containerHostModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if config.BaseContainer.IsNull() || config.BaseContainer.IsUnknown() {
		return
	}
	network, _ := config.BaseContainer.Attributes()["network"].(types.String)
	if network.IsUnknown() {
		return
	}
	if err := containerhost.CheckPorts(int(config.SSHPort.ValueInt64()), network.ValueString()); err != nil {
		resp.Diagnostics.AddAttributeError(path.Root("ssh_port"), "Port of the Base container", kit.Sentence(err.Error()))
	}
}

// ModifyPlan plans to put drift right, and tells what a change leaves open.
func (r *containerHostResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() || req.State.Raw.IsNull() {
		return
	}
	var plan, state containerHostModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	drifted := len(state.Drift.Elements()) > 0 || state.awaited()
	if resp.Diagnostics.HasError() || req.Plan.Raw.Equal(req.State.Raw) && (!drifted || plan.off()) {
		return
	}
	if plan.off() {
		plan.State = types.StringValue(statePowerOff)
		resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
		return
	}
	plan.differs()
	plan.State, plan.DockerVersion = types.StringUnknown(), types.StringUnknown()
	plan.ContainerID, plan.ImageID = types.StringUnknown(), types.StringUnknown()
	if plan.HostKeyFingerprint.IsNull() { // never reached so far
		plan.HostKeyFingerprint = types.StringUnknown()
	}
	resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
}

// Create makes the host a node. One that was interrupted is kept with a warning, and continued by the next apply; an
// error, such as a timeout, has Terraform do it again from the start, which costs little, since what holds already is
// skipped.
func (r *containerHostResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan, config containerHostModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	timeout, diags := plan.Timeouts.Create(ctx, hostWriteTimeout)
	resp.Diagnostics.Append(diags...)
	spec, ok := r.spec(ctx, &plan, &resp.Diagnostics)
	if !ok {
		return
	}
	plan.ID, spec.HostKeyFingerprint = plan.Host, ""
	if plan.off() {
		plan.found(containerhost.Status{Drift: []containerhost.Drift{{Step: "connect", Reason: "the VM has been off since it was made"}}})
		plan.State = types.StringValue(statePowerOff)
		resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
		resp.Diagnostics.Append(plan.identify(ctx, resp.Identity)...)
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	spec.InitialPassword = config.InitialPassword.ValueString()
	status, err := r.converge(ctx, spec, &plan)
	resp.Diagnostics.Append(placeOf(status).keep(ctx, resp.Private)...)
	if err != nil && errors.Is(ctx.Err(), context.Canceled) {
		resp.Diagnostics.AddWarning(fmt.Sprintf("Host %s is not ready yet", spec.Host),
			kit.Sentence(err.Error())+" What was done is kept, and the next terraform apply continues.")
	} else if err != nil {
		resp.Diagnostics.Append(hostError("prepare", spec.Host, err))
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	resp.Diagnostics.Append(plan.identify(ctx, resp.Identity)...)
}

// Read asks the host, where it was last reached and where it should be. One that does not answer stays in state as it is,
// and one whose VM is off is not asked.
func (r *containerHostResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state containerHostModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	timeout, diags := state.Timeouts.Read(ctx, hostReadTimeout)
	resp.Diagnostics.Append(diags...)
	resp.Diagnostics.Append(state.identify(ctx, resp.Identity)...)
	if resp.Diagnostics.HasError() || state.off() || r.portal.Settings.SSH.Unknown {
		return
	}
	spec, ok := r.spec(ctx, &state, &resp.Diagnostics)
	if !ok {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	last := state.lastPlace(ctx, req.Private)
	spec.FormerAddress, spec.FormerPort = last.Address, last.Port
	status, err := containerhost.Inspect(ctx, spec)
	resp.Diagnostics.Append(placeOf(status).keep(ctx, resp.Private)...)
	switch {
	case err == nil && state.HostKeyFingerprint.IsNull(): // a look is no reason to take anything away there
		status.Drift = append([]containerhost.Drift{{Step: "connect", Reason: "no apply has reached the host so far"}}, status.Drift...)
		state.found(status)
		state.HostKeyFingerprint = types.StringNull()
	case err == nil:
		state.found(status)
	case errors.Is(err, containerhost.ErrHostKey):
		state.State = types.StringValue(string(containerhost.HostError))
		state.differs("connect: the host presents another key than the pinned one")
		warnHost(&resp.Diagnostics, "Host key changed", err)
	default:
		state.State = types.StringValue(string(containerhost.HostError))
		warnHost(&resp.Diagnostics, fmt.Sprintf("Host %s could not be asked", spec.Host), err)
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
}

// Update runs all steps again: those that hold are skipped. Of a host whose VM is off it only takes note, and of where
// the host will be found when the VM is on again.
func (r *containerHostResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state containerHostModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(plan.identify(ctx, resp.Identity)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	last := state.lastPlace(ctx, req.Private)
	if !resp.Diagnostics.HasError() && plan.off() {
		resp.Diagnostics.Append(last.keep(ctx, resp.Private)...)
		resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
		return
	}
	timeout, diags := plan.Timeouts.Update(ctx, hostWriteTimeout)
	resp.Diagnostics.Append(diags...)
	spec, ok := r.spec(ctx, &plan, &resp.Diagnostics)
	if !ok {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	spec.FormerAddress, spec.FormerPort = last.Address, last.Port
	status, err := r.converge(ctx, spec, &plan)
	resp.Diagnostics.Append(placeOf(status).keep(ctx, resp.Private)...)
	if err != nil {
		plan.stayed(state, status)
		resp.Diagnostics.Append(hostError("change", spec.Host, err))
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
}

// Delete removes the Base container, and lets go of a host that is gone.
func (r *containerHostResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state containerHostModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if !resp.Diagnostics.HasError() && state.off() {
		resp.Diagnostics.AddWarning(fmt.Sprintf("Base container on %s not removed", state.Host.ValueString()),
			"Its VM is off. If the VM stays, the Base container is on its disk and comes back with it.")
		return
	}
	if state.HostKeyFingerprint.IsNull() {
		return // nobody ever got in: what runs at this address by now is another's
	}
	timeout, diags := state.Timeouts.Delete(ctx, hostDeleteTimeout)
	resp.Diagnostics.Append(diags...)
	spec, ok := r.spec(ctx, &state, &resp.Diagnostics)
	if !ok {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	last := state.lastPlace(ctx, req.Private)
	spec.FormerAddress, spec.FormerPort = last.Address, last.Port
	err := containerhost.Remove(ctx, spec)
	switch {
	case errors.Is(err, containerhost.ErrUnreachable), errors.Is(err, containerhost.ErrHostKey):
		resp.Diagnostics.AddWarning(fmt.Sprintf("Base container on %s not removed", spec.Host),
			kit.Sentence(err.Error())+" If the host still exists, its Base container may still run; otherwise there is nothing to do.")
	case err != nil:
		resp.Diagnostics.Append(hostError("clear", spec.Host, err))
	}
}

// spec is what a model asks for, with the provider's way to log in.
func (r *containerHostResource) spec(ctx context.Context, m *containerHostModel, diags *diag.Diagnostics) (containerhost.Spec, bool) {
	spec := m.spec(ctx, diags)
	var err error
	if spec.SSH, err = r.portal.Settings.SSH.Connection(); err != nil {
		diags.AddError("No way to log in to the host", kit.Sentence(err.Error())+" See the provider's ssh attribute.")
	}
	return spec, !diags.HasError()
}

// converge runs the steps and takes over what was found, whether it ended well or not.
func (r *containerHostResource) converge(ctx context.Context, spec containerhost.Spec, plan *containerHostModel) (containerhost.Status, error) {
	status, err := containerhost.Converge(ctx, spec, func(e containerhost.Event) {
		if e.Phase == containerhost.Skipped {
			tflog.Debug(ctx, e.String())
			return
		}
		tflog.Info(ctx, e.String())
	})
	plan.found(status)
	if err != nil {
		plan.differs(unfinished(err))
	}
	return status, err
}

// unfinished is drift that says which step an apply did not get over.
func unfinished(err error) string {
	if step, ok := errors.AsType[*containerhost.StepError](err); ok {
		return step.Step + ": the last apply did not finish it"
	}
	return "connect: the last apply did not get in"
}

// hostError is the diagnostic for a host that did not become what it should be.
func hostError(verb, host string, err error) diag.Diagnostic {
	return diag.NewErrorDiagnostic(fmt.Sprintf("Could not %s host %s", verb, host), kit.Sentence(err.Error())+"\n\n"+hostStep(err))
}

func warnHost(diags *diag.Diagnostics, summary string, err error) {
	diags.AddWarning(summary, kit.Sentence(err.Error())+" Its state is kept.\n\n"+hostStep(err))
}

// hostStep tells what the user can do.
func hostStep(err error) string {
	switch {
	case errors.Is(err, containerhost.ErrHostKey):
		return "If the VM was replaced: terraform apply -replace=<address of this mdx_container_host> forgets the old key. " +
			"triggers = { vm = mdx_vm.<name>.id } does so by itself next time."
	case errors.Is(err, containerhost.ErrUnreachable):
		return "Check that the VM is running, that an access rule lets the ports 22 and ssh_port through to it from where this runs " +
			"(or give a bastion in the provider's ssh), and that the key is the one it was deployed with."
	}
	return "Remove the cause and run terraform apply again: steps that hold already are skipped."
}

const changedTriggersDoc = "Another value makes this a new node; values where there were none do not."

// changedTriggers leaves a node alone where a trigger only comes to have a value, as one that was just imported has none, and
// where one has none before and after.
func changedTriggers(_ context.Context, req planmodifier.MapRequest, resp *mapplanmodifier.RequiresReplaceIfFuncResponse) {
	after := req.PlanValue.Elements()
	for name, had := range req.StateValue.Elements() {
		has, kept := after[name]
		if !had.IsNull() && (req.PlanValue.IsUnknown() || !kept || !has.Equal(had)) {
			resp.RequiresReplace = true
		}
	}
}

const movesElsewhereDoc = "A new address is a new node, unless it is the host's own static_ipv4_address."

// movesElsewhere tells a node that moved to its fixed address from another node.
func movesElsewhere(ctx context.Context, req planmodifier.StringRequest, resp *stringplanmodifier.RequiresReplaceIfFuncResponse) {
	var fixed iptypes.IPv4Address
	resp.Diagnostics.Append(req.Plan.GetAttribute(ctx, path.Root("static_ipv4_address"), &fixed)...)
	resp.RequiresReplace = req.PlanValue.IsUnknown() || fixed.IsUnknown() || req.PlanValue.ValueString() != fixed.ValueString()
}
