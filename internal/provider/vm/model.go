package vm

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/portal"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/provider/kit"
)

// vmHardwareModel is what a VM is deployed as: the part of a configuration that VMs of a group would share.
type vmHardwareModel struct {
	CatalogID       types.String `tfsdk:"catalog_id"`
	SourceVMID      types.String `tfsdk:"source_vm_id"`
	TemplateName    types.String `tfsdk:"template_name"`
	OSType          types.String `tfsdk:"os_type"`
	PackType        types.String `tfsdk:"pack_type"`
	PackNum         types.Int64  `tfsdk:"pack_num"`
	DiskSize        types.Int64  `tfsdk:"disk_size"`
	CPU             types.Int64  `tfsdk:"cpu"`
	Memory          types.Int64  `tfsdk:"memory"`
	GPU             types.Int64  `tfsdk:"gpu"`
	StorageNetwork  types.String `tfsdk:"storage_network"`
	ServiceLevel    types.String `tfsdk:"service_level"`
	NetworkAdapters types.List   `tfsdk:"network_adapters"`
	SSHPublicKey    types.String `tfsdk:"ssh_public_key"`
	NVLink          types.Bool   `tfsdk:"nvlink"`
}

// vmBehaviourModel is how a VM is to be run and treated, which VMs of a group share too.
type vmBehaviourModel struct {
	PowerState             types.String   `tfsdk:"power_state"`
	WaitForAddress         types.Bool     `tfsdk:"wait_for_address"`
	AllowStoppingForUpdate types.Bool     `tfsdk:"allow_stopping_for_update"`
	ShutdownTimeout        types.String   `tfsdk:"shutdown_timeout"`
	Timeouts               timeouts.Value `tfsdk:"timeouts"`
}

func (m *vmBehaviourModel) wantsRunning() bool { return m.PowerState.ValueString() == kit.PowerRunning }

// fillDefaults gives what an import leaves open its default.
func (m *vmBehaviourModel) fillDefaults() {
	if m.WaitForAddress.IsNull() {
		m.WaitForAddress = types.BoolValue(defaultWaitForAddress)
	}
	if m.AllowStoppingForUpdate.IsNull() {
		m.AllowStoppingForUpdate = types.BoolValue(defaultAllowStoppingForUpdate)
	}
	if m.ShutdownTimeout.IsNull() {
		m.ShutdownTimeout = types.StringValue(defaultShutdownTimeout)
	}
}

// vmModel is mdx_vm in configuration, plan and state.
type vmModel struct {
	ID        types.String `tfsdk:"id"`
	ProjectID types.String `tfsdk:"project_id"`
	Name      types.String `tfsdk:"name"`
	vmHardwareModel

	vmBehaviourModel

	Status            types.String `tfsdk:"status"`
	IPv4Address       types.String `tfsdk:"ipv4_address"`
	IPv6Address       types.String `tfsdk:"ipv6_address"`
	GlobalIPv4Address types.String `tfsdk:"global_ipv4_address"`
	ServiceNetworks   types.List   `tfsdk:"service_networks"`
	StorageNetworks   types.List   `tfsdk:"storage_networks"`
	HardDisks         types.List   `tfsdk:"hard_disks"`
	LoginUsername     types.String `tfsdk:"login_username"`
	ESXi              types.String `tfsdk:"esxi"`
	VCenter           types.String `tfsdk:"vcenter"`
	VMwareToolsStatus types.String `tfsdk:"vmware_tools_status"`
}

// Defaults of what the portal has no part in; an import takes them too, so that it shows no difference.
const (
	defaultWaitForAddress         = true
	defaultAllowStoppingForUpdate = false
	defaultShutdownTimeout        = "5m"
)

func (m *vmModel) vmID() mdx.VMID { return mdx.VMID(m.ID.ValueString()) }

func (m *vmModel) project() mdx.ProjectID { return mdx.ProjectID(m.ProjectID.ValueString()) }

func (m *vmModel) level() mdx.ServiceLevel { return mdx.ServiceLevel(m.ServiceLevel.ValueString()) }

func (m *vmModel) identity() *identityModel { return &identityModel{ID: m.ID, ProjectID: m.ProjectID} }

// known makes every value that is still unknown null, as state must be while a VM is coming up.
func (m *vmModel) known() { kit.NullUnknown(m, vmTypes()) }

// vmTypes are the types of a VM's attributes.
var vmTypes = sync.OnceValue(func() map[string]attr.Type { return kit.SchemaTypes(vmSchema(context.Background()).Attributes) })

// set takes over what the portal tells of a VM. What it does not tell stays; so does an address that it does not tell
// at the moment, since a VM that sleeps keeps its own, and rules that follow the address must not be torn down for it.
func (m *vmModel) set(ctx context.Context, project mdx.ProjectID, vm *mdx.VM, segments []mdx.Segment, diags *diag.Diagnostics) {
	m.known()
	before := m.vmHardwareModel
	m.ID = types.StringValue(string(vm.ID))
	m.ProjectID = types.StringValue(string(project))
	m.Name = types.StringValue(vm.Name)
	m.OSType = kit.TextOr(string(vm.OSType), m.OSType)
	m.setSize(vm)
	m.NVLink = types.BoolValue(vm.NVLink)
	m.ServiceLevel = kit.TextOr(string(vm.ServiceLevel), m.ServiceLevel)
	m.PowerState = powerState(vm.Status)
	m.Status = types.StringValue(string(vm.Status))
	m.VCenter, m.ESXi = kit.Text(vm.VCenter), kit.Text(vm.ESXi)
	m.VMwareToolsStatus = types.StringNull()
	if len(vm.Tools) > 0 {
		m.VMwareToolsStatus = kit.Text(vm.Tools[0].Status)
	}
	m.setNetworks(ctx, vm, segments, diags)
	m.HardDisks = kit.ListOf(ctx, hardDiskType, hardDiskModels(vm.HardDisks), diags)
	if asked := !before.NetworkAdapters.IsNull(); asked && vm.Status == mdx.VMDeploying {
		m.vmHardwareModel = before // the portal may not tell yet what it is made of
	}

	m.fillDefaults()
}

