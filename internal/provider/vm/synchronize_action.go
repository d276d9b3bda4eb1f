package vm

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/action/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/portal"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/provider/kit"
)

var _ action.ActionWithConfigure = (*synchronizeAction)(nil)

type synchronizeAction struct{ portal *kit.Provider }

// NewSynchronizeAction is the action mdx_synchronize.
func NewSynchronizeAction() action.Action { return &synchronizeAction{} }

// Metadata names the action.
func (a *synchronizeAction) Metadata(_ context.Context, req action.MetadataRequest, resp *action.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_synchronize"
}

// Configure takes the shared portal.
func (a *synchronizeAction) Configure(_ context.Context, req action.ConfigureRequest, resp *action.ConfigureResponse) {
	a.portal = kit.Configured(req.ProviderData, &resp.Diagnostics)
}

type synchronizeModel struct {
	ProjectID types.String `tfsdk:"project_id"`
}

// Schema is the action's schema.
func (a *synchronizeAction) Schema(_ context.Context, _ action.SchemaRequest, resp *action.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Has the portal read the state of all VMs of a project from the hypervisor again, for when the portal shows " +
			"what is no longer true: a VM that runs as stopped, or no address." + seenRunning,
		Attributes: map[string]schema.Attribute{
			"project_id": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Id of the project. Defaults to the provider's project.",
			},
		},
	}
}

// Invoke asks for the synchronization, and waits for it where the portal names its task.
func (a *synchronizeAction) Invoke(ctx context.Context, req action.InvokeRequest, resp *action.InvokeResponse) {
	var model synchronizeModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	project := a.portal.ProjectFor(ctx, model.ProjectID, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, vmUpdateTimeout)
	defer cancel()
	resp.SendProgress(action.InvokeProgressEvent{Message: "The portal reads the project's VMs from the hypervisor"})
	tasks, err := a.portal.Synchronize(ctx, project)
	if err := a.portal.AwaitTasks(ctx, portal.VMTarget{Project: project, Name: string(project)}, tasks, err); err != nil {
		resp.Diagnostics.Append(kit.PortalError("synchronize the project", err))
	}
}
