package network

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-nettypes/iptypes"
	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
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

// dnatModel is mdx_dnat in configuration, plan and state.
type dnatModel struct {
	ID                 types.String        `tfsdk:"id"`
	ProjectID          types.String        `tfsdk:"project_id"`
	SegmentID          types.String        `tfsdk:"segment_id"`
	DestinationAddress iptypes.IPv4Address `tfsdk:"destination_address"`
	PoolAddress        iptypes.IPv4Address `tfsdk:"pool_address"`
	Timeouts           timeouts.Value      `tfsdk:"timeouts"`
}

// dnatIdentity tells a DNAT rule from all others.
type dnatIdentity struct {
	ID types.String `tfsdk:"id"`
}

// identity is not null even of a rule whose id nobody has seen yet, since the framework asks for one.
func (m *dnatModel) identity() dnatIdentity {
	return dnatIdentity{types.StringValue(m.ID.ValueString())}
}

func (m *dnatModel) project() mdx.ProjectID { return mdx.ProjectID(m.ProjectID.ValueString()) }

func (m *dnatModel) segment() mdx.SegmentID { return mdx.SegmentID(m.SegmentID.ValueString()) }

func (m *dnatModel) destination() netip.Addr { return parseAddress(m.DestinationAddress) }

// things are the names that the rule may have in the journal: the state does not tell who chose its public address.
func (m *dnatModel) things() []string {
	return []string{
		portal.DNATThing(m.segment(), parseAddress(m.PoolAddress), m.destination()), portal.DNATThing(m.segment(), netip.Addr{}, m.destination()),
	}
}

// besideAnother tells whether the journal has both names of a rule. Then its public address was chosen, and the other name is
// that of one to the same machine which was to have any: a killed run has left it, and it is not to be taken for the first.
func besideAnother(p *kit.Provider, m *dnatModel) bool {
	open := mdx.DNAT{DstAddress: m.destination()}
	one := mdx.DNAT{DstAddress: m.destination(), PoolAddress: parseAddress(m.PoolAddress)}
	return one != open && p.Chosen(m.project(), m.segment(), one) && p.Chosen(m.project(), m.segment(), open)
}

// parseAddress is the zero Addr for what is not known or not given.
func parseAddress(text iptypes.IPv4Address) netip.Addr {
	address, err := netip.ParseAddr(text.ValueString())
	if err != nil {
		return netip.Addr{}
	}
	return address
}

// set takes over a rule of the portal, which names the segment. A name that no segment has stays as it is, so that it
// shows as a difference.
func (m *dnatModel) set(rule mdx.DNAT, segments []mdx.Segment) {
	m.ID = types.StringValue(string(rule.ID))
	m.SegmentID = kit.SegmentID(rule.SegmentName, m.SegmentID.ValueString(), segments)
	m.DestinationAddress = iptypes.NewIPv4AddressValue(rule.DstAddress.String())
	m.PoolAddress = iptypes.NewIPv4AddressValue(rule.PoolAddress.String())
}

