package network

import (
	"context"
	"fmt"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/portal"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/provider/kit"
)

var (
	_ resource.ResourceWithConfigure      = (*aclRuleResource)(nil)
	_ resource.ResourceWithImportState    = (*aclRuleResource)(nil)
	_ resource.ResourceWithIdentity       = (*aclRuleResource)(nil)
	_ resource.ResourceWithValidateConfig = (*aclRuleResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*aclRuleResource)(nil)
)

type aclRuleResource struct{ portal *kit.Provider }

func NewACLRuleResource() resource.Resource { return &aclRuleResource{} }

// Metadata names the resource.
func (r *aclRuleResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_acl_rule"
}

// Configure takes the shared portal.
func (r *aclRuleResource) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.portal = kit.Configured(req.ProviderData, &resp.Diagnostics)
}

// Schema is the resource's schema.
func (r *aclRuleResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = aclRuleSchema(ctx)
}

// IdentitySchema is what tells one of these resources from all others.
func (r *aclRuleResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		"segment_id": identityschema.StringAttribute{RequiredForImport: true, Description: "Id of the segment."},
		"id":         identityschema.StringAttribute{RequiredForImport: true, Description: "Id of the rule."},
	}}
}

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

func (m *aclRuleModel) segment() mdx.SegmentID { return mdx.SegmentID(m.SegmentID.ValueString()) }

func (m *aclRuleModel) project() mdx.ProjectID { return mdx.ProjectID(m.ProjectID.ValueString()) }

// set takes over a rule of the portal; what means the same stays as it is written.
func (m *aclRuleModel) set(rule mdx.ACLRule) {
	m.ID = types.StringValue(string(rule.ID))
	now := modelOf(rule)
	for _, port := range []*portText{&now.SourcePort, &now.DestinationPort} {
		if port.IsNull() {
			*port = spell[portSpelling]("any")
		}
	}
	m.ruleModel = ruleModel{
		Protocol:   m.Protocol.told(now.Protocol),
		SourceCIDR: m.SourceCIDR.told(now.SourceCIDR), SourcePort: m.SourcePort.told(now.SourcePort),
		DestinationCIDR: m.DestinationCIDR.told(now.DestinationCIDR), DestinationPort: m.DestinationPort.told(now.DestinationPort),
	}
}

// is tells whether a rule of the portal is the one. Until its id was seen, what it says tells.
func (m *aclRuleModel) is(rule mdx.ACLRule) bool {
	if id := m.ID.ValueString(); id != "" {
		return string(rule.ID) == id
	}
	told, known := m.rule()
	return known && told.Same(rule)
}

// ValidateConfig refuses what no rule can be.
func (r *aclRuleResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var config aclRuleModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	config.check(path.Root, &resp.Diagnostics)
}

// ModifyPlan looks for the segment while planning.
func (r *aclRuleResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	r.portal.CheckSegment(ctx, req, &resp.Diagnostics)
}