// setSize takes over packs, or, where a VM has none, what a dedicated project gave it (PORTAL.md §5).
func (m *vmModel) setSize(vm *mdx.VM) {
	m.PackType, m.PackNum = types.StringNull(), types.Int64Null()
	m.CPU, m.Memory, m.GPU = types.Int64Null(), types.Int64Null(), types.Int64Null()
	if vm.PackType != "" {
		m.PackType, m.PackNum = kit.Text(string(vm.PackType)), types.Int64Value(int64(vm.PackNum))
	} else if vm.CPU > 0 {
		m.CPU, m.Memory = types.Int64Value(int64(vm.CPU)), types.Int64Value(int64(vm.MemoryGB))
		m.GPU = types.Int64Value(int64(gpus(vm.GPU)))
	}
	m.DiskSize = types.Int64Null()
	if disk, ok := portal.SystemDisk(vm.HardDisks); ok {
		m.DiskSize = types.Int64Value(int64(disk.CapacityGB))
	}
}

// setNetworks takes over the VM's adapters and addresses.
func (m *vmModel) setNetworks(ctx context.Context, vm *mdx.VM, segments []mdx.Segment, diags *diag.Diagnostics) {
	before := adaptersOf(ctx, m.NetworkAdapters, diags)
	services := serviceNetworkModels(ctx, portal.RememberedNetworks(vm.ServiceNetworks, m.lastNetworks()), before, segments, diags)
	adapters := adapterModels(services, before)
	if !slices.Equal(before, adapters) && len(before) > 0 {
		m.forgetAddresses() // they belong to other networks
	}
	m.NetworkAdapters = kit.ListOf(ctx, adapterType, adapters, diags)
	m.ServiceNetworks = kit.ListOf(ctx, serviceNetworkType, services, diags)
	m.StorageNetworks = kit.ListOf(ctx, storageNetworkType, storageNetworkModels(ctx, vm.StorageNetworks, diags), diags)
	if len(vm.StorageNetworks) > 0 {
		m.StorageNetwork = kit.TextOr(string(vm.StorageNetworks[0].Type), m.StorageNetwork)
	}
	m.IPv4Address = kit.TextOr(firstAddress(vm, ipv4Of), m.IPv4Address)
	m.IPv6Address = kit.TextOr(firstAddress(vm, ipv6Of), m.IPv6Address)
	m.GlobalIPv4Address = kit.Text(firstAddress(vm, globalOf))
}

// forgetAddresses is for a VM whose next addresses may be others.
func (m *vmModel) forgetAddresses() {
	m.IPv4Address, m.IPv6Address = types.StringNull(), types.StringNull()
}

// keepPlanned restores what the plan promised of values that the portal, or somebody else, may change at any moment: the next
// refresh shows the change, while an apply that answers other than planned would be an error.
func (m *vmModel) keepPlanned(plan vmModel) { kit.KeepPlanned(m, &plan) }

// powerState is what a status means for power_state; null while the portal is still at it, and where a VM can be
// neither.
func powerState(status mdx.VMStatus) types.String {
	switch {
	case status == mdx.VMPowerOn:
		return types.StringValue(kit.PowerRunning)
	case status.IsStopped(), status == mdx.VMSuspended:
		return types.StringValue(kit.PowerStopped)
	}
	return types.StringNull()
}

// warnOfRules tells the user which rules went with a VM.
func warnOfRules(name string, diags *diag.Diagnostics) func(removed []string) {
	return func(removed []string) {
		diags.AddWarning(fmt.Sprintf("Rules removed with the address of VM %q", name), fmt.Sprintf("These rules led to VM %q alone "+
			"and were removed, so that they do not expose the next machine with its address:\n  %s\nmdx_network makes those of its "+
			"rules again that follow the VM to a new address. What was made elsewhere is to be made again there, if it is still needed.",
			name, strings.Join(removed, "\n  ")))
	}
}

// target is what a plan wants of a VM that exists.
func (m *vmModel) target() portal.VMTarget {
	shutdown, err := kit.ParseDuration(m.ShutdownTimeout.ValueString())
	if err != nil { // state of an import that was not refreshed
		shutdown, _ = time.ParseDuration(defaultShutdownTimeout)
	}
	return portal.VMTarget{
		Project: m.project(), ID: m.vmID(), Name: m.Name.ValueString(), Running: m.wantsRunning(), ServiceLevel: m.level(),
		WaitForAddress: m.WaitForAddress.ValueBool(), ShutdownTimeout: shutdown,
		LastAddresses: parseAddresses(m.IPv4Address, m.IPv6Address), LastNetworks: m.lastNetworks(),
	}
}
