package network

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/types"

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

// NewACLRuleResource makes the resource mdx_acl_rule.
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
	want := plan.at()
	rule, isAdopted, err := r.portal.CreateRule(ctx, want)
	plan.setID(rule.ID)
	if isAdopted {
		resp.Diagnostics.AddWarning(adoptedRule(want))
	}
	if err != nil {
		resp.Diagnostics.Append(r.notCreated(ctx, want, err))
	}
	switch _, mayCome := errors.AsType[*portal.DoubtError](err); {
	case rule.ID != "":
		resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
		resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
	case mayCome:
		resp.Diagnostics.Append(resp.State.Set(ctx, plan)...) // the next apply knows it by what it says
	}
}

// notCreated is the diagnostic of a rule that was not created.
func (r *aclRuleResource) notCreated(ctx context.Context, want portal.ACLRuleAt, err error) diag.Diagnostic {
	there, exists := errors.AsType[*portal.RuleExistsError](err)
	if !exists {
		return kit.PortalError(r.doing(ctx, "create", want), err)
	}
	return diag.NewErrorDiagnostic("Rule exists already", fmt.Sprintf(
		"Segment %q has the rule %s already, made by somebody else or by another resource. If it is meant to be this one, "+
			"import it: terraform import <address of this resource> %s/%s",
		r.portal.SegmentLabel(ctx, want.Project, want.Segment), portal.DescribeRule(want.Rule), want.Segment, there.Rule.ID))
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
	at := state.at()
	rule, found, err := r.portal.FindRule(ctx, at)
	switch {
	case err != nil:
		resp.Diagnostics.Append(kit.PortalError(r.doing(ctx, "read", at), err))
	case found:
		state.set(rule)
		if !kit.JustImported(ctx, resp.Private, &resp.Diagnostics) {
			r.portal.SettleRule(ctx, at, rule)
		}
		resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
	default:
		resp.State.RemoveResource(ctx)
	}
	resp.Diagnostics.Append(resp.Identity.Set(ctx, state.identity())...) // asked for even of what is gone
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
	want := plan.at()
	if err := r.portal.ChangeRule(ctx, state.at(), want.Rule); err != nil {
		resp.Diagnostics.Append(kit.PortalError(r.doing(ctx, "change", want), err))
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
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
	if err := r.portal.RemoveRule(ctx, state.at()); err != nil {
		resp.Diagnostics.Append(kit.PortalError(r.doing(ctx, "remove", state.at()), err))
	}
}

// doing names rule and segment for an error.
func (r *aclRuleResource) doing(ctx context.Context, verb string, at portal.ACLRuleAt) string {
	label := r.portal.SegmentLabel(ctx, at.Project, at.Segment)
	return fmt.Sprintf("%s access rule %s %s", verb, portal.DescribeRule(at.Rule), portal.OnSegment(label))
}

// adoptedRule tells the user.
func adoptedRule(rule fmt.Stringer) (summary, detail string) {
	return "Rule taken up: " + rule.String(), fmt.Sprintf(
		"An interrupted run had made the %s. It was taken up; no other was made.", rule)
}
