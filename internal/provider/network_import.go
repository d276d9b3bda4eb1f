package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// networkIdentity tells an mdx_network from all others.
type networkIdentity struct {
	SegmentID types.String `tfsdk:"segment_id"`
}

// ImportState takes a segment's id or name, and takes all its rules in hand.
func (r *networkResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	id := req.ID
	if id == "" && req.Identity != nil {
		var identity networkIdentity
		resp.Diagnostics.Append(req.Identity.Get(ctx, &identity)...)
		id = identity.SegmentID.ValueString()
	}
	var state networkModel
	resp.Diagnostics.Append(emptyState(ctx, &resp.State, &state)...)
	project := r.portal.projectFor(ctx, types.StringNull(), &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	segment := r.portal.segmentByText(ctx, project, id, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	state.SegmentID, state.Exclusive = types.StringValue(string(segment.ID)), types.BoolValue(false)
	r.describeSegment(ctx, &state, &resp.Diagnostics)
	have, err := r.portal.rules(ctx, segment.ID, 0)
	if err == nil { // what one list leaves out would be nobody's
		have, err = r.portal.listedAgain(ctx, segment.ID, have)
	}
	if err != nil {
		resp.Diagnostics.Append(portalError("read the access rules "+onSegment(segment.Name), err))
		return
	}
	state.setRules(ctx, have, &resp.Diagnostics)
	state.setOwn(ctx, idsOf(have), &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
	resp.Diagnostics.Append(markImported(ctx, resp.Private)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, networkIdentity{state.ID})...)
}

// emptyState reads into model what an import begins with: a state in which everything is null.
func emptyState(ctx context.Context, state *tfsdk.State, model any) diag.Diagnostics {
	diags := state.SetAttribute(ctx, path.Root("id"), types.StringNull()) // makes an object of what is none yet
	return append(diags, state.Get(ctx, model)...)
}
