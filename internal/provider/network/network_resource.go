package network

import (
	"context"
	"fmt"
	"slices"
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

// NewNetworkResource makes the resource mdx_network.
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
	set := portal.RuleSet{Exclusive: plan.Exclusive.ValueBool()}
	resp.Diagnostics.Append(keepOwner(ctx, &set.Owner, resp.Private)...)
	r.apply(ctx, &plan, set, &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, networkIdentity{plan.ID})...)
}

// apply brings the segment's rules to what model wants, and makes model tell what came of it.
func (r *networkResource) apply(ctx context.Context, model *networkModel, set portal.RuleSet, diags *diag.Diagnostics) {
	set.Project, set.Segment = model.place()
	set.Want, _ = model.wanted(ctx, diags)
	model.setOwn(ctx, set.Owner.Own, diags)
	if diags.HasError() {
		return
	}
	result, err := r.portal.SetRules(ctx, set)
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
	resp.Diagnostics.Append(resp.Identity.Set(ctx, networkIdentity{state.ID})...) // asked for even of what is gone
	project, segment := state.place()
	if r.portal.SegmentGone(ctx, project, segment) {
		resp.State.RemoveResource(ctx)
		return
	}
	state.SegmentID, state.SegmentName = state.ID, types.StringNull()
	r.describeSegment(ctx, &state, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	set := portal.RuleSet{Project: project, Segment: segment, Owner: portal.RuleOwner{Own: state.own(ctx, &resp.Diagnostics)}}
	own, others, err := r.portal.ReadRules(ctx, set)
	if err != nil {
		resp.Diagnostics.Append(kit.PortalError("read the access rules "+portal.OnSegment(state.Name.ValueString()), err))
		return
	}
	if !kit.JustImported(ctx, resp.Private, &resp.Diagnostics) {
		r.portal.SettleRules(ctx, set, slices.Concat(own, others))
	}
	state.follow(ctx, own, others, &resp.Diagnostics)
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
	set := portal.RuleSet{Exclusive: plan.Exclusive.ValueBool()}
	if told, _ := state.wanted(ctx, &resp.Diagnostics); state.Exclusive.ValueBool() {
		set.Planned = append([]mdx.ACLRule{}, told...) // what appeared after the plan was made was not in it
	}
	r.findPlanned(ctx, &plan, &resp.Diagnostics)
	set.Owner = ownerIn(ctx, req.Private, state.own(ctx, &resp.Diagnostics))
	resp.Diagnostics.Append(keepOwner(ctx, &set.Owner, resp.Private)...)
	if resp.Diagnostics.HasError() {
		return
	}
	r.apply(ctx, &plan, set, &resp.Diagnostics)
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
	set := portal.RuleSet{Owner: ownerIn(ctx, req.Private, state.own(ctx, &resp.Diagnostics))}
	set.Project, set.Segment = state.place()
	if err := r.portal.RemoveOwnRules(ctx, set); err != nil {
		resp.Diagnostics.Append(kit.PortalError("remove the access rules "+portal.OnSegment(state.Name.ValueString()), err))
	}
}
