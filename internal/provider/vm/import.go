package vm

import (
	"context"
	"fmt"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/provider/kit"
)

var (
	_ resource.ResourceWithImportState = (*vmResource)(nil)
	_ resource.ResourceWithIdentity    = (*vmResource)(nil)
)

// identityModel is what identifies a VM, for Terraform versions that know identities.
type identityModel struct {
	ID        types.String `tfsdk:"id"`
	ProjectID types.String `tfsdk:"project_id"`
}

// IdentitySchema is the resource's identity.
func (r *vmResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		"id": identityschema.StringAttribute{
			RequiredForImport: true, Description: "Id of the VM on the portal.",
		},
		"project_id": identityschema.StringAttribute{
			OptionalForImport: true, Description: "Id of the VM's project. Defaults to the provider's project.",
		},
	}}
}

// ImportState takes a VM's id, project_name/vm_name, or an identity.
func (r *vmResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	var wanted identityModel
	if req.ID == "" {
		resp.Diagnostics.Append(req.Identity.Get(ctx, &wanted)...)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	var found identityModel
	if projectName, vmName, named := kit.CutLast(req.ID, "/"); named {
		found = vmByName(ctx, r.portal, projectName, vmName, &resp.Diagnostics)
	} else {
		found = vmByID(ctx, r.portal, kit.FirstOf(req.ID, wanted.ID.ValueString()), wanted.ProjectID, &resp.Diagnostics)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("id"), found.ID)...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("project_id"), found.ProjectID)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, found)...)
}

// vmByName finds a VM by the names of its project and of itself.
func vmByName(ctx context.Context, p *kit.Provider, projectName, vmName string, diags *diag.Diagnostics) identityModel {
	project := p.ProjectByName(ctx, projectName, "Import takes a VM's id or project_name/vm_name.", diags)
	if diags.HasError() {
		return identityModel{}
	}
	vm := findVM(ctx, p, project, "", vmName, diags)
	return identityModel{types.StringValue(string(vm.ID)), types.StringValue(string(project))}
}

// vmByID finds the project of a VM: the one that is named, else the provider's, else any other of the user's.
func vmByID(ctx context.Context, p *kit.Provider, id string, project types.String, diags *diag.Diagnostics) identityModel {
	chosen := p.ProjectFor(ctx, project, diags)
	if diags.HasError() {
		return identityModel{}
	}
	candidates := []mdx.ProjectID{chosen}
	if project.IsNull() {
		projects, err := p.KnownProjects(ctx)
		if err != nil {
			diags.Append(kit.PortalError("list the projects", err))
			return identityModel{}
		}
		for _, other := range projects {
			if other.ID != chosen {
				candidates = append(candidates, other.ID)
			}
		}
	}
	for _, candidate := range candidates {
		vms, err := p.VMs(ctx, candidate)
		if err != nil && candidate == chosen {
			diags.Append(kit.PortalError("list the VMs", err))
			return identityModel{}
		}
		if slices.ContainsFunc(vms, func(vm mdx.VMSummary) bool { return string(vm.ID) == id }) {
			return identityModel{types.StringValue(id), types.StringValue(string(candidate))}
		}
	}
	diags.AddError("Unknown VM", fmt.Sprintf(
		"None of the projects that the token's user is assigned to has a VM with the id %q. Import takes a VM's id or "+
			"project_name/vm_name.", id))
	return identityModel{}
}

// findVM finds a project's VM by id or name.
func findVM(ctx context.Context, p *kit.Provider, project mdx.ProjectID, id, name string, diags *diag.Diagnostics) mdx.VMSummary {
	vms, err := p.VMs(ctx, project)
	if err != nil {
		diags.Append(kit.PortalError("list the VMs", err))
		return mdx.VMSummary{}
	}
	var names []string
	for _, vm := range vms {
		if id != "" && string(vm.ID) == id || id == "" && vm.Name == name {
			return vm
		}
		names = append(names, vm.Name)
	}
	if id != "" {
		diags.AddError("Unknown VM", fmt.Sprintf("The project has no VM with the id %q.", id))
		return mdx.VMSummary{}
	}
	diags.AddError("Unknown VM", fmt.Sprintf("The project has no VM named %q. %s", name, kit.Near(name, names)))
	return mdx.VMSummary{}
}
