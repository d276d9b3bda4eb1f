package network

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/provider/kit"
)

// describeSegment finds the segment that the model chooses and takes over what the portal tells of it.
func (r *networkResource) describeSegment(ctx context.Context, model *networkModel, diags *diag.Diagnostics) {
	project := r.portal.ProjectFor(ctx, model.ProjectID, diags)
	if diags.HasError() {
		return
	}
	segment := r.portal.FindSegmentFor(ctx, project, kit.SegmentChoice{
		ID: model.SegmentID.ValueString(), Name: model.SegmentName.ValueString(),
		IDAttribute: "segment_id", NameAttribute: "segment_name",
	}, diags)
	if diags.HasError() {
		return
	}
	summary, err := r.portal.Segment(ctx, segment.ID)
	if err != nil {
		diags.Append(kit.PortalError("read segment "+segment.Name, err))
		return
	}
	model.setSegment(project, segment, summary)
}

// findPlanned is describeSegment for an apply. What the plan has said of the segment stays: Terraform takes anything else
// for a bug, and the next refresh tells what is true now.
func (r *networkResource) findPlanned(ctx context.Context, plan *networkModel, diags *diag.Diagnostics) {
	planned := *plan
	r.describeSegment(ctx, plan, diags)
	if kit.IsSet(planned.ID) {
		plan.segmentFacts, plan.SegmentName = planned.segmentFacts, planned.SegmentName
	}
}
