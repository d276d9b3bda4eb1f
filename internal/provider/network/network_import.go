package network

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/portal"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/provider/kit"
)

// ImportState takes a segment's id or name, and takes all its rules in hand.
func (r *networkResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	id := req.ID
	if id == "" && req.Identity != nil {
		var identity networkIdentity
		resp.Diagnostics.Append(req.Identity.Get(ctx, &identity)...)
		id = identity.SegmentID.ValueString()
	}
	var state networkModel
	resp.Diagnostics.Append(kit.EmptyState(ctx, &resp.State, &state)...)
	project := r.portal.ProjectFor(ctx, types.StringNull(), &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	segment := r.portal.SegmentByText(ctx, project, id, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	state.SegmentID, state.Exclusive = types.StringValue(string(segment.ID)), types.BoolValue(false)
	r.describeSegment(ctx, &state, &resp.Diagnostics)
	have, err := r.portal.Rules(ctx, segment.ID)
	if err != nil {
		resp.Diagnostics.Append(kit.PortalError("read the access rules "+portal.OnSegment(segment.Name), err))
		return
	}
	state.follow(ctx, have, nil, &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
	resp.Diagnostics.Append(kit.MarkImported(ctx, resp.Private)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, networkIdentity{state.ID})...)
}
