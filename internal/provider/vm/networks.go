package vm

import (
	"cmp"
	"context"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/provider/kit"
)

// adapterModel is one of network_adapters.
type adapterModel struct {
	AdapterNumber types.Int64  `tfsdk:"adapter_number"`
	SegmentID     types.String `tfsdk:"segment_id"`
}

// serviceNetworkModel is one of service_networks.
type serviceNetworkModel struct {
	AdapterNumber     types.Int64  `tfsdk:"adapter_number"`
	SegmentID         types.String `tfsdk:"segment_id"`
	SegmentName       types.String `tfsdk:"segment_name"`
	IPv4Addresses     types.List   `tfsdk:"ipv4_addresses"`
	IPv6Addresses     types.List   `tfsdk:"ipv6_addresses"`
	GlobalIPv4Address types.String `tfsdk:"global_ipv4_address"`
}

// storageNetworkModel is one of storage_networks.
type storageNetworkModel struct {
	AdapterNumber types.Int64  `tfsdk:"adapter_number"`
	Type          types.String `tfsdk:"type"`
	IPv4Addresses types.List   `tfsdk:"ipv4_addresses"`
	IPv6Addresses types.List   `tfsdk:"ipv6_addresses"`
}

// hardDiskModel is one of hard_disks.
type hardDiskModel struct {
	DiskNumber types.Int64  `tfsdk:"disk_number"`
	DeviceKey  types.Int64  `tfsdk:"device_key"`
	Capacity   types.Int64  `tfsdk:"capacity"`
	Datastore  types.String `tfsdk:"datastore"`
}

var (
	addressesType = types.ListType{ElemType: types.StringType}
	adapterType   = types.ObjectType{AttrTypes: map[string]attr.Type{
		"adapter_number": types.Int64Type,
		"segment_id":     types.StringType,
	}}
	serviceNetworkType = types.ObjectType{AttrTypes: map[string]attr.Type{
		"adapter_number":      types.Int64Type,
		"segment_id":          types.StringType,
		"segment_name":        types.StringType,
		"ipv4_addresses":      addressesType,
		"ipv6_addresses":      addressesType,
		"global_ipv4_address": types.StringType,
	}}
	storageNetworkType = types.ObjectType{AttrTypes: map[string]attr.Type{
		"adapter_number": types.Int64Type,
		"type":           types.StringType,
		"ipv4_addresses": addressesType,
		"ipv6_addresses": addressesType,
	}}
	hardDiskType = types.ObjectType{AttrTypes: map[string]attr.Type{
		"disk_number": types.Int64Type,
		"device_key":  types.Int64Type,
		"capacity":    types.Int64Type,
		"datastore":   types.StringType,
	}}
)

// adaptersOf reads network_adapters; none while any of it is null or unknown as a whole.
func adaptersOf(ctx context.Context, list types.List, diags *diag.Diagnostics) []adapterModel {
	unknown := func(v attr.Value) bool { return v.IsNull() || v.IsUnknown() }
	if unknown(list) || slices.ContainsFunc(list.Elements(), unknown) {
		return nil
	}
	var models []adapterModel
	diags.Append(list.ElementsAs(ctx, &models, false)...)
	return models
}

// adapterModels are the adapters that the portal reports, in the order in which the configuration has them, so that
// the order in which the portal counts them up shows as no difference.
func adapterModels(services []serviceNetworkModel, before []adapterModel) []adapterModel {
	place := func(a adapterModel) int {
		i := slices.IndexFunc(before, func(b adapterModel) bool { return b.AdapterNumber.Equal(a.AdapterNumber) })
		if i < 0 {
			return len(before)
		}
		return i
	}
	adapters := make([]adapterModel, 0, len(services))
	for _, s := range services {
		adapters = append(adapters, adapterModel{AdapterNumber: s.AdapterNumber, SegmentID: s.SegmentID})
	}
	slices.SortStableFunc(adapters, func(a, b adapterModel) int {
		return cmp.Or(place(a)-place(b), cmp.Compare(a.AdapterNumber.ValueInt64(), b.AdapterNumber.ValueInt64()))
	})
	return adapters
}

