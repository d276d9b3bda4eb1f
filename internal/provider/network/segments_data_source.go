package network

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"golang.org/x/sync/errgroup"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/provider/kit"
)

var _ datasource.DataSourceWithConfigure = (*segmentsDataSource)(nil)

type segmentsDataSource struct{ portal *kit.Provider }

// NewSegmentsDataSource makes the data source mdx_segments.
func NewSegmentsDataSource() datasource.DataSource { return &segmentsDataSource{} }

// Metadata names the data source.
func (d *segmentsDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_segments"
}

// Configure takes the shared portal.
func (d *segmentsDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.portal = kit.Configured(req.ProviderData, &resp.Diagnostics)
}

// Schema is the data source's schema.
func (d *segmentsDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "All network segments of the project.",
		Attributes: map[string]schema.Attribute{
			"project_id": schema.StringAttribute{
				Optional: true, Computed: true,
				MarkdownDescription: "Id of the project whose segments are listed. Defaults to the provider's project.",
			},
			"segments": schema.ListNestedAttribute{
				Computed:            true,
				MarkdownDescription: "The segments, in the portal's order.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"id":         schema.StringAttribute{Computed: true, MarkdownDescription: "Id of the segment."},
					"name":       schema.StringAttribute{Computed: true, MarkdownDescription: "Name of the segment, as the portal shows it."},
					"is_default": schema.BoolAttribute{Computed: true, MarkdownDescription: isDefaultDoc},
					"vlan_id":    schema.Int64Attribute{Computed: true, MarkdownDescription: vlanIDDoc},
					"vni":        schema.Int64Attribute{Computed: true, MarkdownDescription: vniDoc},
					"ip_range":   schema.StringAttribute{Computed: true, MarkdownDescription: ipRangeDoc},
				}},
			},
		},
	}
}

type segmentsModel struct {
	ProjectID types.String   `tfsdk:"project_id"`
	Segments  []segmentFacts `tfsdk:"segments"`
}

// Read lists the segments, and asks for the network of each.
func (d *segmentsDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model segmentsModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	project := d.portal.ProjectFor(ctx, model.ProjectID, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	segments, err := d.portal.KnownSegments(ctx, project)
	if err != nil {
		resp.Diagnostics.Append(kit.PortalError("list the segments", err))
		return
	}
	model = segmentsModel{ProjectID: types.StringValue(string(project)), Segments: make([]segmentFacts, len(segments))}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(8)
	for i, segment := range segments {
		group.Go(func() error {
			summary, err := d.portal.Segment(ctx, segment.ID)
			model.Segments[i] = factsOf(segment, summary)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		resp.Diagnostics.Append(kit.PortalError("read the segments", err))
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}
