package vm

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
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/boolplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/listplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/provider/kit"
)

// vmSchema is the schema of mdx_vm, hardware first, then behaviour, then what the portal tells. Which changes replace
// the VM is decided in ModifyPlan, where all of them are seen together.
func vmSchema(ctx context.Context) schema.Schema {
	attributes := map[string]schema.Attribute{
		"name": schema.StringAttribute{
			Required: true,
			MarkdownDescription: "Name of the VM, unique in its project; it becomes the host name. Use letters, digits and " +
				"hyphens. Changing it renames the VM in place.",
			Validators: []validator.String{isVMName()},
		},
		"project_id": schema.StringAttribute{
			Optional: true, Computed: true,
			MarkdownDescription: "Id of the project the VM belongs to. Defaults to the provider's project. Changing it replaces the VM.",
			Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
			PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
		},
	}
	maps.Copy(attributes, vmHardwareSchema())
	maps.Copy(attributes, vmBehaviourSchema(ctx))
	maps.Copy(attributes, vmComputedSchema())
	return schema.Schema{
		MarkdownDescription: "A virtual machine on mdx, deployed from a catalog entry or cloned from another VM.\n\n" +
			"**Interrupted applies.** The VM's id is in state as soon as the portal tells it. When Terraform is interrupted, or " +
			"the `create` timeout ends, while the VM is still coming up, the apply ends with a warning, the VM is kept, and the " +
			"next apply continues to wait for it instead of replacing it. Only a deploy that the portal reports as failed is " +
			"replaced.\n\n" +
			"**Resizing.** `pack_num`, `disk_size` and `network_adapters` change in place, but the portal changes a stopped VM " +
			"only: a running VM is shut down, changed and started again, provided that `allow_stopping_for_update` is true. The " +
			"same goes for `service_level`, which the portal takes when it starts a VM.\n\n" +
			"**Spot VMs.** The platform stops spot VMs when it needs the room. Terraform then shows `power_state` as changed, warns " +
			"why, and the next apply starts the VM again.\n\n" +
			"**After an import** the portal cannot tell which catalog entry, source VM and public key a VM was made with. The first apply " +
			"takes them over from the configuration, in place and without a request; once they are in state, changing them replaces " +
			"the VM.",
		Attributes: attributes,
	}
}

// vmHardwareSchema is what a VM is made of.
func vmHardwareSchema() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"catalog_id": schema.StringAttribute{
			Optional: true,
			MarkdownDescription: "Id of the catalog entry (the VM's template) to deploy from; look it up with the data source " +
				"`mdx_catalog`. A new VM needs this or `source_vm_id`. Changing it replaces the VM.",
			Validators: []validator.String{
				stringvalidator.LengthAtLeast(1), stringvalidator.ConflictsWith(path.MatchRoot("source_vm_id")),
			},
		},
		"source_vm_id": schema.StringAttribute{
			Optional: true,
			MarkdownDescription: "Id of the VM to clone. The clone has its source's disks, public key and template; size and " +
				"adapters that are left out are its source's too. It comes up stopped and is started then. Changing it replaces the VM.",
			Validators: []validator.String{stringvalidator.LengthAtLeast(1)},
		},
		"template_name": schema.StringAttribute{
			Optional: true, Computed: true,
			MarkdownDescription: "Name of the template to deploy. Defaults to the catalog entry's. Changing it replaces the VM.",
			Validators: []validator.String{
				stringvalidator.LengthAtLeast(1), stringvalidator.ConflictsWith(path.MatchRoot("source_vm_id")),
			},
			PlanModifiers: kit.KeepString(),
		},
		"os_type": schema.StringAttribute{
			Optional: true, Computed: true,
			MarkdownDescription: "`Linux` or `Windows`. Defaults to the catalog entry's. Changing it replaces the VM.",
			Validators:          []validator.String{stringvalidator.OneOf("Linux", "Windows")},
			PlanModifiers:       kit.KeepString(),
		},
		"pack_type": schema.StringAttribute{
			Optional: true, Computed: true,
			MarkdownDescription: "Kind of pack that the VM is made of: `cpu` (1 core and 1.51 GB of memory each) or `gpu` (18 cores, " +
				"57.60 GB of memory and one GPU each). Defaults to what the catalog entry needs. Changing it replaces the VM.",
			Validators: []validator.String{
				stringvalidator.OneOf("cpu", "gpu"), stringvalidator.ConflictsWith(dedicatedSizes()...),
			},
			PlanModifiers: kit.KeepString(),
		},
		"pack_num": schema.Int64Attribute{
			Optional: true, Computed: true,
			MarkdownDescription: "How many packs: 1 to 152 cpu packs, or 1 to 8 gpu packs. Defaults to 1. Changed in place while the VM is " +
				"stopped.",
			Validators: []validator.Int64{
				int64validator.AtLeast(1), packLimit{}, int64validator.ConflictsWith(dedicatedSizes()...),
			},
			PlanModifiers: kit.KeepInt64(),
		},
		"disk_size": schema.Int64Attribute{
			Optional: true, Computed: true,
			MarkdownDescription: "Size of the system disk in GB, at least the catalog entry's `lower_limit_disk`, which is the default. It grows " +
				"in place while the VM is stopped, and never shrinks. The guest's file system is the guest's affair.",
			Validators:    []validator.Int64{int64validator.AtLeast(1)},
			PlanModifiers: kit.KeepInt64(),
		},
		"cpu": schema.Int64Attribute{
			Optional: true, Computed: true,
			MarkdownDescription: "Number of cores, in a dedicated project; packs are for normal projects. Changing it replaces the VM.",
			Validators:          []validator.Int64{int64validator.AtLeast(1), int64validator.AlsoRequires(path.MatchRoot("memory"))},
			PlanModifiers:       kit.KeepInt64(),
		},
		"memory": schema.Int64Attribute{
			Optional: true, Computed: true,
			MarkdownDescription: "Memory in GB, in a dedicated project. Changing it replaces the VM.",
			Validators:          []validator.Int64{int64validator.AtLeast(1), int64validator.AlsoRequires(path.MatchRoot("cpu"))},
			PlanModifiers:       kit.KeepInt64(),
		},
		"gpu": schema.Int64Attribute{
			Optional: true, Computed: true,
			MarkdownDescription: "Number of GPUs, in a dedicated project. Defaults to 0 there. Changing it replaces the VM.",
			Validators:          []validator.Int64{int64validator.AtLeast(0), int64validator.AlsoRequires(path.MatchRoot("cpu"))},
			PlanModifiers:       kit.KeepInt64(),
		},
		"storage_network": schema.StringAttribute{
			Optional: true, Computed: true,
			MarkdownDescription: "How the VM reaches the storage network: `portgroup` (the default for a new VM), `sr-iov` or " +
				"`pvrdma`. Changing it replaces the VM.",
			Validators:    []validator.String{stringvalidator.OneOf("portgroup", "sr-iov", "pvrdma")},
			PlanModifiers: kit.KeepString(),
		},
		"service_level": schema.StringAttribute{
			Optional: true, Computed: true,
			Default: stringdefault.StaticString("spot"),
			MarkdownDescription: "`spot` (the default: cheap, and stopped by the platform whenever it needs the room) or `guarantee` " +
				"(kept running). Changed in place: the VM is started with the new level.",
			Validators: []validator.String{stringvalidator.OneOf("spot", "guarantee")},
		},
		"network_adapters": schema.ListNestedAttribute{
			Optional: true, Computed: true,
			MarkdownDescription: "The VM's adapters on service networks. Left out, a new VM gets one, on the project's default segment. " +
				"Changed in place while the VM is stopped.",
			Validators:    []validator.List{listvalidator.SizeAtLeast(1), distinctAdapters{}},
			PlanModifiers: []planmodifier.List{listplanmodifier.UseStateForUnknown()},
			NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
				"adapter_number": schema.Int64Attribute{
					Required:            true,
					MarkdownDescription: "Number of the adapter, counted from 1.",
					Validators:          []validator.Int64{int64validator.AtLeast(1)},
				},
				"segment_id": schema.StringAttribute{
					Required:            true,
					MarkdownDescription: "Id of the segment that it is connected to; look it up with the data source `mdx_segment`.",
					Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
				},
			}},
		},
		"ssh_public_key": schema.StringAttribute{
			Optional: true,
			MarkdownDescription: "OpenSSH public key that may log in as `login_username`, as the text of a `.pub` file. Needed to " +
				"deploy a Linux VM from a catalog entry. Another key replaces the VM; another comment does not.",
			Validators: []validator.String{kit.IsPublicKey(), stringvalidator.ConflictsWith(path.MatchRoot("source_vm_id"))},
		},
		"nvlink": schema.BoolAttribute{
			Optional: true, Computed: true,
			MarkdownDescription: "Whether the GPUs are joined by NVLink. Defaults to false for a new VM. Changing it replaces the VM.",
			PlanModifiers:       []planmodifier.Bool{boolplanmodifier.UseStateForUnknown()},
		},
	}
}