// is tells whether a rule of the portal is the one. Until its id was seen, its addresses tell.
func (m *dnatModel) is(rule mdx.DNAT) bool {
	if id := m.ID.ValueString(); id != "" {
		return string(rule.ID) == id
	}
	return rule.DstAddress == m.destination() && rule.PoolAddress == parseAddress(m.PoolAddress)
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
	pool := parseAddress(plan.PoolAddress)
	thing := portal.DNATThing(plan.segment(), pool, plan.destination())
	label := r.portal.SegmentLabel(ctx, project, plan.segment())
	left, err := r.portal.LeftRule(ctx, project, func() (found, another bool, err error) {
		rules, err := r.portal.DNATRules(ctx, project, 0)
		i := slices.IndexFunc(rules, answers(r.portal, &plan, pool, label))
		if i >= 0 {
			plan.ID, plan.PoolAddress = types.StringValue(string(rules[i].ID)), iptypes.NewIPv4AddressValue(rules[i].PoolAddress.String())
		}
		return i >= 0, false, err
	}, thing)
	if err != nil {
		resp.Diagnostics.Append(kit.PortalError("list the DNAT rules", err))
		return
	}
	if left {
		resp.Diagnostics.AddWarning(takenUpRule(thing))
		resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
		resp.Diagnostics.Append(resp.Identity.Set(ctx, dnatIdentity{plan.ID})...)
		return
	}
	if !pool.IsValid() {
		r.refuseSecond(ctx, plan, &resp.Diagnostics)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	doing := fmt.Sprintf("lead a public address to %s %s", plan.destination(),
		portal.OnSegment(label))
	asked := func(address netip.Addr) {
		plan.PoolAddress = iptypes.NewIPv4AddressValue(address.String())
	}
	var made mdx.DNAT
	err = r.portal.Noted(ctx, portal.OperationCreateDNAT, project, thing, portal.NeverAsked, func() error {
		made, err = r.portal.Publish(ctx, project, plan.segment(), pool, plan.destination(), asked)
		return err
	})
	if taken, is := errors.AsType[*portal.AddressTakenError](err); is && pool.IsValid() && taken.By != nil {
		resp.Diagnostics.AddAttributeError(path.Root("pool_address"), "Public address taken", fmt.Sprintf(
			"%s leads to %s on segment %q already. Choose another, or leave pool_address out to have a free one. If that rule is meant "+
				"to be this one, import it: terraform import <address of this resource> %s",
			pool, taken.By.DstAddress, taken.By.SegmentName, taken.By.ID))
		return
	}
	if err != nil {
		resp.Diagnostics.Append(kit.PortalError(doing, err))
		if !portal.NeverAsked(err) {
			resp.Diagnostics.Append(resp.State.Set(ctx, plan)...) // it may come to be: the next apply finds it by its addresses
		}
		return
	}
	plan.ID = types.StringValue(string(made.ID))
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
}

// refuseSecond stops a rule for a machine that a public address leads to already, unless the configuration names the
// further address.
func (r *dnatResource) refuseSecond(ctx context.Context, plan dnatModel, diags *diag.Diagnostics) {
	var rules []mdx.DNAT
	for range 2 { // what one list leaves out would be made again
		listed, err := r.portal.DNATRules(ctx, plan.project(), 0)
		if err != nil {
			diags.Append(kit.PortalError("list the DNAT rules", err))
			return
		}
		rules = append(rules, listed...)
	}
	label := r.portal.SegmentLabel(ctx, plan.project(), plan.segment())
	i := slices.IndexFunc(rules, func(rule mdx.DNAT) bool {
		return rule.DstAddress == plan.destination() && rule.SegmentName == label
	})
	if i >= 0 {
		diags.AddAttributeError(path.Root("destination_address"), "Public address exists already", fmt.Sprintf(
			"%s leads to %s on segment %q already. If that rule is meant to be this one, import it: terraform import <address of "+
				"this resource> %s. For a second public address name it in pool_address.",
			rules[i].PoolAddress, plan.destination(), label, rules[i].ID))
	}
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
	rule, segments, err := r.find(ctx, state)
	if rule != nil {
		state.set(*rule, segments)
	}
	resp.Diagnostics.Append(resp.Identity.Set(ctx, state.identity())...) // also of a rule that is gone
	switch {
	case err != nil:
		resp.Diagnostics.Append(kit.PortalError("read the DNAT rule for "+state.PoolAddress.ValueString(), err))
	case rule == nil:
		// An identity is asked for even of what is gone, or never got an id.
		resp.Diagnostics.Append(resp.Identity.Set(ctx, dnatIdentity{types.StringValue(state.ID.ValueString())})...)
		resp.State.RemoveResource(ctx)
	default:
		if !kit.JustImported(ctx, resp.Private, &resp.Diagnostics) && !besideAnother(r.portal, &state) {
			r.portal.RuleInState(ctx, state.project(), state.things()...)
		}
		resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
	}
}

// find looks for the rule. One that was asked for, and that nobody has seen, may still come to be. Of one that is gone, the
// journal forgets what it has, unless a killed run has made another in its place, which Create takes up.
func (r *dnatResource) find(ctx context.Context, state dnatModel) (rule *mdx.DNAT, segments []mdx.Segment, err error) {
	rule, segments, err = r.look(ctx, state)
	if err != nil || rule != nil {
		return rule, segments, err
	}
	if _, err := r.portal.KnownSegments(ctx, state.project(), string(state.segment())); err != nil {
		return nil, nil, err // without its name nothing answers
	}
	label := r.portal.SegmentLabel(ctx, state.project(), state.segment())
	for _, pool := range []netip.Addr{parseAddress(state.PoolAddress), {}} {
		left, err := r.portal.LeftRule(ctx, state.project(), func() (it, another bool, err error) {
			rules, err := r.portal.DNATRules(ctx, state.project(), 0)
			return slices.ContainsFunc(rules, state.is), slices.ContainsFunc(rules, answers(r.portal, &state, pool, label)), err
		}, portal.DNATThing(state.segment(), pool, state.destination()))
		if err != nil {
			return nil, nil, err
		}
		if left { // it, or the other
			return r.look(ctx, state)
		}
	}
	return nil, nil, nil
}

// answers tells of rules whether they may be what was asked for with a public address, or with any.
func answers(p *kit.Provider, asked *dnatModel, pool netip.Addr, segmentName string) func(mdx.DNAT) bool {
	return func(rule mdx.DNAT) bool {
		return rule.DstAddress == asked.destination() && rule.SegmentName == segmentName &&
			(rule.PoolAddress == pool || !pool.IsValid() && !p.Chosen(asked.project(), asked.segment(), rule))
	}
}

// look looks for the rule in the project's list, twice before it says that there is none.
func (r *dnatResource) look(ctx context.Context, state dnatModel) (*mdx.DNAT, []mdx.Segment, error) {
	for _, age := range []time.Duration{r.portal.PollInterval, 0} {
		rules, err := r.portal.DNATRules(ctx, state.project(), age)
		if err != nil {
			return nil, nil, err
		}
		if i := slices.IndexFunc(rules, state.is); i >= 0 {
			segments, err := r.portal.KnownSegments(ctx, state.project(), rules[i].SegmentName)
			if err != nil {
				return nil, nil, err
			}
			return &rules[i], segments, nil
		}
	}
	return nil, nil, nil
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
	things := state.things()
	if besideAnother(r.portal, &state) {
		things = things[:1]
	}
	gone := r.portal.RuleGoes(ctx, state.project(), things...)
	rule, _, err := r.find(ctx, state)
	if err == nil && rule != nil {
		err = r.portal.Unpublish(ctx, state.project(), rule.ID)
	}
	if err != nil {
		resp.Diagnostics.Append(kit.PortalError(fmt.Sprintf("remove the DNAT rule from %s to %s",
			state.PoolAddress.ValueString(), state.destination()), err))
		return
	}
	if rule != nil { // else find has seen to it, and a killed run may have made another
		gone()
	}
}
