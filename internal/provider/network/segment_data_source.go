package network

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
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/provider/kit"
)

var _ datasource.DataSourceWithConfigure = (*segmentDataSource)(nil)

type segmentDataSource struct{ portal *kit.Provider }

// NewSegmentDataSource makes the data source mdx_segment.
func NewSegmentDataSource() datasource.DataSource { return &segmentDataSource{} }

// Metadata names the data source.
func (d *segmentDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_segment"
}

// Configure takes the shared portal.
func (d *segmentDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.portal = kit.Configured(req.ProviderData, &resp.Diagnostics)
}

type segmentModel struct {
	segmentFacts
	ProjectID types.String `tfsdk:"project_id"`
}

// segmentFacts is what the portal tells of a segment.
type segmentFacts struct {
	ID        types.String `tfsdk:"id"`
	Name      types.String `tfsdk:"name"`
	IsDefault types.Bool   `tfsdk:"is_default"`
	VLANID    types.Int64  `tfsdk:"vlan_id"`
	VNI       types.Int64  `tfsdk:"vni"`
	IPRange   types.String `tfsdk:"ip_range"`
}

func factsOf(segment mdx.Segment, summary mdx.SegmentSummary) segmentFacts {
	facts := segmentFacts{
		ID:        types.StringValue(string(segment.ID)),
		Name:      types.StringValue(segment.Name),
		IsDefault: types.BoolValue(segment.Default),
		VLANID:    types.Int64Value(int64(summary.VLANID)),
		VNI:       types.Int64Value(int64(summary.VNI)),
	}
	if summary.IPRange.IsValid() {
		facts.IPRange = types.StringValue(summary.IPRange.String())
	}
	return facts
}

// What the facts of a segment are, said once for all that show them.
const (
	isDefaultDoc = "Whether it is the project's default segment."
	vlanIDDoc    = "VLAN id of the segment."
	vniDoc       = "VXLAN network identifier of the segment."
	ipRangeDoc   = "The segment's IPv4 network, in CIDR notation."
)

// Schema is the data source's schema.
func (d *segmentDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "A network segment of the project. With neither `id` nor `name`, the project's default segment.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{
				Optional: true, Computed: true,
				MarkdownDescription: "Id of the segment.",
				Validators: []validator.String{
					stringvalidator.LengthAtLeast(1), stringvalidator.ConflictsWith(path.MatchRoot("name")),
				},
			},
			"name": schema.StringAttribute{
				Optional: true, Computed: true,
				MarkdownDescription: "Name of the segment, as the portal shows it.",
				Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
			},
			"project_id": schema.StringAttribute{
				Optional: true, Computed: true,
				MarkdownDescription: "Id of the project whose segments are searched. Defaults to the provider's project.",
			},
			"is_default": schema.BoolAttribute{Computed: true, MarkdownDescription: isDefaultDoc},
			"vlan_id":    schema.Int64Attribute{Computed: true, MarkdownDescription: vlanIDDoc},
			"vni":        schema.Int64Attribute{Computed: true, MarkdownDescription: vniDoc},
			"ip_range":   schema.StringAttribute{Computed: true, MarkdownDescription: ipRangeDoc},
		},
	}
}

// Read looks the segment up.
func (d *segmentDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model segmentModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	project := d.portal.ProjectFor(ctx, model.ProjectID, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	segment := d.portal.FindSegment(ctx, project, model.ID.ValueString(), model.Name.ValueString(), &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	summary, err := d.portal.Segment(ctx, segment.ID)
	if err != nil {
		resp.Diagnostics.Append(kit.PortalError(fmt.Sprintf("read segment %q", segment.Name), err))
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, segmentModel{
		ProjectID: types.StringValue(string(project)), segmentFacts: factsOf(segment, summary),
	})...)
}
