package vm

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/provider/kit"
)

var (
	_ resource.ResourceWithImportState = (*vmGroupResource)(nil)
	_ resource.ResourceWithIdentity    = (*vmGroupResource)(nil)
)

// groupIdentity is what identifies a group, for Terraform versions that know identities.
type groupIdentity struct {
	ProjectID  types.String `tfsdk:"project_id"`
	NamePrefix types.String `tfsdk:"name_prefix"`
}

// IdentitySchema is the resource's identity.
func (r *vmGroupResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		"name_prefix": identityschema.StringAttribute{
			RequiredForImport: true, Description: "What the members' names begin with.",
		},
		"project_id": identityschema.StringAttribute{
			OptionalForImport: true, Description: "Id of the members' project. Defaults to the provider's project.",
		},
	}}
}

// ImportState takes a name prefix, project_name/name_prefix, or an identity, and the VMs with a number after the prefix.
// From the lowest to the highest number they are the group; the next apply fills what is missing between.
func (r *vmGroupResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	var wanted groupIdentity
	prefix := req.ID
	var project mdx.ProjectID
	projectName, rest, named := kit.CutLast(req.ID, "/")
	switch {
	case named:
		prefix = rest
		project = r.portal.ProjectByName(ctx, projectName, "Import takes a name prefix or project_name/name_prefix.", &resp.Diagnostics)
	case req.ID == "":
		resp.Diagnostics.Append(req.Identity.Get(ctx, &wanted)...)
		prefix = wanted.NamePrefix.ValueString()
		fallthrough
	default:
		project = r.portal.ProjectFor(ctx, wanted.ProjectID, &resp.Diagnostics)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	vms, err := r.portal.VMs(ctx, project)
	if err != nil {
		resp.Diagnostics.Append(kit.PortalError("list the VMs", err))
		return
	}
	members := []memberModel{}
	low, high := maxGroupSize*maxGroupSize, -1
	for _, vm := range vms {
		if number, ok := memberNumber(prefix, vm.Name); ok {
			low, high = min(low, number), max(high, number)
			members = append(members, memberModel{ID: types.StringValue(string(vm.ID)), Name: types.StringValue(vm.Name)})
		}
	}
	if prefix == "" || len(members) == 0 || high-low >= maxGroupSize {
		resp.Diagnostics.AddError("No such group", fmt.Sprintf("The project has no VMs whose names are %q and a number, or their numbers "+
			"are more than %d apart. Import takes a name prefix or project_name/name_prefix.", prefix, maxGroupSize))
		return
	}
	for name, value := range map[string]any{
		"project_id": string(project), "name_prefix": prefix, "start_index": low, "size": high - low + 1, "members": members,
	} {
		resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root(name), value)...)
	}
	resp.Diagnostics.Append(resp.Identity.Set(ctx, groupIdentity{types.StringValue(string(project)), types.StringValue(prefix)})...)
}
