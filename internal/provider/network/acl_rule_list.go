package network

import (
	"context"
	"fmt"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	tflist "github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/portal"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/provider/kit"
)

var _ tflist.ListResourceWithConfigure = (*aclRuleList)(nil)

// aclRuleList finds access rules for `terraform query`. It shares name and configuration with the resource.
type aclRuleList struct{ aclRuleResource }

// NewACLRuleList makes the list resource mdx_acl_rule.
func NewACLRuleList() tflist.ListResource { return &aclRuleList{} }

type aclRuleListModel struct {
	ProjectID types.String `tfsdk:"project_id"`
	SegmentID types.String `tfsdk:"segment_id"`
}

// ListResourceConfigSchema is what a list block takes.
func (l *aclRuleList) ListResourceConfigSchema(_ context.Context, _ tflist.ListResourceSchemaRequest, resp *tflist.ListResourceSchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Finds access rules: the holes in a project's networks, whoever made them." + kit.SeenListed,
		Attributes: map[string]schema.Attribute{
			"project_id": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Id of the project whose rules are listed. Defaults to the provider's project.",
			},
			"segment_id": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Lists only rules of the segment with this id. Defaults to all segments of the project.",
			},
		},
	}
}

// List lists the rules, segment by segment.
func (l *aclRuleList) List(ctx context.Context, req tflist.ListRequest, stream *tflist.ListResultsStream) {
	var model aclRuleListModel
	diags := req.Config.Get(ctx, &model)
	project := l.portal.ProjectFor(ctx, model.ProjectID, &diags)
	if kit.StreamFailed(stream, diags) {
		return
	}
	segments, err := l.portal.Segments(ctx, project)
	if err != nil {
		kit.StreamFailed(stream, diag.Diagnostics{kit.PortalError("list the segments", err)})
		return
	}
	if id := model.SegmentID.ValueString(); id != "" {
		segments = []mdx.Segment{l.portal.FindSegment(ctx, project, id, "", &diags)}
		if kit.StreamFailed(stream, diags) {
			return
		}
	}
	var all []kit.Listed
	for _, segment := range segments {
		rules, err := l.portal.Rules(ctx, segment.ID)
		if err != nil {
			kit.StreamFailed(stream, diag.Diagnostics{kit.PortalError(fmt.Sprintf("list the rules of segment %q", segment.Name), err)})
			return
		}
		for _, rule := range rules {
			all = append(all, l.found(ctx, project, segment, rule))
		}
	}
	stream.Results = kit.ListResults(ctx, req, slices.Values(all))
}

func (l *aclRuleList) found(ctx context.Context, project mdx.ProjectID, segment mdx.Segment, rule mdx.ACLRule) kit.Listed {
	return kit.Listed{
		Name:     fmt.Sprintf("%s: %s", segment.Name, portal.DescribeRule(rule)),
		Identity: aclRuleIdentity{SegmentID: types.StringValue(string(segment.ID)), ID: types.StringValue(string(rule.ID))},
		Fill: func(result *tflist.ListResult) {
			var model aclRuleModel
			if !kit.BlankModel(ctx, result, string(rule.ID), &model) {
				return
			}
			model.ProjectID, model.SegmentID = types.StringValue(string(project)), types.StringValue(string(segment.ID))
			model.set(rule)
			result.Diagnostics.Append(result.Resource.Set(ctx, model)...)
		},
	}
}
