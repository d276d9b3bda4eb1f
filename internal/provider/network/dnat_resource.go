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

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/portal"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/provider/kit"
)

var (
	_ resource.ResourceWithConfigure   = (*dnatResource)(nil)
	_ resource.ResourceWithImportState = (*dnatResource)(nil)
	_ resource.ResourceWithIdentity    = (*dnatResource)(nil)
	_ resource.ResourceWithModifyPlan  = (*dnatResource)(nil)
)

type dnatResource struct{ portal *kit.Provider }

// NewDNATResource makes the resource mdx_dnat.
func NewDNATResource() resource.Resource { return &dnatResource{} }

// Metadata names the resource.
func (r *dnatResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_dnat"
}

// Configure takes the shared portal.
func (r *dnatResource) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.portal = kit.Configured(req.ProviderData, &resp.Diagnostics)
}

// Schema is the resource's schema.
func (r *dnatResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = dnatSchema(ctx)
}

// IdentitySchema is what tells one of these resources from all others.
func (r *dnatResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		"id": identityschema.StringAttribute{RequiredForImport: true, Description: "Id of the rule."},
	}}
}

// ModifyPlan looks for the segment while planning.
func (r *dnatResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	r.portal.CheckSegment(ctx, req, &resp.Diagnostics)
}

// Create makes the rule and waits until the project's list shows it.
func (r *dnatResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan dnatModel
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
	rule, isAdopted, err := r.portal.Publish(ctx, want)
	if isAdopted {
		resp.Diagnostics.AddWarning(adoptedRule(want))
	}
	if err != nil {
		resp.Diagnostics.Append(r.notPublished(ctx, want, err))
	}
	switch _, mayCome := errors.AsType[*portal.DoubtError](err); {
	case err == nil:
		plan.setAsked(rule)
		resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
		resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
	case mayCome:
		plan.setAsked(rule)
		resp.Diagnostics.Append(resp.State.Set(ctx, plan)...) // the next apply finds it by its addresses
	}
}

// notPublished is the diagnostic of a rule that was not made.
func (r *dnatResource) notPublished(ctx context.Context, want portal.DNATRuleAt, err error) diag.Diagnostic {
	taken, isTaken := errors.AsType[*portal.AddressTakenError](err)
	there, isPublished := errors.AsType[*portal.PublishedError](err)
	label := r.portal.SegmentLabel(ctx, want.Project, want.Segment)
	switch {
	case isTaken && want.Pool.IsValid() && taken.By != nil:
		return diag.NewAttributeErrorDiagnostic(path.Root("pool_address"), "Public address taken", fmt.Sprintf(
			"%s leads to %s on segment %q already. Choose another, or leave pool_address out to have a free one. If that rule is meant "+
				"to be this one, import it: terraform import <address of this resource> %s",
			want.Pool, taken.By.DstAddress, taken.By.SegmentName, taken.By.ID))
	case isPublished:
		return diag.NewAttributeErrorDiagnostic(path.Root("destination_address"), "Public address exists already", fmt.Sprintf(
			"%s leads to %s on segment %q already. If that rule is meant to be this one, import it: terraform import <address of "+
				"this resource> %s. For a second public address name it in pool_address.",
			there.By.PoolAddress, want.Destination, label, there.By.ID))
	}
	return kit.PortalError(fmt.Sprintf("lead a public address to %s %s", want.Destination, portal.OnSegment(label)), err)
}

// Read asks the project's list for the rule; one that is not in it leaves the state.
func (r *dnatResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state dnatModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	timeout, diags := state.Timeouts.Read(ctx, ruleReadTimeout)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	at := state.at()
	rule, found, err := r.portal.FindDNAT(ctx, at)
	var segments []mdx.Segment
	if err == nil && found {
		segments, err = r.portal.KnownSegments(ctx, at.Project, rule.SegmentName)
	}
	switch {
	case err != nil:
		resp.Diagnostics.Append(kit.PortalError("read the DNAT rule for "+state.PoolAddress.ValueString(), err))
	case found:
		state.set(rule, segments)
		if !kit.JustImported(ctx, resp.Private, &resp.Diagnostics) {
			r.portal.SettleDNAT(ctx, state.at())
		}
		resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
	default:
		resp.State.RemoveResource(ctx)
	}
	resp.Diagnostics.Append(resp.Identity.Set(ctx, state.identity())...) // asked for even of what is gone
}

// Update takes over new timeouts; everything else replaces the rule.
func (r *dnatResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan dnatModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
}

// Delete removes the rule and waits until the project's list no longer has it.
func (r *dnatResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state dnatModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	timeout, diags := state.Timeouts.Delete(ctx, ruleWriteTimeout)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if err := r.portal.Unpublish(ctx, state.at()); err != nil {
		resp.Diagnostics.Append(kit.PortalError(fmt.Sprintf("remove the DNAT rule from %s to %s",
			state.PoolAddress.ValueString(), state.at().Destination), err))
	}
}
