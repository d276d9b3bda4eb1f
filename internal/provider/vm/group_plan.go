package vm

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/portal"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/provider/kit"
)

var _ resource.ResourceWithModifyPlan = (*vmGroupResource)(nil)

// ModifyPlan completes the plan like that of mdx_vm, and plans the members: those that stay stay known, so that what
// follows their addresses is not planned anew when the group grows.
func (r *vmGroupResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() || r.portal == nil {
		return
	}
	var plan, config, state vmGroupModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if !req.State.Raw.IsNull() {
		resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	switch {
	case req.State.Raw.IsNull():
		r.planNew(ctx, config, &plan, &resp.Diagnostics)
	default:
		resp.RequiresReplace = append(resp.RequiresReplace, replacedBy(state.vm(""), plan.vm(""))...)
		if len(resp.RequiresReplace) > 0 || !plan.NamePrefix.Equal(state.NamePrefix) {
			return // Terraform has the new group planned by itself
		}
		uneven, diags := req.Private.GetKey(ctx, unevenKey)
		resp.Diagnostics.Append(diags...)
		r.planChange(ctx, state, config, &plan, uneven != nil, &resp.Diagnostics)
	}
	resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
}

// planNew plans a group to be made.
func (r *vmGroupResource) planNew(ctx context.Context, config vmGroupModel, plan *vmGroupModel, diags *diag.Diagnostics) {
	if config.ProjectID.IsUnknown() {
		return
	}
	project := r.portal.ProjectFor(ctx, config.ProjectID, diags)
	if diags.HasError() {
		return
	}
	plan.ProjectID = types.StringValue(string(project))
	plan.LoginUsername = r.planMembers(ctx, config, plan, plan.Size, diags)
}

// planMembers completes and checks the hardware of so many new members.
func (r *vmGroupResource) planMembers(
	ctx context.Context, config vmGroupModel, plan *vmGroupModel, count types.Int64, diags *diag.Diagnostics,
) types.String {
	hardware := newHardware{r.portal, plan.project(), &plan.vmHardwareModel, config.vmHardwareModel, diags}
	login := hardware.complete(ctx)
	if !diags.HasError() {
		hardware.checkQuota(ctx, count.ValueInt64(), vmHardwareModel{})
	}
	return login
}

// planChange plans an update in place.
func (r *vmGroupResource) planChange(
	ctx context.Context, state, config vmGroupModel, plan *vmGroupModel, uneven bool, diags *diag.Diagnostics,
) {
	change := groupChange(ctx, state, *plan, uneven, diags)
	checkChange(ctx, r.portal, state.vm(""), plan.vm(""), change, diags)
	if diags.HasError() {
		return
	}
	if state.CatalogID.IsNull() && kit.IsSet(plan.CatalogID) {
		vm := plan.vm("")
		takeOver(ctx, r.portal, &vm, diags)
		plan.vmHardwareModel, plan.LoginUsername = vm.vmHardwareModel, vm.LoginUsername
	}
	if plan.Size.IsUnknown() || plan.StartIndex.IsUnknown() {
		plan.Members, plan.IPv4Addresses = types.ListUnknown(memberType), types.ListUnknown(types.StringType)
		return
	}
	c := compare(*plan, state.members(ctx, diags))
	if added := len(c.missing); added > 0 {
		r.planMembers(ctx, config, plan, types.Int64Value(int64(added)), diags)
	}
	plan.setMembers(ctx, c.planned(*plan, change), diags)
}

// groupChange is what an update asks of every member. Members that are uneven are looked at one by one.
func groupChange(ctx context.Context, state, plan vmGroupModel, uneven bool, diags *diag.Diagnostics) portal.VMChange {
	change := changeOf(ctx, state.vm(""), plan.vm(""), diags)
	change.PowerChanges = uneven || !plan.PowerState.Equal(state.PowerState) // addresses are looked at member by member
	return change
}

// comparison is what becomes of a group's members.
type comparison struct {
	sound   []memberModel   // they stay, under the names that they have here
	renamed map[string]bool // by id: those of them that are to get their names back
	broken  []memberModel   // another VM takes their place
	surplus []memberModel
	missing []string
	order   []string // all names that the group is to have
}

func compare(group vmGroupModel, members []memberModel) comparison {
	c := comparison{order: group.names(), renamed: map[string]bool{}}
	have := map[string]memberModel{}
	for _, member := range members {
		have[member.Name.ValueString()] = member
	}
	for _, name := range c.order {
		member, ok := have[name]
		delete(have, name)
		switch {
		case !ok:
			c.missing = append(c.missing, name)
		case member.pastRepair():
			c.broken = append(c.broken, member)
		default:
			c.sound = append(c.sound, member)
		}
	}
	for _, member := range members {
		if _, left := have[member.Name.ValueString()]; !left {
			continue
		}
		_, numbered := memberNumber(group.NamePrefix.ValueString(), member.Name.ValueString())
		if numbered || len(c.missing) == 0 || member.pastRepair() {
			c.surplus = append(c.surplus, member)
			continue
		}
		// Somebody has renamed it on the portal. It is the same VM for all that, with all that is on it.
		member.Name, c.missing = types.StringValue(c.missing[0]), c.missing[1:]
		c.renamed[member.ID.ValueString()] = true
		c.sound = append(c.sound, member)
	}
	return c
}

// lacks tells whether a member is yet to be started or stopped, or to get its address.
func (m *vmGroupModel) lacks(member memberModel) bool {
	running := member.Status.ValueString() == string(mdx.VMPowerOn)
	return running != m.wantsRunning() || running && m.WaitForAddress.ValueBool() && member.IPv4Address.IsNull()
}

// planned are the members as far as they are known before the update.
func (c comparison) planned(group vmGroupModel, change portal.VMChange) []memberModel {
	have := map[string]memberModel{}
	for _, member := range c.sound {
		works := !change.Empty() || group.lacks(member)
		if works {
			member.Status = types.StringUnknown()
		}
		if change.NetworkAdapters != nil || works && member.IPv4Address.IsNull() {
			member.IPv4Address = types.StringUnknown()
		}
		if change.NetworkAdapters != nil || works && member.IPv6Address.IsNull() {
			member.IPv6Address = types.StringUnknown()
		}
		have[member.Name.ValueString()] = member
	}
	var members []memberModel
	for _, name := range c.order {
		member, ok := have[name]
		if !ok {
			member = memberModel{
				ID: types.StringUnknown(), Name: types.StringValue(name), Status: types.StringUnknown(),
				IPv4Address: types.StringUnknown(), IPv6Address: types.StringUnknown(),
			}
		}
		members = append(members, member)
	}
	return members
}

// keepPlanned restores what the plan promised of members that stay: the portal may change it at any moment on its own,
// and the next refresh shows that, while an apply that answers other than planned would be an error.
func (m *vmGroupModel) keepPlanned(ctx context.Context, plan vmGroupModel, diags *diag.Diagnostics) {
	is := map[string]memberModel{}
	for _, member := range m.members(ctx, diags) {
		is[member.Name.ValueString()] = member
	}
	var members []memberModel
	for _, planned := range plan.members(ctx, diags) {
		member := is[planned.Name.ValueString()]
		if !planned.IPv4Address.IsUnknown() && !planned.IPv4Address.Equal(member.IPv4Address) {
			diags.AddWarning("Address changed", fmt.Sprintf(
				"The address of %s changed from %s to %s. Run terraform apply again, so that what follows it is updated.",
				planned.Name.ValueString(), planned.IPv4Address, member.IPv4Address))
		}
		for value, promised := range map[*types.String]types.String{
			&member.ID: planned.ID, &member.Name: planned.Name, &member.Status: planned.Status,
			&member.IPv4Address: planned.IPv4Address, &member.IPv6Address: planned.IPv6Address,
		} {
			if !promised.IsUnknown() {
				*value = promised
			}
		}
		members = append(members, member)
	}
	if !plan.Members.IsUnknown() {
		m.setMembers(ctx, members, diags)
	}
}
