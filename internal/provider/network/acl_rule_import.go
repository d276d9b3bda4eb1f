package network

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/portal"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/provider/kit"
)

// ImportState takes a rule's id, or the segment's id or name, a slash, and the rule's id.
func (r *aclRuleResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	var state aclRuleModel
	resp.Diagnostics.Append(kit.EmptyState(ctx, &resp.State, &state)...)
	place, id, placed := kit.CutLast(req.ID, "/")
	if !placed {
		id = req.ID
	}
	if req.ID == "" && req.Identity != nil {
		var identity aclRuleIdentity
		resp.Diagnostics.Append(req.Identity.Get(ctx, &identity)...)
		place, id, placed = identity.SegmentID.ValueString(), identity.ID.ValueString(), true
	}
	project := r.portal.ProjectFor(ctx, types.StringNull(), &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	var segments []mdx.Segment
	var err error
	if placed {
		segments = []mdx.Segment{r.portal.SegmentByText(ctx, project, place, &resp.Diagnostics)}
	} else {
		segments, err = r.portal.KnownSegments(ctx, project)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	for _, segment := range segments {
		rule, found, more := r.portal.FindRule(ctx, portal.ACLRuleAt{
			Project: project, Segment: segment.ID, Rule: mdx.ACLRule{ID: mdx.ACLRuleID(id)},
		})
		err = errors.Join(err, more)
		if found {
			state.ProjectID, state.SegmentID = types.StringValue(string(project)), types.StringValue(string(segment.ID))
			state.set(rule)
			resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
			resp.Diagnostics.Append(kit.MarkImported(ctx, resp.Private)...)
			resp.Diagnostics.Append(resp.Identity.Set(ctx, state.identity())...)
			return
		}
	}
	if err != nil {
		resp.Diagnostics.Append(kit.PortalError("look for access rule "+id, err))
		return
	}
	resp.Diagnostics.AddError("Unknown access rule", fmt.Sprintf("No segment that was searched has an access rule with the id %q. Give "+
		"the rule's id, or the segment's name, a slash, and the rule's id.", id))
}