// serviceNetworkModels are the adapters by number. The portal names their segments, while the configuration has ids.
func serviceNetworkModels(
	ctx context.Context, networks []mdx.ServiceNetwork, before []adapterModel, segments []mdx.Segment, diags *diag.Diagnostics,
) []serviceNetworkModel {
	models := make([]serviceNetworkModel, 0, len(networks))
	for _, n := range networks {
		number := types.Int64Value(int64(n.AdapterNumber))
		var had string
		for _, b := range before {
			if b.AdapterNumber.Equal(number) {
				had = b.SegmentID.ValueString()
			}
		}
		models = append(models, serviceNetworkModel{
			AdapterNumber: number, SegmentID: kit.SegmentID(n.SegmentName, had, segments), SegmentName: kit.Text(n.SegmentName),
			IPv4Addresses: addressList(ctx, n.IPv4, diags), IPv6Addresses: addressList(ctx, n.IPv6, diags),
			GlobalIPv4Address: kit.Text(kit.AddressText(n.GlobalIP)),
		})
	}
	slices.SortStableFunc(models, func(a, b serviceNetworkModel) int {
		return cmp.Compare(a.AdapterNumber.ValueInt64(), b.AdapterNumber.ValueInt64())
	})
	return models
}

func storageNetworkModels(ctx context.Context, networks []mdx.StorageNetworkAdapter, diags *diag.Diagnostics) []storageNetworkModel {
	models := make([]storageNetworkModel, 0, len(networks))
	for _, n := range networks {
		models = append(models, storageNetworkModel{
			AdapterNumber: types.Int64Value(int64(n.AdapterNumber)), Type: kit.Text(string(n.Type)),
			IPv4Addresses: addressList(ctx, n.IPv4, diags), IPv6Addresses: addressList(ctx, n.IPv6, diags),
		})
	}
	return models
}

func hardDiskModels(disks []mdx.HardDisk) []hardDiskModel {
	models := make([]hardDiskModel, 0, len(disks))
	for _, d := range disks {
		models = append(models, hardDiskModel{
			DiskNumber: types.Int64Value(int64(d.DiskNumber)), DeviceKey: types.Int64Value(int64(d.DeviceKey)),
			Capacity: types.Int64Value(int64(d.CapacityGB)), Datastore: kit.Text(d.Datastore),
		})
	}
	return models
}

// gpus reads the portal's text about GPUs, such as "0" or "1 x A100"; what holds no number counts as none.
func gpus(text string) int {
	digits, _, _ := strings.Cut(strings.TrimSpace(text), " ")
	n, err := strconv.Atoi(digits)
	if err != nil {
		return 0
	}
	return n
}

func ipv4Of(n mdx.ServiceNetwork) []netip.Addr { return n.IPv4 }

func ipv6Of(n mdx.ServiceNetwork) []netip.Addr { return n.IPv6 }

func globalOf(n mdx.ServiceNetwork) []netip.Addr { return []netip.Addr{n.GlobalIP} }

// firstAddress is the first of a VM's addresses of a kind, on its lowest adapter that has one; empty if none has.
func firstAddress(vm *mdx.VM, of func(mdx.ServiceNetwork) []netip.Addr) string {
	networks := slices.SortedStableFunc(slices.Values(vm.ServiceNetworks), func(a, b mdx.ServiceNetwork) int {
		return cmp.Compare(a.AdapterNumber, b.AdapterNumber)
	})
	for _, n := range networks {
		for _, addr := range of(n) {
			if addr.IsValid() {
				return addr.String()
			}
		}
	}
	return ""
}

func addressList(ctx context.Context, addresses []netip.Addr, diags *diag.Diagnostics) types.List {
	texts := make([]string, 0, len(addresses))
	for _, a := range addresses {
		texts = append(texts, a.String())
	}
	list, more := types.ListValueFrom(ctx, types.StringType, texts)
	diags.Append(more...)
	return list
}

// lastNetworks are the networks and addresses that the state has of a VM.
func (m *vmModel) lastNetworks() []mdx.ServiceNetwork {
	var networks []mdx.ServiceNetwork
	for _, element := range m.ServiceNetworks.Elements() {
		object, _ := element.(types.Object)
		of := object.Attributes()
		number, _ := of["adapter_number"].(types.Int64)
		segment, _ := of["segment_name"].(types.String)
		networks = append(networks, mdx.ServiceNetwork{
			AdapterNumber: int(number.ValueInt64()), SegmentName: segment.ValueString(),
			IPv4: addressesIn(of["ipv4_addresses"]), IPv6: addressesIn(of["ipv6_addresses"]),
		})
	}
	return networks
}

// addressesIn reads a list of addresses.
func addressesIn(value attr.Value) []netip.Addr {
	var texts []types.String
	list, _ := value.(types.List)
	for _, element := range list.Elements() {
		text, _ := element.(types.String)
		texts = append(texts, text)
	}
	return parseAddresses(texts...)
}

// parseAddresses are those of texts that are addresses.
func parseAddresses(texts ...types.String) []netip.Addr {
	var addresses []netip.Addr
	for _, text := range texts {
		if address, err := netip.ParseAddr(text.ValueString()); err == nil {
			addresses = append(addresses, address)
		}
	}
	return addresses
}
