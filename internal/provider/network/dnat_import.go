package network

import (
	"context"
	"fmt"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/provider/kit"
)

// ImportState takes a rule's id or its public address.
func (r *dnatResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	text := req.ID
	if text == "" && req.Identity != nil {
		var identity dnatIdentity
		resp.Diagnostics.Append(req.Identity.Get(ctx, &identity)...)
		text = identity.ID.ValueString()
	}
	var state dnatModel
	resp.Diagnostics.Append(kit.EmptyState(ctx, &resp.State, &state)...)
	project := r.portal.ProjectFor(ctx, types.StringNull(), &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	rules, err := r.portal.DNATRules(ctx, project)
	if err != nil {
		resp.Diagnostics.Append(kit.PortalError("list the DNAT rules", err))
		return
	}
	i := slices.IndexFunc(rules, func(rule mdx.DNAT) bool { return string(rule.ID) == text || rule.PoolAddress.String() == text })
	if i < 0 {
		resp.Diagnostics.AddError("Unknown DNAT rule", fmt.Sprintf(
			"The project has no DNAT rule with the id or the public address %q. The data source mdx_global_addresses lists them.", text))
		return
	}
	segments, err := r.portal.KnownSegments(ctx, project, rules[i].SegmentName)
	if err != nil {
		resp.Diagnostics.Append(kit.PortalError("list the segments", err))
		return
	}
	state.ProjectID = types.StringValue(string(project))
	state.set(rules[i], segments)
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
	resp.Diagnostics.Append(kit.MarkImported(ctx, resp.Private)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, state.identity())...)
}
