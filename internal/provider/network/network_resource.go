package network

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/portal"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/provider/kit"
)

var (
	_ resource.ResourceWithConfigure      = (*networkResource)(nil)
	_ resource.ResourceWithImportState    = (*networkResource)(nil)
	_ resource.ResourceWithIdentity       = (*networkResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*networkResource)(nil)
	_ resource.ResourceWithValidateConfig = (*networkResource)(nil)
)

type networkResource struct{ portal *kit.Provider }

func NewNetworkResource() resource.Resource { return &networkResource{} }

// Default time limits of what concerns rules. A change of a rule takes seconds; hundreds of them take their time.
const (
	ruleReadTimeout  = 5 * time.Minute
	ruleWriteTimeout = 20 * time.Minute
)

// Metadata names the resource.
func (r *networkResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_network"
}

// Configure takes the shared portal.
func (r *networkResource) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.portal = kit.Configured(req.ProviderData, &resp.Diagnostics)
}

// Schema is the resource's schema.
func (r *networkResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = networkSchema(ctx)
}

// IdentitySchema is what tells one of these resources from all others.
func (r *networkResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		"segment_id": identityschema.StringAttribute{RequiredForImport: true, Description: "Id of the segment."},
	}}
}

// Create puts the rules on the segment.
func (r *networkResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan networkModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	timeout, diags := plan.Timeouts.Create(ctx, ruleWriteTimeout)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	r.findPlanned(ctx, &plan, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	goes := portal.NoRule
	if plan.Exclusive.ValueBool() {
		goes = portal.AnyRule
	}
	var who portal.RuleOwner
	resp.Diagnostics.Append(keepOwner(ctx, &who, resp.Private)...)
	r.apply(ctx, &plan, who, goes, &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, networkIdentity{plan.ID})...)
}

// apply brings the segment's rules to what model wants, and makes model tell what came of it.
func (r *networkResource) apply(
	ctx context.Context, model *networkModel, who portal.RuleOwner, goes func(mdx.ACLRule) bool, diags *diag.Diagnostics,
) {
	want, _ := model.wanted(ctx, diags)
	model.setOwn(ctx, who.Own, diags)
	if diags.HasError() {
		return
	}
	result, err := r.portal.SetRules(ctx, mdx.ProjectID(model.ProjectID.ValueString()), mdx.SegmentID(model.ID.ValueString()), want, who, goes)
	if err != nil {
		diags.Append(kit.PortalError("set the access rules "+portal.OnSegment(model.Name.ValueString()), err))
		model.setRules(ctx, result.Holds, diags)
	}
	model.setOwn(ctx, result.Own, diags)
	if len(result.Shared) > 0 {
		diags.AddAttributeWarning(path.Root("acl"), "Rules exist already", fmt.Sprintf(
			"Segment %q has these rules already, made by somebody else or by another resource:%s\nThey are used as they are, not made "+
				"a second time, and they stay when this resource goes.", model.Name.ValueString(), portal.DescribeRules(result.Shared)))
	}
}

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

// Read tells which of the resource's rules there are; on an exclusive segment, all rules.
func (r *networkResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state networkModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	timeout, diags := state.Timeouts.Read(ctx, ruleReadTimeout)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	resp.Diagnostics.Append(resp.Identity.Set(ctx, networkIdentity{state.ID})...) // also of a segment that is gone
	project, segment := mdx.ProjectID(state.ProjectID.ValueString()), mdx.SegmentID(state.ID.ValueString())
	if r.portal.SegmentGone(ctx, project, segment) {
		resp.Diagnostics.Append(resp.Identity.Set(ctx, networkIdentity{state.ID})...) // asked for even of what is gone
		resp.State.RemoveResource(ctx)
		return
	}
	state.SegmentID, state.SegmentName = state.ID, types.StringNull()
	r.describeSegment(ctx, &state, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	ids := state.own(ctx, &resp.Diagnostics)
	have, err := r.portal.Rules(ctx, segment, r.portal.PollInterval)
	if err == nil {
		have, err = r.portal.WithOmitted(ctx, segment, have, ids)
	}
	if err != nil {
		resp.Diagnostics.Append(kit.PortalError("read the access rules "+portal.OnSegment(state.Name.ValueString()), err))
		return
	}
	told, _ := state.wanted(ctx, &resp.Diagnostics)
	own := portal.WithID(ids)
	mine := func(rule mdx.ACLRule) bool {
		return state.Exclusive.ValueBool() || own(rule) || portal.SameAsAny(told)(rule)
	}
	if !kit.JustImported(ctx, resp.Private, &resp.Diagnostics) {
		r.portal.ForgetRules(ctx, project, segment, have, portal.RuleIDs(portal.Only(have, own)))
	}
	state.setRules(ctx, portal.Only(have, mine), &resp.Diagnostics)
	state.setOwn(ctx, portal.RuleIDs(portal.Only(have, own)), &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
}

// Update brings the rules from those of the state to those of the plan.
func (r *networkResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state networkModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	timeout, diags := plan.Timeouts.Update(ctx, ruleWriteTimeout)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	told, _ := state.wanted(ctx, &resp.Diagnostics)
	goes := portal.NoRule
	switch {
	case plan.Exclusive.ValueBool() && state.Exclusive.ValueBool():
		goes = portal.SameAsAny(told) // what appeared after the plan was made was not in it
	case plan.Exclusive.ValueBool():
		goes = portal.AnyRule
	}
	r.findPlanned(ctx, &plan, &resp.Diagnostics)
	who := ownerIn(ctx, req.Private, state.own(ctx, &resp.Diagnostics))
	resp.Diagnostics.Append(keepOwner(ctx, &who, resp.Private)...)
	if resp.Diagnostics.HasError() {
		return
	}
	r.apply(ctx, &plan, who, goes, &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, networkIdentity{plan.ID})...)
}

// Delete removes the resource's own rules and leaves the segment, and what others made, alone.
func (r *networkResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state networkModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	timeout, diags := state.Timeouts.Delete(ctx, ruleWriteTimeout)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	project, segment := mdx.ProjectID(state.ProjectID.ValueString()), mdx.SegmentID(state.ID.ValueString())
	who := ownerIn(ctx, req.Private, state.own(ctx, &resp.Diagnostics))
	if err := r.portal.RemoveOwnRules(ctx, project, segment, who); err != nil && !r.portal.SegmentGone(ctx, project, segment) {
		resp.Diagnostics.Append(kit.PortalError("remove the access rules "+portal.OnSegment(state.Name.ValueString()), err))
	}
}
