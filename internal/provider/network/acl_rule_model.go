package network

import (
	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/portal"
)

// aclRuleModel is mdx_acl_rule in configuration, plan and state.
type aclRuleModel struct {
	ruleModel
	ID        types.String   `tfsdk:"id"`
	ProjectID types.String   `tfsdk:"project_id"`
	SegmentID types.String   `tfsdk:"segment_id"`
	Timeouts  timeouts.Value `tfsdk:"timeouts"`
}

// aclRuleIdentity tells a rule from all others.
type aclRuleIdentity struct {
	SegmentID types.String `tfsdk:"segment_id"`
	ID        types.String `tfsdk:"id"`
}

func (m *aclRuleModel) identity() aclRuleIdentity { return aclRuleIdentity{m.SegmentID, m.ID} }

// at is the model in the portal's terms. Until its id was seen, what it says tells the rule.
func (m *aclRuleModel) at() portal.ACLRuleAt {
	rule, _ := m.rule()
	rule.ID = mdx.ACLRuleID(m.ID.ValueString())
	return portal.ACLRuleAt{
		Project: mdx.ProjectID(m.ProjectID.ValueString()), Segment: mdx.SegmentID(m.SegmentID.ValueString()), Rule: rule,
	}
}

// set takes over a rule of the portal; what means the same stays as it is written.
func (m *aclRuleModel) set(rule mdx.ACLRule) {
	m.setID(rule.ID)
	m.ruleModel.set(rule)
}

// setID takes over an id, if it is known.
func (m *aclRuleModel) setID(id mdx.ACLRuleID) {
	if m.ID = types.StringNull(); id != "" {
		m.ID = types.StringValue(string(id))
	}
}
