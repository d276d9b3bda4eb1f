package network

import (
	"context"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// networkModel is mdx_network in configuration, plan and state.
type networkModel struct {
	segmentFacts
	ProjectID   types.String   `tfsdk:"project_id"`
	SegmentID   types.String   `tfsdk:"segment_id"`
	SegmentName types.String   `tfsdk:"segment_name"`
	ACL         types.Set      `tfsdk:"acl"`
	Exclusive   types.Bool     `tfsdk:"exclusive"`
	RuleIDs     types.Set      `tfsdk:"rule_ids"`
	Timeouts    timeouts.Value `tfsdk:"timeouts"`
}

// networkIdentity tells an mdx_network from all others.
type networkIdentity struct {
	SegmentID types.String `tfsdk:"segment_id"`
}

// place is where the rules are.
func (m *networkModel) place() (mdx.ProjectID, mdx.SegmentID) {
	return mdx.ProjectID(m.ProjectID.ValueString()), mdx.SegmentID(m.ID.ValueString())
}

// setSegment takes over which segment it is and what the portal tells of it.
func (m *networkModel) setSegment(project mdx.ProjectID, segment mdx.Segment, summary mdx.SegmentSummary) {
	m.segmentFacts = factsOf(segment, summary)
	m.ProjectID = types.StringValue(string(project))
	m.SegmentID, m.SegmentName = m.ID, m.Name
}

// ruleModels are the elements of acl that are known at least in part.
func (m *networkModel) ruleModels(ctx context.Context, diags *diag.Diagnostics) []ruleModel {
	var models []ruleModel
	for _, element := range m.ACL.Elements() {
		object, isObject := element.(types.Object)
		if !isObject || object.IsUnknown() {
			continue
		}
		var model ruleModel
		diags.Append(object.As(ctx, &model, basetypes.ObjectAsOptions{})...)
		models = append(models, model)
	}
	return models
}

// wanted are the rules of acl; known is false if there are some whose value is not known yet.
func (m *networkModel) wanted(ctx context.Context, diags *diag.Diagnostics) (rules []mdx.ACLRule, known bool) {
	for _, model := range m.ruleModels(ctx, diags) {
		if rule, whole := model.rule(); whole {
			rules = append(rules, rule)
		}
	}
	return rules, !m.ACL.IsUnknown() && len(rules) == len(m.ACL.Elements())
}

// setRules makes acl tell the rules that there are. Elements that tell one of them already stay as they are written.
func (m *networkModel) setRules(ctx context.Context, rules []mdx.ACLRule, diags *diag.Diagnostics) {
	var kept []ruleModel
	told, there := map[mdx.ACLRule]bool{}, saysAny(rules)
	for _, model := range m.ruleModels(ctx, diags) {
		if rule, _ := model.rule(); there(rule) {
			kept, told[rule.Canonical()] = append(kept, model), true
		}
	}
	for _, rule := range rules {
		if key := rule.Canonical(); !told[key] {
			kept, told[key] = append(kept, modelOf(rule)), true
		}
	}
	if len(kept) == 0 && m.ACL.IsNull() {
		return
	}
	// A slice that is nil would make a set that is null.
	set, more := types.SetValueFrom(ctx, ruleType, append([]ruleModel{}, kept...))
	diags.Append(more...)
	m.ACL = set
}

// sameRules tells whether two lists let the same through.
func sameRules(a, b []mdx.ACLRule) bool {
	covers := func(a, b []mdx.ACLRule) bool {
		said := saysAny(a)
		return !slices.ContainsFunc(b, func(rule mdx.ACLRule) bool { return !said(rule) })
	}
	return covers(a, b) && covers(b, a)
}

// follow makes the model tell the rules that there are: the resource's own, and others that say what it says. On an
// exclusive segment, it tells all.
func (m *networkModel) follow(ctx context.Context, own, others []mdx.ACLRule, diags *diag.Diagnostics) {
	if told, _ := m.wanted(ctx, diags); !m.Exclusive.ValueBool() {
		said := saysAny(told)
		others = slices.DeleteFunc(slices.Clone(others), func(rule mdx.ACLRule) bool { return !said(rule) })
	}
	ids := make([]mdx.ACLRuleID, 0, len(own))
	for _, rule := range own {
		ids = append(ids, rule.ID)
	}
	m.setRules(ctx, slices.Concat(own, others), diags)
	m.setOwn(ctx, ids, diags)
}

// own are the ids of the rules that the resource made. Only by them are its rules told from equal ones of others.
func (m *networkModel) own(ctx context.Context, diags *diag.Diagnostics) []mdx.ACLRuleID {
	if m.RuleIDs.IsUnknown() {
		return nil
	}
	var ids []mdx.ACLRuleID
	diags.Append(m.RuleIDs.ElementsAs(ctx, &ids, false)...)
	return ids
}

func (m *networkModel) setOwn(ctx context.Context, ids []mdx.ACLRuleID, diags *diag.Diagnostics) {
	set, more := types.SetValueFrom(ctx, types.StringType, append([]mdx.ACLRuleID{}, ids...))
	diags.Append(more...)
	m.RuleIDs = set
}
