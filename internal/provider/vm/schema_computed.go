package vm

import (
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/listplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/provider/kit"
)

// vmTells describes what the portal alone can tell of a VM, for the resource and the data source.
var vmTells = map[string]string{
	"id":     "Id of the VM on the portal.",
	"status": "The portal's word for the VM's state: `PowerON`, `PowerOFF`, `Suspended`, `Deallocated` and others.",
	"ipv4_address": "First IPv4 address of the VM, on its lowest adapter. Empty until the VM's guest tools report it; while the " +
		"VM is off, the last one reported.",
	"ipv6_address":         "First IPv6 address of the VM, where its segment has any.",
	"global_ipv4_address":  "Global address that DNAT translates to this VM, where there is one.",
	"login_username":       "User to log in as with the key: the catalog entry's login user.",
	"esxi":                 "Host that the VM runs on.",
	"vcenter":              "vCenter that manages the VM.",
	"vmware_tools_status":  "What the guest tools say of themselves; addresses come from them.",
	"service_networks":     "The VM's adapters on service networks, with all their addresses.",
	"storage_networks":     "The VM's adapters on the storage network.",
	"hard_disks":           "The VM's disks.",
	"adapter_number":       "Number of the adapter.",
	"segment_id":           "Id of the adapter's segment.",
	"segment_name":         "Name of the adapter's segment.",
	"ipv4_addresses":       "IPv4 addresses of the adapter.",
	"ipv6_addresses":       "IPv6 addresses of the adapter.",
	"type":                 "Kind of storage network: `portgroup`, `sr-iov` or `pvrdma`.",
	"disk_number":          "Number of the disk; the lowest is the system disk.",
	"device_key":           "The hypervisor's key of the disk.",
	"capacity":             "Size of the disk in GB.",
	"datastore":            "Datastore that holds the disk.",
	"service_networks.gip": "Global address that DNAT translates to this adapter.",
}

// vmComputedSchema is what the portal alone can tell.
func vmComputedSchema() map[string]schema.Attribute {
	attributes := map[string]schema.Attribute{}
	for _, name := range []string{
		"id", "ipv4_address", "ipv6_address", "global_ipv4_address", "login_username", "esxi", "vcenter",
		"vmware_tools_status",
	} {
		attributes[name] = schema.StringAttribute{
			Computed: true, MarkdownDescription: vmTells[name], PlanModifiers: kit.KeepString(),
		}
	}
	attributes["status"] = schema.StringAttribute{
		Computed: true, MarkdownDescription: vmTells["status"] + deployFailedTells, PlanModifiers: kit.KeepString(),
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
			Computed: true, MarkdownDescription: vmTells[name],
			PlanModifiers: []planmodifier.List{listplanmodifier.UseStateForUnknown()},
			NestedObject:  schema.NestedAttributeObject{Attributes: nested},
		}
	}
	return attributes
}
