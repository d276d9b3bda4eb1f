package vm

import (
	"context"
	"fmt"
	"maps"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/provider/kit"
)

var _ datasource.DataSourceWithConfigure = (*vmDataSource)(nil)

type vmDataSource struct{ portal *kit.Provider }

// NewDataSource is the data source mdx_vm.
func NewDataSource() datasource.DataSource { return &vmDataSource{} }

// Metadata names the data source.
func (d *vmDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_vm"
}

// Configure takes the shared portal.
func (d *vmDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.portal = kit.Configured(req.ProviderData, &resp.Diagnostics)
}

// vmDataModel is what the portal tells of a VM that may be somebody else's.
type vmDataModel struct {
	ID                types.String  `tfsdk:"id"`
	Name              types.String  `tfsdk:"name"`
	ProjectID         types.String  `tfsdk:"project_id"`
	Status            types.String  `tfsdk:"status"`
	PowerState        types.String  `tfsdk:"power_state"`
	ServiceLevel      types.String  `tfsdk:"service_level"`
	OSType            types.String  `tfsdk:"os_type"`
	HostName          types.String  `tfsdk:"host_name"`
	PackType          types.String  `tfsdk:"pack_type"`
	PackNum           types.Int64   `tfsdk:"pack_num"`
	CPU               types.Int64   `tfsdk:"cpu"`
	Memory            types.Float64 `tfsdk:"memory"`
	GPU               types.Int64   `tfsdk:"gpu"`
	NVLink            types.Bool    `tfsdk:"nvlink"`
	DiskSize          types.Int64   `tfsdk:"disk_size"`
	StorageNetwork    types.String  `tfsdk:"storage_network"`
	IPv4Address       types.String  `tfsdk:"ipv4_address"`
	IPv6Address       types.String  `tfsdk:"ipv6_address"`
	GlobalIPv4Address types.String  `tfsdk:"global_ipv4_address"`
	ServiceNetworks   types.List    `tfsdk:"service_networks"`
	StorageNetworks   types.List    `tfsdk:"storage_networks"`
	HardDisks         types.List    `tfsdk:"hard_disks"`
	LoginUsername     types.String  `tfsdk:"login_username"`
	ESXi              types.String  `tfsdk:"esxi"`
	VCenter           types.String  `tfsdk:"vcenter"`
	VMwareToolsStatus types.String  `tfsdk:"vmware_tools_status"`
}

// Schema is the data source's schema.
func (d *vmDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	text := func(description string) schema.StringAttribute {
		return schema.StringAttribute{Computed: true, MarkdownDescription: description}
	}
	count := func(description string) schema.Int64Attribute {
		return schema.Int64Attribute{Computed: true, MarkdownDescription: description}
	}
	attributes := map[string]schema.Attribute{
		"id": schema.StringAttribute{
			Optional: true, Computed: true, MarkdownDescription: vmTells["id"] + " Give this or `name`.",
			Validators: []validator.String{
				stringvalidator.LengthAtLeast(1), stringvalidator.ExactlyOneOf(path.MatchRoot("id"), path.MatchRoot("name")),
			},
		},
		"name": schema.StringAttribute{
			Optional: true, Computed: true, MarkdownDescription: "Name of the VM. Give this or `id`.",
			Validators: []validator.String{stringvalidator.LengthAtLeast(1)},
		},
		"project_id": schema.StringAttribute{
			Optional: true, Computed: true, MarkdownDescription: "Id of the VM's project. Defaults to the provider's project.",
		},
		"power_state":     text("`running` or `stopped`; empty while the portal is still at it."),
		"service_level":   text("`spot` or `guarantee`."),
		"os_type":         text("`Linux` or `Windows`."),
		"host_name":       text("What the guest calls itself; before it reports, a part of its template's name."),
		"pack_type":       text("Kind of pack that the VM is made of, `cpu` or `gpu`; empty in a dedicated project."),
		"pack_num":        count("How many packs the VM has; empty in a dedicated project."),
		"cpu":             count("Number of cores."),
		"memory":          schema.Float64Attribute{Computed: true, MarkdownDescription: "Memory in GB."},
		"gpu":             count("Number of GPUs."),
		"nvlink":          schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether the GPUs are joined by NVLink."},
		"disk_size":       count("Size of the system disk in GB."),
		"storage_network": text("How the VM reaches the storage network: `portgroup`, `sr-iov` or `pvrdma`."),
	}
	maps.Copy(attributes, vmToldSchema())
	attributes["login_username"] = text("User to log in as: the one of the catalog entries whose template the VM's host name is a part of. " +
		"Empty where these do not agree, or the host name was changed.")
	resp.Schema = schema.Schema{
		MarkdownDescription: "A VM of the project, whoever made it.",
		Attributes:          attributes,
	}
}

