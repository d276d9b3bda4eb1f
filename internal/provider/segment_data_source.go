package provider

import (
	"context"
	"fmt"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

var _ datasource.DataSourceWithConfigure = (*segmentDataSource)(nil)

type segmentDataSource struct{ portal *portal }

func newSegmentDataSource() datasource.DataSource { return &segmentDataSource{} }

// Metadata names the data source.
func (d *segmentDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_segment"
}

// Configure takes the shared portal.
func (d *segmentDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.portal = configured(req.ProviderData, &resp.Diagnostics)
}

type segmentModel struct {
	ID        types.String `tfsdk:"id"`
	Name      types.String `tfsdk:"name"`
	ProjectID types.String `tfsdk:"project_id"`
	IsDefault types.Bool   `tfsdk:"is_default"`
	VLANID    types.Int64  `tfsdk:"vlan_id"`
	VNI       types.Int64  `tfsdk:"vni"`
	IPRange   types.String `tfsdk:"ip_range"`
}

// Schema is the data source's schema.
func (d *segmentDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "A network segment of the project. With neither `id` nor `name`, the project's default segment.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{
				Optional: true, Computed: true,
				MarkdownDescription: "Id of the segment.",
				Validators:          []validator.String{stringvalidator.ConflictsWith(path.MatchRoot("name"))},
			},
			"name": schema.StringAttribute{
				Optional: true, Computed: true,
				MarkdownDescription: "Name of the segment, as the portal shows it.",
			},
			"project_id": schema.StringAttribute{
				Optional: true, Computed: true,
				MarkdownDescription: "Id of the project whose segments are searched. Defaults to the provider's project.",
			},
			"is_default": schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether it is the project's default segment."},
			"vlan_id":    schema.Int64Attribute{Computed: true, MarkdownDescription: "VLAN id of the segment."},
			"vni":        schema.Int64Attribute{Computed: true, MarkdownDescription: "VXLAN network identifier of the segment."},
			"ip_range":   schema.StringAttribute{Computed: true, MarkdownDescription: "The segment's IPv4 network, in CIDR notation."},
		},
	}
}

// Read looks the segment up.
func (d *segmentDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model segmentModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	project := d.portal.projectFor(ctx, model.ProjectID, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	segment := d.portal.findSegment(ctx, project, model.ID.ValueString(), model.Name.ValueString(), &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	summary, err := d.portal.Segment(ctx, segment.ID)
	if err != nil {
		resp.Diagnostics.Append(portalError(fmt.Sprintf("read segment %q", segment.Name), err))
		return
	}
	model = segmentModel{
		ID:        types.StringValue(string(segment.ID)),
		Name:      types.StringValue(segment.Name),
		ProjectID: types.StringValue(string(project)),
		IsDefault: types.BoolValue(segment.Default),
		VLANID:    types.Int64Value(int64(summary.VLANID)),
		VNI:       types.Int64Value(int64(summary.VNI)),
		IPRange:   types.StringValue(summary.IPRange.String()),
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}

// findSegment finds a project's segment by id or name, or, with neither, its default one.
func (p *portal) findSegment(ctx context.Context, project mdx.ProjectID, id, name string, diags *diag.Diagnostics) mdx.Segment {
	segments, err := p.Segments(ctx, project)
	if err != nil {
		diags.Append(portalError("list the segments", err))
		return mdx.Segment{}
	}
	i := slices.IndexFunc(segments, func(s mdx.Segment) bool {
		switch {
		case id != "":
			return string(s.ID) == id
		case name != "":
			return s.Name == name
		}
		return s.Default
	})
	if i >= 0 {
		return segments[i]
	}
	var names []string
	for _, s := range segments {
		names = append(names, s.Name)
	}
	switch {
	case id != "":
		diags.AddAttributeError(path.Root("id"), "Unknown segment",
			fmt.Sprintf("The project has no segment with the id %q. Its segments: %s.", id, list(names)))
	case name != "":
		diags.AddAttributeError(path.Root("name"), "Unknown segment",
			fmt.Sprintf("The project has no segment named %q. %s", name, near(name, names)))
	default:
		diags.AddError("No default segment", fmt.Sprintf("None of the project's segments is its default. Choose one by name: %s.", list(names)))
	}
	return mdx.Segment{}
}