// vmBehaviourSchema is how the VM is to be run, and how this provider is to treat it.
func vmBehaviourSchema(ctx context.Context) map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"power_state": schema.StringAttribute{
			Optional: true, Computed: true,
			Default: stringdefault.StaticString(kit.PowerRunning),
			MarkdownDescription: "`running` (the default) or `stopped`, changed in place. A spot VM that the platform put to sleep shows as a " +
				"change here, and the next apply starts it again.",
			Validators: []validator.String{stringvalidator.OneOf(kit.PowerRunning, kit.PowerStopped)},
		},
		"wait_for_address": schema.BoolAttribute{
			Optional: true, Computed: true,
			Default: booldefault.StaticBool(defaultWaitForAddress),
			MarkdownDescription: "Whether to wait until a started VM reports its address, which takes about five minutes. Defaults to " +
				"true; with false `ipv4_address` may be empty until a later refresh.",
		},
		"allow_stopping_for_update": schema.BoolAttribute{
			Optional: true, Computed: true,
			Default: booldefault.StaticBool(defaultAllowStoppingForUpdate),
			MarkdownDescription: "Whether an update may stop a running VM for a change that needs it, and start it again. Defaults to " +
				"false: the plan then refuses such changes, and says which.",
		},
		"shutdown_timeout": schema.StringAttribute{
			Optional: true, Computed: true,
			Default: stringdefault.StaticString(defaultShutdownTimeout),
			MarkdownDescription: "How long the guest has to shut itself down, as in `90s` or `5m` (the default), before its power is cut. " +
				"Deleting a VM cuts its power at once.",
			Validators: []validator.String{kit.IsDuration()},
		},
		"timeouts": kit.TimeLimits(ctx, timeouts.Opts{
			Create: true, Read: true, Update: true, Delete: true,
			CreateDescription: "How long to wait for a new VM, as in `90m`. Defaults to `60m`. The VM is kept when it ends.",
			ReadDescription:   "How long a refresh may take. Defaults to `5m`.",
			UpdateDescription: "How long all changes of an update may take together. Defaults to `40m`.",
			DeleteDescription: "How long stopping and deleting may take together. Defaults to `20m`.",
		}),
	}
}

// dedicatedSizes are the attributes that size a VM of a dedicated project.
func dedicatedSizes() []path.Expression {
	return []path.Expression{path.MatchRoot("cpu"), path.MatchRoot("memory"), path.MatchRoot("gpu")}
}
