package project

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/portal"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/provider/kit"
)

var _ datasource.DataSourceWithConfigure = (*projectDataSource)(nil)

type projectDataSource struct{ portal *kit.Provider }

// NewProjectDataSource is the data source mdx_project.
func NewProjectDataSource() datasource.DataSource { return &projectDataSource{} }

// Metadata names the data source.
func (d *projectDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_project"
}

// Configure takes the shared portal.
func (d *projectDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.portal = kit.Configured(req.ProviderData, &resp.Diagnostics)
}

// projectEntryModel is a project, as the data sources mdx_project and mdx_projects show it.
type projectEntryModel struct {
	ID           types.String `tfsdk:"id"`
	Name         types.String `tfsdk:"name"`
	Organization types.String `tfsdk:"organization"`
	Type         types.String `tfsdk:"type"`
	Dedicated    types.Bool   `tfsdk:"dedicated"`
	Expired      types.Bool   `tfsdk:"expired"`
	Suspended    types.Bool   `tfsdk:"suspended"`
}

func newProjectEntryModel(p mdx.Project) projectEntryModel {
	model := projectEntryModel{
		ID: types.StringValue(string(p.ID)), Name: types.StringValue(p.Name), Organization: kit.Text(p.Organization), Type: kit.Text(p.Type),
		Dedicated: types.BoolNull(), Expired: types.BoolValue(p.Expired), Suspended: types.BoolValue(p.Suspended),
	}
	if kind := portal.ProjectKindOf(p.Type); kind != portal.KindUnknown {
		model.Dedicated = types.BoolValue(kind == portal.KindDedicated)
	}
	return model
}

// projectEntrySchema describes a project's attributes.
func projectEntrySchema() map[string]schema.Attribute {
	text := func(description string) schema.StringAttribute {
		return schema.StringAttribute{Computed: true, MarkdownDescription: description}
	}
	flag := func(description string) schema.BoolAttribute {
		return schema.BoolAttribute{Computed: true, MarkdownDescription: description}
	}
	return map[string]schema.Attribute{
		"id":           text("Id of the project."),
		"name":         text("Name of the project."),
		"organization": text("Name of the organization that it belongs to, where the portal tells."),
		"type":         text("The portal's word for the kind of project."),
		"dedicated": flag("Whether VMs are given cores, memory and GPUs directly, as in a dedicated project, and not by packs. Empty where " +
			"the portal's word for the kind is not known."),
		"expired":   flag("Whether the project's period is over."),
		"suspended": flag("Whether the project is suspended."),
	}
}

type projectModel struct {
	projectEntryModel
	Description types.String `tfsdk:"description"`
	Applicant   types.String `tfsdk:"applicant"`
	Begin       types.String `tfsdk:"begin_date"`
	End         types.String `tfsdk:"end_date"`
}

// Schema is the data source's schema.
func (d *projectDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	text := func(description string) schema.StringAttribute {
		return schema.StringAttribute{Computed: true, MarkdownDescription: description}
	}
	attributes := projectEntrySchema()
	attributes["id"] = schema.StringAttribute{
		Optional: true, Computed: true, MarkdownDescription: "Id of the project.",
		Validators: []validator.String{stringvalidator.LengthAtLeast(1), stringvalidator.ConflictsWith(path.MatchRoot("name"))},
	}
	attributes["name"] = schema.StringAttribute{
		Optional: true, Computed: true, MarkdownDescription: "Name of the project.",
		Validators: []validator.String{stringvalidator.LengthAtLeast(1)},
	}
	attributes["description"] = text("What the project says about itself.")
	attributes["applicant"] = text("Who applied for the project.")
	attributes["begin_date"] = text("First day of the project's period, as `2026-04-01`.")
	attributes["end_date"] = text("Last day of the project's period, as `2027-03-31`.")
	resp.Schema = schema.Schema{
		MarkdownDescription: "A project that the token's user is assigned to. With neither `id` nor `name`, the provider's project.",
		Attributes:          attributes,
	}
}

// Read looks the project up.
func (d *projectDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model projectModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() {
		return
	}
	project, ok := findProject(ctx, d.portal, model.ID.ValueString(), model.Name.ValueString(), &resp.Diagnostics)
	if !ok {
		return
	}
	summary, err := d.portal.ProjectSummary(ctx, project.ID)
	if err != nil {
		resp.Diagnostics.Append(kit.PortalError(fmt.Sprintf("read project %q", project.Name), err))
		return
	}
	model = projectModel{
		projectEntryModel: newProjectEntryModel(project), Description: kit.Text(summary.Description), Applicant: kit.Text(summary.Applicant),
		Begin: day(summary.Begin), End: day(summary.End),
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}

// day writes a date; null if there is none.
func day(t time.Time) types.String {
	if t.IsZero() {
		return types.StringNull()
	}
	return types.StringValue(t.Format(time.DateOnly))
}

// findProject finds a project of the user by id or name, or, with neither, the provider's.
func findProject(ctx context.Context, p *kit.Provider, id, name string, diags *diag.Diagnostics) (mdx.Project, bool) {
	if id == "" && name == "" {
		id = string(p.ProjectFor(ctx, types.StringNull(), diags))
		if diags.HasError() {
			return mdx.Project{}, false
		}
	}
	projects, err := p.KnownProjects(ctx)
	if err != nil {
		diags.Append(kit.PortalError("list the projects", err))
		return mdx.Project{}, false
	}
	if id == "" {
		project, refusal := kit.ProjectNamed(projects, name)
		if refusal != "" {
			diags.AddAttributeError(path.Root("name"), "Unknown project", refusal)
		}
		return project, refusal == ""
	}
	var names []string
	for _, project := range projects {
		if string(project.ID) == id {
			return project, true
		}
		names = append(names, project.Name)
	}
	diags.AddAttributeError(path.Root("id"), "Unknown project",
		fmt.Sprintf("The token's user is assigned to no project with the id %q. Assigned: %s.", id, kit.Join(names)))
	return mdx.Project{}, false
}