// Create adds the rule to its segment.
func (r *aclRuleResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan aclRuleModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	timeout, diags := plan.Timeouts.Create(ctx, ruleWriteTimeout)
	resp.Diagnostics.Append(diags...)
	project := r.portal.ProjectFor(ctx, plan.ProjectID, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	plan.ProjectID, plan.ID = types.StringValue(string(project)), types.StringNull()
	wanted, _ := plan.rule()
	doing := r.doing(ctx, "create", plan, wanted)
	release, err := r.portal.ClaimRules(plan.segment(), []mdx.ACLRule{wanted})
	if err != nil {
		resp.Diagnostics.Append(kit.PortalError(doing, err))
		return
	}
	defer release()
	var have []mdx.ACLRule
	thing := portal.ACLThing(plan.segment(), wanted)
	left, err := r.portal.LeftRule(ctx, project, func() (found, another bool, err error) {
		rules, err := r.portal.RulesLike(ctx, plan.segment(), []mdx.ACLRule{wanted})
		i := slices.IndexFunc(rules, wanted.Same)
		if i >= 0 {
			plan.ID = types.StringValue(string(rules[i].ID))
		}
		return i >= 0, false, err
	}, thing)
	if err == nil && left {
		resp.Diagnostics.AddWarning(takenUpRule(thing))
		resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
		resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
		return
	}
	for range 2 { // what one list leaves out would be made again
		if err == nil {
			var listed []mdx.ACLRule
			listed, err = r.portal.RulesLike(ctx, plan.segment(), []mdx.ACLRule{wanted})
			have = slices.Concat(have, listed)
		}
	}
	if err != nil {
		resp.Diagnostics.Append(kit.PortalError(doing, err))
		return
	}
	if i := slices.IndexFunc(have, wanted.Same); i >= 0 {
		resp.Diagnostics.AddError("Rule exists already", fmt.Sprintf(
			"Segment %q has the rule %s already, made by somebody else or by another resource. If it is meant to be this one, "+
				"import it: terraform import <address of this resource> %s/%s",
			r.portal.SegmentLabel(ctx, project, plan.segment()), portal.DescribeRule(wanted), plan.segment(), have[i].ID))
		return
	}
	err = r.portal.Noted(ctx, portal.OperationCreateACL, project, thing, portal.IsRuleRefused, func() error {
		_, err := r.portal.AddRules(ctx, plan.segment(), have, []mdx.ACLRule{wanted}, func(made mdx.ACLRule) {
			plan.ID = types.StringValue(string(made.ID))
			resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
			resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
		})
		return err
	})
	if err != nil {
		resp.Diagnostics.Append(kit.PortalError(doing, err))
		if portal.IsContextError(err) || mdx.IsAmbiguous(err) {
			resp.Diagnostics.Append(resp.State.Set(ctx, plan)...) // it may come to be: the next apply knows it by what it says
		}
	}
}

// Read asks the segment's list for the rule; one that is not in it leaves the state.
func (r *aclRuleResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state aclRuleModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	timeout, diags := state.Timeouts.Read(ctx, ruleReadTimeout)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	rule, found, err := r.find(ctx, state)
	said, _ := state.rule()
	if err == nil && found {
		state.set(rule)
	}
	resp.Diagnostics.Append(resp.Identity.Set(ctx, state.identity())...) // also of a rule that is gone
	switch {
	case err == nil && found:
		if !kit.JustImported(ctx, resp.Private, &resp.Diagnostics) {
			r.portal.RuleInState(ctx, state.project(), portal.ACLThing(state.segment(), said), portal.ACLThing(state.segment(), rule))
		}
		resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
	case err == nil || r.portal.SegmentGone(ctx, state.project(), state.segment()):
		resp.Diagnostics.Append(resp.Identity.Set(ctx, state.identity())...) // asked for even of what is gone
		resp.State.RemoveResource(ctx)
	default:
		rule, _ := state.rule()
		resp.Diagnostics.Append(kit.PortalError(r.doing(ctx, "read", state, rule), err))
	}
}

// find looks for the rule. One that an interrupted run has asked for may still come to be, or to show, even if the run heard
// its id. Of one that is gone, the journal forgets what it has, unless a killed run has made another in its place, which
// Create takes up.
func (r *aclRuleResource) find(ctx context.Context, state aclRuleModel) (rule mdx.ACLRule, found bool, err error) {
	rule, found, err = r.portal.FindRule(ctx, state.segment(), state.is)
	said, whole := state.rule()
	if err != nil || found || !whole {
		return rule, found, err
	}
	_, err = r.portal.LeftRule(ctx, state.project(), func() (it, another bool, err error) {
		rules, err := r.portal.RulesLike(ctx, state.segment(), []mdx.ACLRule{said})
		if i := slices.IndexFunc(rules, state.is); i >= 0 {
			rule, found = rules[i], true
		}
		return found, slices.ContainsFunc(rules, said.Same), err
	}, portal.ACLThing(state.segment(), said))
	return rule, found, err
}

// Update changes the rule's protocol or ports in place. Its networks may be a VM's address; they change by making
// another rule, since Terraform would change them here only after that VM is gone.
func (r *aclRuleResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state aclRuleModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	timeout, diags := plan.Timeouts.Update(ctx, ruleWriteTimeout)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if said, whole := state.rule(); whole && state.ID.ValueString() != "" { // what it says now, others may say later
		r.portal.InState(ctx, state.project(), portal.ACLThing(state.segment(), said))
	}
	wanted, _ := plan.rule()
	wanted.ID = mdx.ACLRuleID(plan.ID.ValueString())
	if err := r.update(ctx, plan.segment(), wanted); err != nil {
		resp.Diagnostics.Append(kit.PortalError(r.doing(ctx, "change", plan, wanted), err))
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
}

// update changes a rule, unless it is as wanted already, and waits until the list shows it.
func (r *aclRuleResource) update(ctx context.Context, segment mdx.SegmentID, wanted mdx.ACLRule) error {
	have, err := r.portal.RulesLike(ctx, segment, []mdx.ACLRule{wanted})
	if err != nil {
		return err
	}
	same := portal.Only(have, wanted.Same)
	if slices.ContainsFunc(same, portal.WithID([]mdx.ACLRuleID{wanted.ID})) {
		return nil
	}
	if len(same) > 0 {
		return fmt.Errorf("the segment has another rule that says the same (%s): remove one of them", same[0].ID)
	}
	if err := r.portal.UpdateACLRule(ctx, wanted); err != nil {
		return err
	}
	r.portal.RulesChanged(segment, wanted.Family())
	return r.portal.Await(ctx, "the list to show the changed rule", func() (bool, error) {
		listed, err := r.portal.RulesLike(ctx, segment, []mdx.ACLRule{wanted})
		i := slices.IndexFunc(listed, portal.WithID([]mdx.ACLRuleID{wanted.ID}))
		return i >= 0 && listed[i].Same(wanted), err
	})
}

// Delete removes the rule and waits until the segment's list no longer has it.
func (r *aclRuleResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state aclRuleModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	timeout, diags := state.Timeouts.Delete(ctx, ruleWriteTimeout)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	told, _ := state.rule()
	gone := r.portal.RuleGoes(ctx, state.project(), portal.ACLThing(state.segment(), told))
	rule, found, err := r.find(ctx, state)
	if err == nil && found {
		err = r.portal.RemoveRules(ctx, state.segment(), []mdx.ACLRule{rule})
	}
	if err != nil && !r.portal.SegmentGone(ctx, state.project(), state.segment()) {
		resp.Diagnostics.Append(kit.PortalError(r.doing(ctx, "remove", state, told), err))
		return
	}
	if found { // else find has seen to it, and a killed run may have made another
		gone()
	}
}

// doing names rule and segment for an error.
func (r *aclRuleResource) doing(ctx context.Context, verb string, model aclRuleModel, rule mdx.ACLRule) string {
	return fmt.Sprintf("%s access rule %s %s", verb, portal.DescribeRule(rule), portal.OnSegment(r.portal.SegmentLabel(ctx, model.project(), model.segment())))
}

// takenUpRule tells the user.
func takenUpRule(thing string) (summary, detail string) {
	return "Rule taken up: " + thing, fmt.Sprintf("An interrupted run had made the %s. It was taken up; no other was made.", thing)
}