// vmToldSchema is vmComputedSchema for the data source, but for the id.
func vmToldSchema() map[string]schema.Attribute {
	attributes := map[string]schema.Attribute{}
	for _, name := range []string{
		"status", "ipv4_address", "ipv6_address", "global_ipv4_address", "esxi", "vcenter", "vmware_tools_status",
	} {
		attributes[name] = schema.StringAttribute{Computed: true, MarkdownDescription: vmTells[name]}
	}
	number := func(name string) schema.Attribute {
		return schema.Int64Attribute{Computed: true, MarkdownDescription: vmTells[name]}
	}
	word := func(name string) schema.Attribute {
		return schema.StringAttribute{Computed: true, MarkdownDescription: vmTells[name]}
	}
	addresses := func(name string) schema.Attribute {
		return schema.ListAttribute{Computed: true, ElementType: types.StringType, MarkdownDescription: vmTells[name]}
	}
	for name, nested := range map[string]map[string]schema.Attribute{
		"service_networks": {
			"adapter_number": number("adapter_number"), "segment_id": word("segment_id"), "segment_name": word("segment_name"),
			"ipv4_addresses": addresses("ipv4_addresses"), "ipv6_addresses": addresses("ipv6_addresses"),
			"global_ipv4_address": word("service_networks.gip"),
		},
		"storage_networks": {
			"adapter_number": number("adapter_number"), "type": word("type"),
			"ipv4_addresses": addresses("ipv4_addresses"), "ipv6_addresses": addresses("ipv6_addresses"),
		},
		"hard_disks": {
			"disk_number": number("disk_number"), "device_key": number("device_key"), "capacity": number("capacity"),
			"datastore": word("datastore"),
		},
	} {
		attributes[name] = schema.ListNestedAttribute{
			Computed: true, MarkdownDescription: vmTells[name], NestedObject: schema.NestedAttributeObject{Attributes: nested},
		}
	}
	return attributes
}

// Read looks the VM up.
func (d *vmDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model vmDataModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	project := d.portal.ProjectFor(ctx, model.ProjectID, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	found := findVM(ctx, d.portal, project, model.ID.ValueString(), model.Name.ValueString(), &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	like := vmModel{ProjectID: types.StringValue(string(project))}
	vm, err := d.portal.VM(ctx, project, found.ID)
	if err == nil {
		err = absorb(ctx, d.portal, &like, vm)
	}
	if err != nil {
		resp.Diagnostics.Append(kit.PortalError(fmt.Sprintf("read VM %q", found.Name), err))
		return
	}
	model.set(like, vm)
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}

// set takes over a VM as mdx_vm would have it, and what mdx_vm does not show.
func (m *vmDataModel) set(like vmModel, vm *mdx.VM) {
	*m = vmDataModel{
		ID: like.ID, Name: like.Name, ProjectID: like.ProjectID, Status: like.Status, PowerState: like.PowerState,
		ServiceLevel: like.ServiceLevel, OSType: like.OSType, HostName: kit.Text(vm.HostName), PackType: like.PackType,
		PackNum: like.PackNum, CPU: types.Int64Value(int64(vm.CPU)), Memory: types.Float64Value(vm.MemoryGB),
		GPU: types.Int64Value(int64(gpus(vm.GPU))), NVLink: like.NVLink, DiskSize: like.DiskSize, StorageNetwork: like.StorageNetwork,
		IPv4Address: like.IPv4Address, IPv6Address: like.IPv6Address, GlobalIPv4Address: like.GlobalIPv4Address,
		ServiceNetworks: like.ServiceNetworks, StorageNetworks: like.StorageNetworks, HardDisks: like.HardDisks,
		LoginUsername: like.LoginUsername, ESXi: like.ESXi, VCenter: like.VCenter, VMwareToolsStatus: like.VMwareToolsStatus,
	}
}
