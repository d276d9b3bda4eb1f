package vm

import (
	"context"
	"fmt"
	"iter"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	tflist "github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/provider/kit"
)

var _ tflist.ListResourceWithConfigure = (*vmList)(nil)

// vmList finds VMs for `terraform query`. It shares name and configuration with the resource.
type vmList struct{ vmResource }

// NewList is the list resource mdx_vm.
func NewList() tflist.ListResource { return &vmList{} }

type vmListModel struct {
	ProjectID  types.String `tfsdk:"project_id"`
	NamePrefix types.String `tfsdk:"name_prefix"`
	PowerState types.String `tfsdk:"power_state"`
}

// ListResourceConfigSchema is what a list block takes.
func (l *vmList) ListResourceConfigSchema(_ context.Context, _ tflist.ListResourceSchemaRequest, resp *tflist.ListResourceSchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Finds the VMs of a project, to bring VMs under Terraform that were made by hand, by a script, or with the Python " +
			"client." + kit.SeenListed,
		Attributes: map[string]schema.Attribute{
			"project_id": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Id of the project whose VMs are listed. Defaults to the provider's project.",
			},
			"name_prefix": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Lists only VMs whose names begin with this.",
			},
			"power_state": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Lists only VMs that are `running` or `stopped`.",
				Validators:          []validator.String{stringvalidator.OneOf(kit.PowerRunning, kit.PowerStopped)},
			},
		},
	}
}

// List lists the VMs. A VM's detail is asked for only where Terraform wants the whole resource.
func (l *vmList) List(ctx context.Context, req tflist.ListRequest, stream *tflist.ListResultsStream) {
	var model vmListModel
	diags := req.Config.Get(ctx, &model)
	project := l.portal.ProjectFor(ctx, model.ProjectID, &diags)
	if kit.StreamFailed(stream, diags) {
		return
	}
	vms, err := l.portal.VMs(ctx, project)
	if err != nil {
		kit.StreamFailed(stream, diag.Diagnostics{kit.PortalError("list the VMs", err)})
		return
	}
	stream.Results = kit.ListResults(ctx, req, l.wanted(ctx, model, project, vms))
}

func (l *vmList) wanted(ctx context.Context, model vmListModel, project mdx.ProjectID, vms []mdx.VMSummary) iter.Seq[kit.Listed] {
	return func(yield func(kit.Listed) bool) {
		for _, vm := range vms {
			state := model.PowerState.ValueString()
			if !strings.HasPrefix(vm.Name, model.NamePrefix.ValueString()) || state != "" && state != powerState(vm.Status).ValueString() {
				continue
			}
			identity := identityModel{ID: types.StringValue(string(vm.ID)), ProjectID: types.StringValue(string(project))}
			fill := func(result *tflist.ListResult) { l.fill(ctx, project, vm, result) }
			if !yield(kit.Listed{Name: vm.Name, Identity: identity, Fill: fill}) {
				return
			}
		}
	}
}

// fill reads a VM as a refresh would.
func (l *vmList) fill(ctx context.Context, project mdx.ProjectID, vm mdx.VMSummary, result *tflist.ListResult) {
	var model vmModel
	if !kit.BlankModel(ctx, result, string(vm.ID), &model) {
		return
	}
	model.ProjectID = types.StringValue(string(project))
	if err := refresh(ctx, l.portal, &model); err != nil {
		result.Diagnostics.Append(kit.PortalError(fmt.Sprintf("read VM %q", vm.Name), err))
		return
	}
	result.Diagnostics.Append(result.Resource.Set(ctx, model)...)
}
