package vm

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/action/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/portal"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/provider/kit"
)

var _ action.ActionWithConfigure = (*vmRestartAction)(nil)

// vmRestartAction restarts a VM that runs: mdx_vm_reboot asks the guest, mdx_vm_reset does not.
type vmRestartAction struct {
	verb, description string
	request           func(*mdx.Client) func(context.Context, mdx.VMID) ([]mdx.TaskID, error)
	portal            *kit.Provider
}

// seenRunning says in the documentation how far actions are tested.
const seenRunning = "\n\nActions need Terraform 1.14; OpenTofu has none yet. This one is tested with Terraform 1.14.9 (`terraform apply -invoke`) " +
	"against the portal simulator. It has not been seen running on the real portal."

// NewRebootAction is the action mdx_vm_reboot.
func NewRebootAction() action.Action {
	return &vmRestartAction{
		verb: "reboot", request: func(c *mdx.Client) func(context.Context, mdx.VMID) ([]mdx.TaskID, error) { return c.Reboot },
		description: "Asks the operating system of a VM to restart, and waits until the portal has done so." + seenRunning,
	}
}

// NewResetAction is the action mdx_vm_reset.
func NewResetAction() action.Action {
	return &vmRestartAction{
		verb: "reset", request: func(c *mdx.Client) func(context.Context, mdx.VMID) ([]mdx.TaskID, error) { return c.Reset },
		description: "Cuts the power of a VM and gives it back, for a VM that does not listen to `mdx_vm_reboot`, and waits until the " +
			"portal has done so. What was not written to disk is lost." + seenRunning,
	}
}

// Metadata names the action.
func (a *vmRestartAction) Metadata(_ context.Context, req action.MetadataRequest, resp *action.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_vm_" + a.verb
}

// Configure takes the shared portal.
func (a *vmRestartAction) Configure(_ context.Context, req action.ConfigureRequest, resp *action.ConfigureResponse) {
	a.portal = kit.Configured(req.ProviderData, &resp.Diagnostics)
}

type vmRestartModel struct {
	VMID      types.String `tfsdk:"vm_id"`
	ProjectID types.String `tfsdk:"project_id"`
}

// Schema is the action's schema.
func (a *vmRestartAction) Schema(_ context.Context, _ action.SchemaRequest, resp *action.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: a.description,
		Attributes: map[string]schema.Attribute{
			"vm_id": schema.StringAttribute{
				Required:            true,
				MarkdownDescription: "Id of the VM, as in `mdx_vm.hello.id`.",
				Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
			},
			"project_id": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Id of the VM's project. Defaults to the provider's project.",
			},
		},
	}
}

// Invoke restarts the VM.
func (a *vmRestartAction) Invoke(ctx context.Context, req action.InvokeRequest, resp *action.InvokeResponse) {
	var model vmRestartModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	project := a.portal.ProjectFor(ctx, model.ProjectID, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, vmUpdateTimeout)
	defer cancel()
	vm := findVM(ctx, a.portal, project, model.VMID.ValueString(), "", &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	if !portal.IsRunning(vm) {
		resp.Diagnostics.AddError("VM not running", fmt.Sprintf("VM %q is %s, so there is nothing to %s. Start it with "+
			"power_state = \"running\".", vm.Name, vm.Status, a.verb))
		return
	}
	resp.SendProgress(action.InvokeProgressEvent{Message: fmt.Sprintf("VM %q: %s", vm.Name, a.verb)})
	if err := a.portal.RestartVM(ctx, portal.VMTarget{Project: project, ID: vm.ID, Name: vm.Name}, a.request(a.portal.Client)); err != nil {
		resp.Diagnostics.Append(kit.PortalError(fmt.Sprintf("%s VM %q", a.verb, vm.Name), err))
		return
	}
	resp.SendProgress(action.InvokeProgressEvent{Message: fmt.Sprintf("VM %q runs again", vm.Name)})
}
