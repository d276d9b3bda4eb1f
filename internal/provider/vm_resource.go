package provider

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

var (
	_ resource.ResourceWithConfigure   = (*vmResource)(nil)
	_ resource.ResourceWithImportState = (*vmResource)(nil)
)

type vmResource struct{ portal *portal }

func newVMResource() resource.Resource { return &vmResource{} }

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
	r.portal = configured(req.ProviderData, &resp.Diagnostics)
}

// Schema is the resource's schema.
func (r *vmResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = vmSchema(ctx)
}

// Create deploys the VM and waits until it is up.
func (r *vmResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan vmModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	timeout, diags := plan.Timeouts.Create(ctx, vmCreateTimeout)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()

	request, catalog := r.deployRequest(ctx, plan, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	id, err := r.deploy(ctx, request)
	if err != nil {
		resp.Diagnostics.Append(portalError(fmt.Sprintf("deploy VM %q", request.VMName), err))
		return
	}
	plan.ID, plan.ProjectID = types.StringValue(string(id)), types.StringValue(string(request.Project))
	plan.LoginUsername, plan.TemplateName = text(catalog.LoginUsername), text(request.TemplateName)
	resp.Diagnostics.Append(resp.State.Set(ctx, plan.known())...)

	if err := r.await(ctx, plan); err != nil {
		resp.Diagnostics.Append(portalError(fmt.Sprintf("bring up VM %q", request.VMName), err))
		return
	}
	r.refresh(ctx, &plan, &resp.Diagnostics)
	if !resp.Diagnostics.HasError() {
		resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	}
}

// deploy asks for the VM and answers its id as soon as the portal tells it. When the answer is lost the portal is
// asked for the name, and the request is never repeated (PORTAL.md §8).
func (r *vmResource) deploy(ctx context.Context, request mdx.DeployRequest) (mdx.VMID, error) {
	name := mdx.WithObject(request.VMName)
	tasks, err := r.portal.Deploy(ctx, request)
	if mdx.IsAmbiguous(err) || err == nil && len(tasks) == 0 {
		vm, err := r.portal.WaitVMNamed(ctx, request.Project, request.VMName, name)
		return vm.ID, err
	}
	if err != nil {
		return "", err
	}
	task, err := r.portal.WaitTaskObject(ctx, request.Project, tasks[0], name, logProgress(ctx))
	return mdx.VMID(task.ObjectID), err
}

// await waits until the VM is on and, if that is wanted, has its address; a VM that is to be off is then stopped.
func (r *vmResource) await(ctx context.Context, plan vmModel) error {
	project, id := mdx.ProjectID(plan.ProjectID.ValueString()), mdx.VMID(plan.ID.ValueString())
	name := mdx.WithObject(plan.Name.ValueString())
	target := func(vm mdx.VMSummary) bool { return vm.Status == mdx.VMPowerOn }
	if plan.PowerState.ValueString() == powerStopped {
		target = func(vm mdx.VMSummary) bool { return vm.Status.IsStopped() }
	}
	if _, err := r.portal.WaitVM(ctx, project, id, target, name, logProgress(ctx), mdx.WithPace(mdx.PaceDeploy)); err != nil {
		return err
	}
	if plan.PowerState.ValueString() == powerStopped || !plan.WaitForAddress.ValueBool() {
		return nil
	}
	_, err := r.portal.WaitAddress(ctx, project, id, name, logProgress(ctx))
	return err
}

// refresh reads the VM into the model.
func (r *vmResource) refresh(ctx context.Context, model *vmModel, diags *diag.Diagnostics) (found bool) {
	project := mdx.ProjectID(model.ProjectID.ValueString())
	vm, err := r.portal.VM(ctx, project, mdx.VMID(model.ID.ValueString()))
	if mdx.IsNotFound(err) {
		return false
	}
	if err == nil {
		var segments []mdx.Segment
		if segments, err = r.portal.Segments(ctx, project); err == nil {
			model.set(ctx, project, vm, segments, diags)
			return true
		}
	}
	diags.Append(portalError(fmt.Sprintf("read VM %q", model.Name.ValueString()), err))
	return true
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
	found := r.refresh(ctx, &state, &resp.Diagnostics)
	switch {
	case resp.Diagnostics.HasError():
	case !found:
		resp.State.RemoveResource(ctx)
	default:
		resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
	}
}

// Update starts or stops the VM.
func (r *vmResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state vmModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	timeout, diags := plan.Timeouts.Update(ctx, vmUpdateTimeout)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if err := r.setPower(ctx, plan, state); err != nil {
		resp.Diagnostics.Append(portalError(fmt.Sprintf("set power_state of VM %q to %s", plan.Name.ValueString(),
			plan.PowerState.ValueString()), err))
		return
	}
	r.refresh(ctx, &plan, &resp.Diagnostics)
	if !resp.Diagnostics.HasError() {
		resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	}
}

func (r *vmResource) setPower(ctx context.Context, plan, state vmModel) error {
	if plan.PowerState.Equal(state.PowerState) {
		return nil
	}
	id := mdx.VMID(plan.ID.ValueString())
	var err error
	if plan.PowerState.ValueString() == powerRunning {
		_, err = r.portal.PowerOn(ctx, id, mdx.ServiceLevel(plan.ServiceLevel.ValueString()))
	} else {
		_, err = r.portal.Shutdown(ctx, id)
	}
	if err != nil {
		return err
	}
	return r.await(ctx, plan)
}

// Delete powers the VM off, destroys it, and waits until the project's list no longer has it.
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
	if err := r.destroy(ctx, state); err != nil && !mdx.IsNotFound(err) {
		resp.Diagnostics.Append(portalError(fmt.Sprintf("destroy VM %q", state.Name.ValueString()), err))
	}
}

func (r *vmResource) destroy(ctx context.Context, state vmModel) error {
	project, id := mdx.ProjectID(state.ProjectID.ValueString()), mdx.VMID(state.ID.ValueString())
	name := mdx.WithObject(state.Name.ValueString())
	vm, err := r.portal.VM(ctx, project, id)
	if err != nil {
		return err
	}
	if !vm.Status.IsStopped() {
		if _, err := r.portal.PowerOff(ctx, id); err != nil {
			return err
		}
		stopped := func(vm mdx.VMSummary) bool { return vm.Status.IsStopped() }
		if _, err := r.portal.WaitVM(ctx, project, id, stopped, name, logProgress(ctx)); err != nil {
			return err
		}
	}
	tasks, err := r.portal.Destroy(ctx, id)
	if err != nil {
		return err
	}
	for _, task := range tasks {
		if _, err := r.portal.WaitTask(ctx, project, task, name, logProgress(ctx), mdx.WithPace(mdx.PacePower)); err != nil {
			return err
		}
	}
	return r.portal.WaitVMGone(ctx, project, id, name, logProgress(ctx))
}

// ImportState takes a VM's id.
func (r *vmResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	project := r.portal.projectFor(ctx, types.StringNull(), &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("project_id"), string(project))...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("wait_for_address"), true)...)
	resource.ImportStatePassthroughID(ctx, path.Root("id"), req, resp)
}

// logProgress tells Terraform's log what a wait has learned.
func logProgress(ctx context.Context) mdx.WaitOption {
	return mdx.WithProgress(func(p mdx.Progress) {
		tflog.Info(ctx, "waiting for the portal", map[string]any{
			"operation": p.Operation, "object": p.Object, "percent": p.Percent, "status": p.Status,
			"elapsed": p.Elapsed.Round(time.Second).String(),
		})
	})
}
