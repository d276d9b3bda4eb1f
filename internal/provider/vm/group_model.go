package vm

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/provider/kit"
)

// vmGroupModel is mdx_vm_group in configuration, plan and state.
type vmGroupModel struct {
	ID         types.String `tfsdk:"id"`
	ProjectID  types.String `tfsdk:"project_id"`
	NamePrefix types.String `tfsdk:"name_prefix"`
	Size       types.Int64  `tfsdk:"size"`
	StartIndex types.Int64  `tfsdk:"start_index"`
	vmHardwareModel

	vmBehaviourModel
	MaxUnavailable types.Int64 `tfsdk:"max_unavailable"`

	Members       types.List   `tfsdk:"members"`
	IPv4Addresses types.List   `tfsdk:"ipv4_addresses"`
	LoginUsername types.String `tfsdk:"login_username"`
}

// memberModel is one of members.
type memberModel struct {
	ID          types.String `tfsdk:"id"`
	Name        types.String `tfsdk:"name"`
	Status      types.String `tfsdk:"status"`
	IPv4Address types.String `tfsdk:"ipv4_address"`
	IPv6Address types.String `tfsdk:"ipv6_address"`
}

var memberType = types.ObjectType{AttrTypes: map[string]attr.Type{
	"id": types.StringType, "name": types.StringType, "status": types.StringType,
	"ipv4_address": types.StringType, "ipv6_address": types.StringType,
}}

// pastRepair tells whether another VM must take a member's place.
func (m memberModel) pastRepair() bool {
	return slices.Contains([]string{statusDeployFailed, string(mdx.VMNotFound)}, m.Status.ValueString())
}

const defaultMaxUnavailable = 1

func (m *vmGroupModel) project() mdx.ProjectID { return mdx.ProjectID(m.ProjectID.ValueString()) }

func (m *vmGroupModel) identity() *groupIdentity {
	return &groupIdentity{ProjectID: m.ProjectID, NamePrefix: m.NamePrefix}
}

// names are the members' names in the order of their numbers.
func (m *vmGroupModel) names() []string {
	var names []string
	for i := range m.Size.ValueInt64() {
		names = append(names, m.NamePrefix.ValueString()+strconv.FormatInt(m.StartIndex.ValueInt64()+i, 10))
	}
	return names
}

// memberNumber is the number in the name of a group's member.
func memberNumber(prefix, name string) (number int, ok bool) {
	digits, found := strings.CutPrefix(name, prefix)
	number, err := strconv.Atoi(digits)
	return number, found && err == nil && number >= 0 && strconv.Itoa(number) == digits
}

// vm is the group's configuration, applied to one VM of a name.
func (m *vmGroupModel) vm(name string) vmModel {
	return vmModel{
		ProjectID: m.ProjectID, Name: types.StringValue(name), vmHardwareModel: m.vmHardwareModel,
		vmBehaviourModel: m.vmBehaviourModel, LoginUsername: m.LoginUsername,
	}
}

// member is the group's configuration, applied to a member of it.
func (m *vmGroupModel) member(of memberModel) vmModel {
	vm := m.vm(of.Name.ValueString())
	vm.ID, vm.Status, vm.IPv4Address, vm.IPv6Address = of.ID, of.Status, of.IPv4Address, of.IPv6Address
	vm.known()
	return vm
}

// asMember is what a group shows of a VM.
func asMember(vm vmModel) memberModel {
	return memberModel{ID: vm.ID, Name: vm.Name, Status: vm.Status, IPv4Address: vm.IPv4Address, IPv6Address: vm.IPv6Address}
}

// members reads the list of members; none while it is unknown.
func (m *vmGroupModel) members(ctx context.Context, diags *diag.Diagnostics) []memberModel {
	if m.Members.IsUnknown() || m.Members.IsNull() {
		return nil
	}
	var members []memberModel
	diags.Append(m.Members.ElementsAs(ctx, &members, false)...)
	return members
}

// setMembers takes over members, in the order of their numbers.
func (m *vmGroupModel) setMembers(ctx context.Context, members []memberModel, diags *diag.Diagnostics) {
	number := func(of memberModel) int {
		n, _ := memberNumber(m.NamePrefix.ValueString(), of.Name.ValueString())
		return n
	}
	members = slices.SortedStableFunc(slices.Values(members), func(a, b memberModel) int { return cmp.Compare(number(a), number(b)) })
	m.Members = kit.ListOf(ctx, memberType, members, diags)
	addresses := make([]types.String, 0, len(members))
	for _, member := range members {
		addresses = append(addresses, member.IPv4Address)
	}
	list, more := types.ListValueFrom(ctx, types.StringType, addresses)
	diags.Append(more...)
	m.IPv4Addresses = list
}

// complete makes every value that is still unknown null, and gives what an import leaves open its default.
func (m *vmGroupModel) complete() {
	m.ID = types.StringValue(m.ProjectID.ValueString() + "/" + m.NamePrefix.ValueString())
	vm := m.vm("")
	vm.known()
	m.vmHardwareModel, m.LoginUsername = vm.vmHardwareModel, vm.LoginUsername
	m.fillDefaults()
	if m.MaxUnavailable.IsNull() {
		m.MaxUnavailable = types.Int64Value(defaultMaxUnavailable)
	}
}

// absorb takes over what the members have in common. Where one of them differs from what was known of the group, the
// group shows that, so that the plan tells of it.
func (m *vmGroupModel) absorb(vms []vmModel) {
	before := *m
	for i, vm := range vms {
		for _, a := range vmAttributes {
			if a.told {
				deviate(m, &before, &vm, a.name)
			}
		}
		if i == 0 {
			m.LoginUsername = kit.TextOr(m.LoginUsername.ValueString(), vm.LoginUsername)
		}
	}
}

// areUneven tells whether members differ among themselves in what changes in place, as after a change that did not reach all
// of them. The group shows one value, which may be the one that is wanted.
func areUneven(vms []vmModel) bool {
	for i := range vms {
		for _, a := range vmAttributes {
			if a.told && a.change == stops && differ(kit.Attribute(&vms[0], a.name), kit.Attribute(&vms[i], a.name)) {
				return true
			}
		}
	}
	return false
}

// unevenKey marks a group whose members differ among themselves.
const unevenKey = "uneven"

// noteUneven writes down whether members differ among themselves, for the plan.
func noteUneven(ctx context.Context, private kit.PrivateState, uneven bool) diag.Diagnostics {
	if uneven {
		return private.SetKey(ctx, unevenKey, []byte("true"))
	}
	return private.SetKey(ctx, unevenKey, nil)
}

// deviate makes a group's value that of a member which differs; what the portal does not tell differs from nothing.
func deviate(group, before *vmGroupModel, member *vmModel, name string) {
	if is := kit.Attribute(member, name); kit.IsSet(is) && !is.Equal(kit.Attribute(before, name)) {
		kit.SetAttribute(group, name, is)
	}
}
