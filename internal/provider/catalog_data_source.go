package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

var _ datasource.DataSourceWithConfigure = (*catalogDataSource)(nil)

type catalogDataSource struct{ portal *portal }

func newCatalogDataSource() datasource.DataSource { return &catalogDataSource{} }

// Metadata names the data source.
func (d *catalogDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_catalog"
}

// Configure takes the shared portal.
func (d *catalogDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.portal = configured(req.ProviderData, &resp.Diagnostics)
}

type catalogModel struct {
	ID            types.String  `tfsdk:"id"`
	Name          types.String  `tfsdk:"name"`
	ProjectID     types.String  `tfsdk:"project_id"`
	Type          types.String  `tfsdk:"type"`
	TemplateName  types.String  `tfsdk:"template_name"`
	OSType        types.String  `tfsdk:"os_type"`
	OSName        types.String  `tfsdk:"os_name"`
	OSVersion     types.String  `tfsdk:"os_version"`
	HWVersion     types.String  `tfsdk:"hw_version"`
	Description   types.String  `tfsdk:"description"`
	LoginUsername types.String  `tfsdk:"login_username"`
	GPURequired   types.Bool    `tfsdk:"gpu_required"`
	MinDisk       types.Int64   `tfsdk:"lower_limit_disk"`
	MinMemory     types.Float64 `tfsdk:"lower_limit_memory"`
}

// Schema is the data source's schema.
func (d *catalogDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	text := func(description string) schema.StringAttribute {
		return schema.StringAttribute{Computed: true, MarkdownDescription: description}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "An entry of the project's catalog: a template that VMs are deployed from.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{
				Optional: true, Computed: true,
				MarkdownDescription: "Id of the entry. Give this or `name`.",
				Validators: []validator.String{stringvalidator.ExactlyOneOf(
					path.MatchRoot("id"), path.MatchRoot("name"))},
			},
			"name": schema.StringAttribute{
				Optional: true, Computed: true,
				MarkdownDescription: "Name of the entry, as the portal shows it. Give this or `id`.",
			},
			"project_id": schema.StringAttribute{
				Optional: true, Computed: true,
				MarkdownDescription: "Id of the project whose catalog is searched. Defaults to the provider's project.",
			},
			"type":           text("The portal's word for the kind of entry."),
			"template_name":  text("Name of the template behind the entry."),
			"os_type":        text("`Linux` or `Windows`."),
			"os_name":        text("Name of the operating system."),
			"os_version":     text("Version of the operating system."),
			"hw_version":     text("Virtual hardware version."),
			"description":    text("What the portal says about the entry."),
			"login_username": text("User to log in as, on VMs deployed from it."),
			"gpu_required": schema.BoolAttribute{
				Computed: true, MarkdownDescription: "Whether VMs need gpu packs.",
			},
			"lower_limit_disk": schema.Int64Attribute{
				Computed: true, MarkdownDescription: "Least disk size of a VM, in GB.",
			},
			"lower_limit_memory": schema.Float64Attribute{
				Computed: true, MarkdownDescription: "Least memory of a VM, in GB.",
			},
		},
	}
}

// Read looks the entry up.
func (d *catalogDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model catalogModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	project := d.portal.projectFor(ctx, model.ProjectID, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	catalogs, err := d.portal.Catalogs(ctx, project)
	if err != nil {
		resp.Diagnostics.Append(portalError("list the catalog", err))
		return
	}
	var names []string
	for _, c := range catalogs {
		if string(c.ID) == model.ID.ValueString() || c.Name == model.Name.ValueString() {
			model.set(project, c)
			resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
			return
		}
		names = append(names, c.Name)
	}
	if id := model.ID.ValueString(); id != "" {
		resp.Diagnostics.AddAttributeError(path.Root("id"), "Unknown catalog entry",
			fmt.Sprintf("The project's catalog has no entry with the id %q. It has %s.", id, list(names)))
		return
	}
	resp.Diagnostics.AddAttributeError(path.Root("name"), "Unknown catalog entry",
		fmt.Sprintf("The project's catalog has no entry named %q. %s", model.Name.ValueString(), near(model.Name.ValueString(), names)))
}

func (m *catalogModel) set(project mdx.ProjectID, c mdx.Catalog) {
	*m = catalogModel{
		ID:            types.StringValue(string(c.ID)),
		Name:          types.StringValue(c.Name),
		ProjectID:     types.StringValue(string(project)),
		Type:          types.StringValue(c.Type),
		TemplateName:  types.StringValue(c.TemplateName),
		OSType:        types.StringValue(string(c.OSType)),
		OSName:        types.StringValue(c.OSName),
		OSVersion:     types.StringValue(c.OSVersion),
		HWVersion:     types.StringValue(c.HWVersion),
		Description:   types.StringValue(c.Description),
		LoginUsername: types.StringValue(c.LoginUsername),
		GPURequired:   types.BoolValue(c.GPURequired),
		MinDisk:       types.Int64Value(int64(c.MinDiskGB)),
		MinMemory:     types.Float64Value(c.MinMemoryGB),
	}
}
