package network

import (
	"context"
	"net/netip"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/provider/kit"
)

var _ datasource.DataSourceWithConfigure = (*globalAddressesDataSource)(nil)

type globalAddressesDataSource struct{ portal *kit.Provider }

// NewGlobalAddressesDataSource makes the data source mdx_global_addresses.
func NewGlobalAddressesDataSource() datasource.DataSource { return &globalAddressesDataSource{} }

// Metadata names the data source.
func (d *globalAddressesDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_global_addresses"
}

// Configure takes the shared portal.
func (d *globalAddressesDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.portal = kit.Configured(req.ProviderData, &resp.Diagnostics)
}

type globalAddressesModel struct {
	ProjectID types.String    `tfsdk:"project_id"`
	Free      []types.String  `tfsdk:"free"`
	ByDNAT    []addressOfDNAT `tfsdk:"by_dnat"`
	ByVM      []addressOfVM   `tfsdk:"by_vm"`
}

type addressOfDNAT struct {
	Address            types.String `tfsdk:"address"`
	DNATID             types.String `tfsdk:"dnat_id"`
	SegmentName        types.String `tfsdk:"segment_name"`
	DestinationAddress types.String `tfsdk:"destination_address"`
}

type addressOfVM struct {
	Address types.String `tfsdk:"address"`
	VMID    types.String `tfsdk:"vm_id"`
	VMName  types.String `tfsdk:"vm_name"`
}

// Schema is the data source's schema.
func (d *globalAddressesDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	text := func(description string) schema.StringAttribute {
		return schema.StringAttribute{Computed: true, MarkdownDescription: description}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "The project's public (global) IPv4 addresses: which are free, and where the others lead.\n\n" +
			"Reading it asks the portal for every VM of the project, which takes a moment where there are many.",
		Attributes: map[string]schema.Attribute{
			"project_id": schema.StringAttribute{
				Optional: true, Computed: true,
				MarkdownDescription: "Id of the project whose addresses are listed. Defaults to the provider's project.",
			},
			"free": schema.ListAttribute{
				Computed: true, ElementType: types.StringType,
				MarkdownDescription: "Addresses that no DNAT rule uses, lowest first. `mdx_dnat` takes one of them by itself.",
			},
			"by_dnat": schema.ListNestedAttribute{
				Computed:            true,
				MarkdownDescription: "Addresses that a DNAT rule uses, lowest first.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"address":             text("The public address."),
					"dnat_id":             text("Id of the DNAT rule, as `mdx_dnat` is imported by."),
					"segment_name":        text("Name of the segment that it leads into."),
					"destination_address": text("Address in that segment that it leads to."),
				}},
			},
			"by_vm": schema.ListNestedAttribute{
				Computed:            true,
				MarkdownDescription: "Addresses that the portal shows at a VM, lowest first. A DNAT rule that leads to no VM is not among them.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"address": text("The public address."),
					"vm_id":   text("Id of the VM."),
					"vm_name": text("Name of the VM."),
				}},
			},
		},
	}
}

// Read lists the free addresses, the rules and the VMs.
func (d *globalAddressesDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model globalAddressesModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	project := d.portal.ProjectFor(ctx, model.ProjectID, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	rules, err := d.portal.DNATRules(ctx, project)
	var free []netip.Addr
	if err == nil {
		free, err = d.portal.AssignableAddresses(ctx, project)
	}
	var machines []*mdx.VM
	if err == nil {
		machines, err = d.machines(ctx, project)
	}
	if err != nil {
		resp.Diagnostics.Append(kit.PortalError("list the public addresses", err))
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, newGlobalAddresses(project, free, rules, machines))...)
}

// machines reads every VM of the project; one that goes meanwhile is left out.
func (d *globalAddressesDataSource) machines(ctx context.Context, project mdx.ProjectID) ([]*mdx.VM, error) {
	listed, err := d.portal.VMs(ctx, project)
	if err != nil {
		return nil, err
	}
	machines, err := d.portal.VMDetails(ctx, project, listed)
	return slices.DeleteFunc(machines, func(vm *mdx.VM) bool { return vm == nil }), err
}

// newGlobalAddresses sorts what the portal told. An address that a rule uses already, though it still shows as free, is
// not free.
func newGlobalAddresses(project mdx.ProjectID, free []netip.Addr, rules []mdx.DNAT, machines []*mdx.VM) globalAddressesModel {
	model := globalAddressesModel{
		ProjectID: types.StringValue(string(project)),
		Free:      []types.String{}, ByDNAT: []addressOfDNAT{}, ByVM: []addressOfVM{},
	}
	used := map[netip.Addr]bool{}
	rules = slices.SortedFunc(slices.Values(rules), func(a, b mdx.DNAT) int { return a.PoolAddress.Compare(b.PoolAddress) })
	for _, rule := range rules {
		used[rule.PoolAddress] = true
		model.ByDNAT = append(model.ByDNAT, addressOfDNAT{
			Address: kit.Text(kit.AddressText(rule.PoolAddress)), DNATID: types.StringValue(string(rule.ID)),
			SegmentName: types.StringValue(rule.SegmentName), DestinationAddress: kit.Text(kit.AddressText(rule.DstAddress)),
		})
	}
	for _, a := range slices.SortedFunc(slices.Values(free), netip.Addr.Compare) {
		if !used[a] {
			model.Free = append(model.Free, kit.Text(kit.AddressText(a)))
		}
	}
	type shown struct {
		address netip.Addr
		vm      *mdx.VM
	}
	var all []shown
	for _, vm := range machines {
		for _, network := range vm.ServiceNetworks {
			if network.GlobalIP.IsValid() {
				all = append(all, shown{network.GlobalIP, vm})
			}
		}
	}
	slices.SortFunc(all, func(a, b shown) int { return a.address.Compare(b.address) })
	for _, s := range all {
		model.ByVM = append(model.ByVM, addressOfVM{
			Address: kit.Text(kit.AddressText(s.address)), VMID: types.StringValue(string(s.vm.ID)), VMName: types.StringValue(s.vm.Name),
		})
	}
	return model
}
