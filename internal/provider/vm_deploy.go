package provider

import (
	"context"
	"fmt"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// deployRequest makes the request for a VM out of its plan, and refuses what the portal would refuse.
func (r *vmResource) deployRequest(ctx context.Context, plan vmModel, diags *diag.Diagnostics) (mdx.DeployRequest, mdx.Catalog) {
	project := r.portal.projectFor(ctx, plan.ProjectID, diags)
	if diags.HasError() {
		return mdx.DeployRequest{}, mdx.Catalog{}
	}
	catalog := r.catalog(ctx, project, plan.CatalogID.ValueString(), diags)
	r.refuseTakenName(ctx, project, plan.Name.ValueString(), diags)
	adapters := r.adapters(ctx, project, plan, diags)
	if diags.HasError() {
		return mdx.DeployRequest{}, mdx.Catalog{}
	}
	return mdx.DeployRequest{
		Project:         project,
		Catalog:         catalog.ID,
		VMName:          plan.Name.ValueString(),
		TemplateName:    first(plan.TemplateName.ValueString(), catalog.TemplateName),
		OSType:          mdx.OSType(first(plan.OSType.ValueString(), string(catalog.OSType))),
		DiskGB:          max(int(plan.DiskSize.ValueInt64()), catalog.MinDiskGB),
		PackType:        mdx.PackType(first(plan.PackType.ValueString(), string(mdx.PackCPU))),
		PackNum:         max(int(plan.PackNum.ValueInt64()), 1),
		ServiceLevel:    mdx.ServiceLevel(plan.ServiceLevel.ValueString()),
		StorageNetwork:  mdx.StorageNetwork(first(plan.StorageNetwork.ValueString(), string(mdx.PortGroup))),
		NetworkAdapters: adapters,
		SharedKey:       plan.SSHPublicKey.ValueString(),
		PowerOn:         plan.PowerState.ValueString() == powerRunning,
		NVLink:          plan.NVLink.ValueBool(),
	}, catalog
}

// catalog finds the catalog entry to deploy from.
func (r *vmResource) catalog(ctx context.Context, project mdx.ProjectID, id string, diags *diag.Diagnostics) mdx.Catalog {
	catalogs, err := r.portal.Catalogs(ctx, project)
	if err != nil {
		diags.Append(portalError("list the catalog", err))
		return mdx.Catalog{}
	}
	i := slices.IndexFunc(catalogs, func(c mdx.Catalog) bool { return string(c.ID) == id })
	if i < 0 {
		diags.AddAttributeError(path.Root("catalog_id"), "Unknown catalog entry", fmt.Sprintf(
			"The project's catalog has no entry with the id %q. Look one up with the data source mdx_catalog.", id))
		return mdx.Catalog{}
	}
	return catalogs[i]
}

// refuseTakenName stops a deploy whose name somebody has: names are unique in a project (PORTAL.md §5).
func (r *vmResource) refuseTakenName(ctx context.Context, project mdx.ProjectID, name string, diags *diag.Diagnostics) {
	vm, err := r.portal.VMByName(ctx, project, name)
	switch {
	case err == nil:
		diags.AddAttributeError(path.Root("name"), "VM name taken", fmt.Sprintf(
			"The project has a VM named %q already, and names are unique in a project. Choose another name, or, if it is meant "+
				"to be this one, import it: terraform import <address of this resource> %s", name, vm.ID))
	case !mdx.IsNotFound(err):
		diags.Append(portalError(fmt.Sprintf("look for a VM named %q", name), err))
	}
}

// adapters are the ones of the plan, else one on the project's default segment.
func (r *vmResource) adapters(ctx context.Context, project mdx.ProjectID, plan vmModel, diags *diag.Diagnostics) []mdx.NetworkAdapter {
	if plan.NetworkAdapters.IsNull() || plan.NetworkAdapters.IsUnknown() {
		return []mdx.NetworkAdapter{{AdapterNumber: 1, Segment: r.portal.findSegment(ctx, project, "", "", diags).ID}}
	}
	var models []adapterModel
	diags.Append(plan.NetworkAdapters.ElementsAs(ctx, &models, false)...)
	adapters := make([]mdx.NetworkAdapter, 0, len(models))
	for _, m := range models {
		adapters = append(adapters, mdx.NetworkAdapter{
			AdapterNumber: int(m.AdapterNumber.ValueInt64()), Segment: mdx.SegmentID(m.SegmentID.ValueString()),
		})
	}
	return adapters
}
