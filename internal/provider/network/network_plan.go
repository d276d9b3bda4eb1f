package network

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/portal"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/provider/kit"
)

// ValidateConfig refuses what contradicts itself.
func (r *networkResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var config networkModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if config.Exclusive.ValueBool() && config.ACL.IsNull() {
		resp.Diagnostics.AddAttributeError(path.Root("exclusive"), "Exclusive without rules",
			"exclusive = true removes every rule that acl does not hold, and acl is not set. Give the rules in acl, or acl = [] "+
				"if the segment is to be closed.")
	}
	given := map[mdx.ACLRule]bool{}
	var unread diag.Diagnostics // told by the attributes that can't be read
	for _, model := range config.ruleModels(ctx, &unread) {
		rule, whole := model.rule()
		key := rule.Canonical()
		if whole && given[key] {
			resp.Diagnostics.AddAttributeError(path.Root("acl"), "Rule given twice",
				fmt.Sprintf("acl holds the rule %s twice, written differently. Remove one of them.", portal.DescribeRule(rule)))
		}
		given[key] = given[key] || whole
	}
}

// ModifyPlan finds the segment while planning, plans no change where only the spelling differs, and tells which rules
// of others will be removed.
func (r *networkResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() || r.portal == nil {
		return
	}
	var plan, config networkModel
	var state *networkModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if !req.State.Raw.IsNull() {
		state = &networkModel{}
		resp.Diagnostics.Append(req.State.Get(ctx, state)...)
	}
	if resp.Diagnostics.HasError() || config.ProjectID.IsUnknown() || config.SegmentID.IsUnknown() || config.SegmentName.IsUnknown() {
		return
	}
	plan.SegmentID, plan.SegmentName = config.SegmentID, config.SegmentName
	if state != nil && plan.SegmentID.IsNull() && plan.SegmentName.IsNull() {
		plan.SegmentID = state.ID // the default segment of when it was created
	}
	r.describeSegment(ctx, &plan, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	if state != nil && !plan.ID.Equal(state.ID) {
		resp.RequiresReplace.Append(path.Root("segment_id"))
	}
	r.planRules(ctx, &plan, state, req.Private, &resp.Diagnostics)
	resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
	if !resp.Plan.Raw.Equal(req.State.Raw) { // an apply looks at the rules again, and somebody may have removed one
		resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("rule_ids"), types.SetUnknown(types.StringType))...)
	}
}

// planRules plans acl and rule_ids. Beside the state it looks at the rules that there are: in the middle of an apply,
// when Terraform asks again, a VM may have taken rules with it that follow it, and come back with the same address.
func (r *networkResource) planRules(ctx context.Context, plan, state *networkModel, private kit.PrivateState, diags *diag.Diagnostics) {
	var set portal.RuleSet
	var known bool
	set.Project, set.Segment = plan.place()
	set.Want, known = plan.wanted(ctx, diags)
	exists := state != nil && plan.ID.Equal(state.ID)
	if exists {
		set.Owner = ownerIn(ctx, private, state.own(ctx, diags))
	}
	changes, err := r.portal.PlanRules(ctx, set)
	if err != nil {
		diags.Append(kit.PortalError("read the access rules "+portal.OnSegment(plan.Name.ValueString()), err))
		return
	}
	plan.RuleIDs = types.SetUnknown(types.StringType)
	if exists {
		told, _ := state.wanted(ctx, diags)
		plan.keepRules(state, known && sameRules(set.Want, told), changes.Stays)
	}
	if plan.Exclusive.ValueBool() && len(changes.Others) > 0 {
		diags.AddAttributeWarning(path.Root("exclusive"), "Rules of others will be removed", fmt.Sprintf(
			"exclusive is true, so applying this removes from segment %q what this resource did not make:%s",
			plan.Name.ValueString(), portal.DescribeRules(changes.Others)))
	}
}

// keepRules plans what a state has of its rules, where nothing changes. same tells whether the rules are those of the state,
// stay whether what the segment has needs no change for that.
func (m *networkModel) keepRules(state *networkModel, same, stay bool) {
	stay = stay && same
	if stay && m.Exclusive.Equal(state.Exclusive) {
		m.RuleIDs = state.RuleIDs
	}
	more := !m.Exclusive.Equal(state.Exclusive) || !m.Timeouts.Equal(state.Timeouts)
	// In the middle of an apply, what a rule to a VM says has been planned as it is written, since it was not known yet.
	if same && (stay || more) && !m.ACL.IsNull() && !state.ACL.IsNull() {
		m.ACL = state.ACL
	}
}
