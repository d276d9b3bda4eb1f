package project

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/provider/kit"
)

var _ datasource.DataSourceWithConfigure = (*catalogDataSource)(nil)

type catalogDataSource struct{ portal *kit.Provider }

// NewCatalogDataSource is the data source mdx_catalog.
func NewCatalogDataSource() datasource.DataSource { return &catalogDataSource{} }

// Metadata names the data source.
func (d *catalogDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_catalog"
}

// Configure takes the shared portal.
func (d *catalogDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.portal = kit.Configured(req.ProviderData, &resp.Diagnostics)
}

type catalogModel struct {
	ProjectID  types.String `tfsdk:"project_id"`
	NameRegex  types.String `tfsdk:"name_regex"`
	MostRecent types.Bool   `tfsdk:"most_recent"`
	catalogEntryModel
}

// Schema is the data source's schema.
func (d *catalogDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	criterion := func(description string, validators ...validator.String) schema.StringAttribute {
		return schema.StringAttribute{
			Optional: true, Computed: true, MarkdownDescription: description,
			Validators: append(validators, stringvalidator.LengthAtLeast(1)),
		}
	}
	attributes := catalogEntrySchema()
	maps.Copy(attributes, map[string]schema.Attribute{
		"project_id": schema.StringAttribute{
			Optional: true, Computed: true,
			MarkdownDescription: "Id of the project whose catalog is searched. Defaults to the provider's project.",
		},
		"id": criterion("Id of the entry: what `mdx_vm` takes as `catalog_id`.",
			stringvalidator.ConflictsWith(path.MatchRoot("name"), path.MatchRoot("name_regex"), path.MatchRoot("os_type"),
				path.MatchRoot("os_name"), path.MatchRoot("os_version")),
			stringvalidator.AtLeastOneOf(path.MatchRoot("name"), path.MatchRoot("name_regex"), path.MatchRoot("os_type"),
				path.MatchRoot("os_name"), path.MatchRoot("os_version"))),
		"name": criterion("Name of the entry, exactly as the portal shows it.", stringvalidator.ConflictsWith(path.MatchRoot("name_regex"))),
		"name_regex": schema.StringAttribute{
			Optional: true, Validators: []validator.String{kit.IsRegex()},
			MarkdownDescription: "Regular expression that the entry's name matches, in [RE2 syntax](https://github.com/google/re2/wiki/Syntax).",
		},
		"os_type":    criterion("`Linux` or `Windows`; to search by, in any letter case."),
		"os_name":    criterion("Name of the operating system; to search by, in any letter case."),
		"os_version": criterion("Version of the operating system; to search by."),
		"most_recent": schema.BoolAttribute{
			Optional: true,
			MarkdownDescription: "Whether to take the newest entry where several fit, by the date in the template's name, then by the system's " +
				"version. Defaults to false: several that fit are an error.",
		},
	})
	resp.Schema = schema.Schema{
		MarkdownDescription: "An entry of the project's catalog: a template that VMs are deployed from. Search it by `id`, by `name`, or by " +
			"any of `name_regex`, `os_type`, `os_name` and `os_version` together.",
		Attributes: attributes,
	}
}

// Read looks the entry up.
func (d *catalogDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model catalogModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	project := d.portal.ProjectFor(ctx, model.ProjectID, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	catalogs, err := d.portal.KnownCatalogs(ctx, project)
	if err != nil {
		resp.Diagnostics.Append(kit.PortalError("list the catalog", err))
		return
	}
	entry, ok := model.find(catalogs, &resp.Diagnostics)
	if !ok {
		return
	}
	model.ProjectID = types.StringValue(string(project))
	model.catalogEntryModel = newCatalogEntryModel(entry)
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}

// find finds the one entry that is asked for.
func (m *catalogModel) find(catalogs []mdx.Catalog, diags *diag.Diagnostics) (mdx.Catalog, bool) {
	if id := m.ID.ValueString(); id != "" {
		i := slices.IndexFunc(catalogs, func(c mdx.Catalog) bool { return string(c.ID) == id })
		if i < 0 {
			diags.AddAttributeError(path.Root("id"), "Unknown catalog entry",
				fmt.Sprintf("The project's catalog has no entry with the id %q. It has %s.", id, kit.Join(catalogNames(catalogs))))
			return mdx.Catalog{}, false
		}
		return catalogs[i], true
	}
	filter := catalogFilter{NameRegex: m.NameRegex, OSType: m.OSType, OSName: m.OSName, OSVersion: m.OSVersion}
	chosen := filter.choose(catalogs)
	if name := m.Name.ValueString(); name != "" {
		chosen = slices.DeleteFunc(chosen, func(c mdx.Catalog) bool { return c.Name != name })
	}
	slices.SortStableFunc(chosen, byAge)
	switch {
	case len(chosen) == 0 && !m.Name.IsNull():
		diags.AddAttributeError(path.Root("name"), "Unknown catalog entry", fmt.Sprintf("The project's catalog has no entry named %q. %s",
			m.Name.ValueString(), kit.Near(m.Name.ValueString(), catalogNames(catalogs))))
	case len(chosen) == 0:
		diags.AddError("No such catalog entry", fmt.Sprintf("No entry of the project's catalog is as wanted. It has %s.",
			kit.Join(catalogNames(catalogs))))
	case len(chosen) > 1 && !m.MostRecent.ValueBool():
		diags.AddError("More than one catalog entry", fmt.Sprintf("%d entries of the project's catalog are as wanted: %s. Ask for less, or "+
			"set most_recent = true.", len(chosen), kit.Join(catalogNames(chosen))))
	default:
		return chosen[0], true
	}
	return mdx.Catalog{}, false
}
