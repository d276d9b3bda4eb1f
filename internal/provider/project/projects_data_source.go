package project

import (
	"context"
	"regexp"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/provider/kit"
)

var _ datasource.DataSourceWithConfigure = (*projectsDataSource)(nil)

type projectsDataSource struct{ portal *kit.Provider }

// NewProjectsDataSource is the data source mdx_projects.
func NewProjectsDataSource() datasource.DataSource { return &projectsDataSource{} }

// Metadata names the data source.
func (d *projectsDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_projects"
}

// Configure takes the shared portal.
func (d *projectsDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.portal = kit.Configured(req.ProviderData, &resp.Diagnostics)
}

type projectsModel struct {
	NameRegex types.String        `tfsdk:"name_regex"`
	Projects  []projectEntryModel `tfsdk:"projects"`
}

// Schema is the data source's schema.
func (d *projectsDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The projects that the token's user is assigned to, whichever of them the provider works in.",
		Attributes: map[string]schema.Attribute{
			"name_regex": schema.StringAttribute{
				Optional: true, Validators: []validator.String{kit.IsRegex()},
				MarkdownDescription: "Regular expression that a project's name matches, in [RE2 syntax](https://github.com/google/re2/wiki/Syntax).",
			},
			"projects": schema.ListNestedAttribute{
				Computed: true, MarkdownDescription: "The projects, in the portal's order.",
				NestedObject: schema.NestedAttributeObject{Attributes: projectEntrySchema()},
			},
		},
	}
}

// Read lists the projects.
func (d *projectsDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model projectsModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	name, err := regexp.Compile(model.NameRegex.ValueString())
	if err != nil || resp.Diagnostics.HasError() {
		return // the expression was validated before
	}
	projects, err := d.portal.KnownProjects(ctx)
	if err != nil {
		resp.Diagnostics.Append(kit.PortalError("list the projects", err))
		return
	}
	model.Projects = []projectEntryModel{}
	for _, project := range projects {
		if name.MatchString(project.Name) {
			model.Projects = append(model.Projects, newProjectEntryModel(project))
		}
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}
