package provider

import (
	"context"
	"maps"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/listplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
)

// vmSchema is the schema of mdx_vm, hardware first, then behaviour, then what the portal tells.
func vmSchema(ctx context.Context) schema.Schema {
	attributes := vmHardware()
	maps.Copy(attributes, vmBehaviour(ctx))
	maps.Copy(attributes, vmComputed())
	return schema.Schema{
		MarkdownDescription: "A virtual machine on mdx.\n\n" +
			"The portal cannot tell afterwards which catalog entry and which public key a VM was deployed with. After an import " +
			"the first apply takes them over from the configuration, in place and without a request; once they are in state, " +
			"changing them replaces the VM.",
		Attributes: attributes,
	}
}

// vmHardware is what a VM is made of; all of it but the sizes needs a new VM when it changes.
func vmHardware() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"name": schema.StringAttribute{
			Required: true,
			MarkdownDescription: "Name of the VM, unique in its project; it becomes the host name. Use letters, digits and " +
				"hyphens.",
			Validators:    []validator.String{isVMName()},
			PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()},
		},
		"project_id": schema.StringAttribute{
			Optional: true, Computed: true,
			MarkdownDescription: "Id of the project the VM belongs to. Defaults to the provider's project; changing it replaces the VM.",
			PlanModifiers: []planmodifier.String{
				stringplanmodifier.UseStateForUnknown(), stringplanmodifier.RequiresReplace(),
			},
		},
		"catalog_id": schema.StringAttribute{
			Optional: true,
			MarkdownDescription: "Id of the catalog entry (the VM's template) to deploy from; look it up with the data source " +
				"`mdx_catalog`. Changing it replaces the VM.",
			PlanModifiers: []planmodifier.String{replaceOnceKnown()},
		},
		"template_name": schema.StringAttribute{
			Optional: true, Computed: true,
			MarkdownDescription: "Name of the template to deploy. Defaults to the catalog entry's; changing it replaces the VM.",
			PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown(), replaceOnceKnown()},
		},
		"os_type": schema.StringAttribute{
			Optional: true, Computed: true,
			MarkdownDescription: "`Linux` or `Windows`. Defaults to the catalog entry's; changing it replaces the VM.",
			Validators:          []validator.String{stringvalidator.OneOf("Linux", "Windows")},
			PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown(), replaceOnceKnown()},
		},
		"pack_type": schema.StringAttribute{
			Optional: true, Computed: true,
			MarkdownDescription: "Kind of pack that the VM is made of: `cpu` (1 core and 1.51 GB of memory each) or `gpu` (18 cores, " +
				"57.60 GB and one GPU each). Changing it replaces the VM.",
			Validators:    []validator.String{stringvalidator.OneOf("cpu", "gpu")},
			PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown(), replaceOnceKnown()},
		},
		"pack_num": schema.Int64Attribute{
			Optional: true, Computed: true,
			MarkdownDescription: "How many packs: 1 to 152 cpu packs, or 1 to 8 gpu packs.",
			Validators:          []validator.Int64{int64validator.AtLeast(1), packLimit{}},
			PlanModifiers:       []planmodifier.Int64{int64planmodifier.UseStateForUnknown(), int64planmodifier.RequiresReplace()},
		},
		"disk_size": schema.Int64Attribute{
			Optional: true, Computed: true,
			MarkdownDescription: "Size of the system disk in GB, at least the catalog entry's `lower_limit_disk`.",
			Validators:          []validator.Int64{int64validator.AtLeast(1)},
			PlanModifiers:       []planmodifier.Int64{int64planmodifier.UseStateForUnknown(), int64planmodifier.RequiresReplace()},
		},
		"storage_network": schema.StringAttribute{
			Optional: true, Computed: true,
			MarkdownDescription: "How the VM reaches the storage network: `portgroup` (the default for a new VM), `sr-iov` or " +
				"`pvrdma`. Changing it replaces the VM.",
			Validators:    []validator.String{stringvalidator.OneOf("portgroup", "sr-iov", "pvrdma")},
			PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown(), replaceOnceKnown()},
		},
		"network_adapters": schema.ListNestedAttribute{
			Optional: true, Computed: true,
			MarkdownDescription: "The VM's adapters on service networks. Left out, a new VM gets one, on the project's default segment.",
			Validators:          []validator.List{listvalidator.SizeAtLeast(1)},
			PlanModifiers:       []planmodifier.List{listplanmodifier.UseStateForUnknown(), listplanmodifier.RequiresReplace()},
			NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
				"adapter_number": schema.Int64Attribute{
					Required:            true,
					MarkdownDescription: "Number of the adapter, counted from 1.",
					Validators:          []validator.Int64{int64validator.AtLeast(1)},
				},
				"segment_id": schema.StringAttribute{
					Required:            true,
					MarkdownDescription: "Id of the segment that it is connected to; look it up with the data source `mdx_segment`.",
				},
			}},
		},
		"ssh_public_key": schema.StringAttribute{
			Optional: true,
			MarkdownDescription: "OpenSSH public key that may log in as `login_username`, as the text of a `.pub` file. Needed to " +
				"deploy from a catalog; changing it replaces the VM.",
			Validators:    []validator.String{isPublicKey()},
			PlanModifiers: []planmodifier.String{replaceOnceKnown()},
		},
		"nvlink": schema.BoolAttribute{
			Optional: true, Computed: true,
			Default:             booldefault.StaticBool(false),
			MarkdownDescription: "Whether the GPUs are joined by NVLink. Defaults to false.",
		},
	}
}

