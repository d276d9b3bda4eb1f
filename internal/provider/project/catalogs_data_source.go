package project

import (
	"context"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/provider/kit"
)

var _ datasource.DataSourceWithConfigure = (*catalogsDataSource)(nil)

type catalogsDataSource struct{ portal *kit.Provider }

// NewCatalogsDataSource is the data source mdx_catalogs.
func NewCatalogsDataSource() datasource.DataSource { return &catalogsDataSource{} }

// Metadata names the data source.
func (d *catalogsDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_catalogs"
}

// Configure takes the shared portal.
func (d *catalogsDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.portal = kit.Configured(req.ProviderData, &resp.Diagnostics)
}

type catalogsModel struct {
	ProjectID   types.String        `tfsdk:"project_id"`
	NameRegex   types.String        `tfsdk:"name_regex"`
	OSType      types.String        `tfsdk:"os_type"`
	OSName      types.String        `tfsdk:"os_name"`
	OSVersion   types.String        `tfsdk:"os_version"`
	GPURequired types.Bool          `tfsdk:"gpu_required"`
	Catalogs    []catalogEntryModel `tfsdk:"catalogs"`
}

// Schema is the data source's schema.
func (d *catalogsDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	filter := func(description string, validators ...validator.String) schema.StringAttribute {
		return schema.StringAttribute{Optional: true, MarkdownDescription: description, Validators: validators}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "The entries of the project's catalog, the newest first: templates that VMs are deployed from. Without filters, " +
			"all of them; none that fits is an empty list.",
		Attributes: map[string]schema.Attribute{
			"project_id": schema.StringAttribute{
				Optional: true, Computed: true,
				MarkdownDescription: "Id of the project whose catalog is listed. Defaults to the provider's project.",
			},
			"name_regex": filter("Regular expression that an entry's name matches, in "+
				"[RE2 syntax](https://github.com/google/re2/wiki/Syntax).", kit.IsRegex()),
			"os_type":    filter("`Linux` or `Windows`, in any letter case."),
			"os_name":    filter("Name of the operating system, in any letter case."),
			"os_version": filter("Version of the operating system."),
			"gpu_required": schema.BoolAttribute{
				Optional: true, MarkdownDescription: "Whether VMs of the entry need a GPU. Left out, both kinds are listed.",
			},
			"catalogs": schema.ListNestedAttribute{
				Computed: true, MarkdownDescription: "The entries that fit, the newest first by the date in their template's name.",
				NestedObject: schema.NestedAttributeObject{Attributes: catalogEntrySchema()},
			},
		},
	}
}

// Read lists the entries.
func (d *catalogsDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model catalogsModel
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
	filter := catalogFilter{model.NameRegex, model.OSType, model.OSName, model.OSVersion, model.GPURequired}
	chosen := filter.choose(catalogs)
	slices.SortStableFunc(chosen, byAge)
	model.ProjectID = types.StringValue(string(project))
	model.Catalogs = make([]catalogEntryModel, 0, len(chosen))
	for _, c := range chosen {
		model.Catalogs = append(model.Catalogs, newCatalogEntryModel(c))
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}