// vmBehaviour is how the VM is to be run, and how this provider is to treat it.
func vmBehaviour(ctx context.Context) map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"service_level": schema.StringAttribute{
			Optional: true, Computed: true,
			Default: stringdefault.StaticString("spot"),
			MarkdownDescription: "`spot` (the default: cheap, and stopped by the platform whenever it needs the room) or `guarantee` " +
				"(kept running).",
			Validators: []validator.String{stringvalidator.OneOf("spot", "guarantee")},
		},
		"power_state": schema.StringAttribute{
			Optional: true, Computed: true,
			Default: stringdefault.StaticString("running"),
			MarkdownDescription: "`running` (the default) or `stopped`. A spot VM that the platform put to sleep shows as a change here, " +
				"and the next apply starts it again.",
			Validators: []validator.String{stringvalidator.OneOf("running", "stopped")},
		},
		"wait_for_address": schema.BoolAttribute{
			Optional: true, Computed: true,
			Default: booldefault.StaticBool(true),
			MarkdownDescription: "Whether to wait until a started VM reports its address, which takes about five minutes. Defaults to " +
				"true; with false `ipv4_address` may be empty until the next refresh.",
		},
		"timeouts": timeouts.Attributes(ctx, timeouts.Opts{Create: true, Read: true, Update: true, Delete: true}),
	}
}

// vmComputed is what the portal alone can tell.
func vmComputed() map[string]schema.Attribute {
	text := func(description string) schema.StringAttribute {
		return schema.StringAttribute{
			Computed: true, MarkdownDescription: description,
			PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
		}
	}
	return map[string]schema.Attribute{
		"id":                  text("Id of the VM on the portal."),
		"status":              text("The portal's word for the VM's state: `PowerON`, `PowerOFF`, `Suspended`, `Deallocated` and others."),
		"ipv4_address":        text("First IPv4 address of the VM, on its lowest adapter. Empty until the VM's guest tools report it."),
		"ipv6_address":        text("First IPv6 address of the VM, where its segment has any."),
		"global_ipv4_address": text("Global address that DNAT translates to this VM, where there is one."),
		"login_username":      text("User to log in as with the key: the catalog entry's login user."),
		"esxi":                text("Host that the VM runs on."),
		"vcenter":             text("vCenter that manages the VM."),
		"vmware_tools_status": text("What the guest tools say of themselves; addresses come from them."),
	}
}

// replaceOnceKnown replaces the VM when a value changes that the portal cannot tell, but takes over a value that
// state does not have yet, as after an import.
func replaceOnceKnown() planmodifier.String {
	const description = "Replaces the VM once a value is known; before, takes the value over."
	return stringplanmodifier.RequiresReplaceIf(
		func(_ context.Context, req planmodifier.StringRequest, resp *stringplanmodifier.RequiresReplaceIfFuncResponse) {
			resp.RequiresReplace = !req.StateValue.IsNull()
		}, description, description)
}

// packLimit refuses more packs than one VM may have (PORTAL.md §5).
type packLimit struct{}

// packLimits are the most packs of each kind in a VM.
var packLimits = map[string]int64{"cpu": 152, "gpu": 8}

func (packLimit) Description(context.Context) string {
	return "at most 152 cpu packs or 8 gpu packs"
}

func (v packLimit) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (v packLimit) ValidateInt64(ctx context.Context, req validator.Int64Request, resp *validator.Int64Response) {
	var kind string
	if diags := req.Config.GetAttribute(ctx, path.Root("pack_type"), &kind); diags.HasError() || req.ConfigValue.IsUnknown() {
		return // not known yet, or not given: reported where it is missing
	}
	if limit, ok := packLimits[kind]; ok && req.ConfigValue.ValueInt64() > limit {
		resp.Diagnostics.AddAttributeError(req.Path, "Too many packs",
			req.ConfigValue.String()+" "+kind+" packs are more than one VM may have: "+v.Description(ctx)+".")
	}
}
