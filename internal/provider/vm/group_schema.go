package vm

import (
	"context"
	"fmt"
	"maps"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64default"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/listplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/provider/kit"
)

// maxGroupSize keeps a slip of the finger from emptying a project.
const maxGroupSize = 1000

// vmGroupSchema is the schema of mdx_vm_group: mdx_vm's, but for what its members have each of their own.
func vmGroupSchema(ctx context.Context) schema.Schema {
	attributes := map[string]schema.Attribute{
		"name_prefix": schema.StringAttribute{
			Required: true,
			MarkdownDescription: "What the members' names begin with; a number follows, as in `node-0`. End it with a letter or a hyphen. " +
				"Changing it replaces the group. A member that is renamed on the portal gets its name back.",
			Validators:    []validator.String{isNamePrefix()},
			PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()},
		},
		"size": schema.Int64Attribute{
			Required: true,
			MarkdownDescription: fmt.Sprintf("How many members there are, up to %d. Changed in place: new members get the next "+
				"numbers, and the ones with the highest numbers go first.", maxGroupSize),
			Validators: []validator.Int64{int64validator.Between(0, maxGroupSize)},
		},
		"start_index": schema.Int64Attribute{
			Optional: true, Computed: true, Default: int64default.StaticInt64(0),
			MarkdownDescription: "Number of the first member. Defaults to 0.",
			Validators:          []validator.Int64{int64validator.Between(0, 1_000_000)},
		},
		"max_unavailable": schema.Int64Attribute{
			Optional: true, Computed: true, Default: int64default.StaticInt64(defaultMaxUnavailable),
			MarkdownDescription: "How many members may be stopped at a time for a change that needs them stopped, such as `pack_num`. " +
				"Defaults to 1: the change rolls through the group member by member, each being back before the next one stops. When " +
				"one does not come back, no further one is stopped.",
			Validators: []validator.Int64{int64validator.AtLeast(1)},
		},
		"project_id": schema.StringAttribute{
			Optional: true, Computed: true,
			MarkdownDescription: "Id of the project the members belong to. Defaults to the provider's project. Changing it replaces the group.",
			Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
			PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
		},
	}
	maps.Copy(attributes, vmHardwareSchema())
	maps.Copy(attributes, vmBehaviourSchema(ctx))
	maps.Copy(attributes, vmGroupComputedSchema())
	attributes["timeouts"] = kit.TimeLimits(ctx, timeouts.Opts{
		Create: true, Read: true, Update: true, Delete: true,
		CreateDescription: "How long to wait for all new members together, as in `90m`. Defaults to `60m`. Members are kept when it ends.",
		ReadDescription:   "How long a refresh may take. Defaults to `10m`.",
		UpdateDescription: "How long all changes of an update may take together. Defaults to `120m`.",
		DeleteDescription: "How long stopping and deleting all members may take. Defaults to `40m`.",
	})
	return schema.Schema{
		MarkdownDescription: "Equal virtual machines that are made, kept and removed together: the nodes of a cluster, the Unit of a Virtual " +
			"Cloud.\n\n" +
			"**Speed.** A hundred members take hardly longer than one. They are asked for with one request for every ten (`node-0` to " +
			"`node-9`, `node-10` to `node-19`, ...; `batch_deploys = false` in the provider block sends one each), and waited for " +
			"together. Terraform's own `-parallelism` does not matter.\n\n" +
			"**Members are kept by name.** A larger `size` adds members, a smaller one removes those with the highest numbers. A member " +
			"that vanished from the portal, that the hypervisor lost (`NotFound`), or whose deploy failed, is replaced alone by the next " +
			"apply.\n\n" +
			"**Partial success.** What came up is kept. When some members of a *new* group did not, the apply ends with a warning that " +
			"names them and says why, since an error would have Terraform replace the whole group; when an update does not reach all " +
			"members, it ends with an error. Either way the next apply does what is missing.\n\n" +
			"**Resizing** (`pack_num`, `disk_size`, `network_adapters`, `service_level`) rolls through the running members, " +
			"`max_unavailable` at a time, provided that `allow_stopping_for_update` is true. Members that have the new size already, as " +
			"after an interrupted apply, are left alone.\n\n" +
			"Changing what `mdx_vm` would be replaced for replaces the group with all its members.",
		Attributes: attributes,
	}
}

func vmGroupComputedSchema() map[string]schema.Attribute {
	word := func(description string) schema.StringAttribute {
		return schema.StringAttribute{Computed: true, MarkdownDescription: description}
	}
	kept := func(description string) schema.StringAttribute {
		return schema.StringAttribute{Computed: true, MarkdownDescription: description, PlanModifiers: kit.KeepString()}
	}
	return map[string]schema.Attribute{
		"id":             kept("The project's id and the name prefix."),
		"login_username": kept(vmTells["login_username"]),
		"members": schema.ListNestedAttribute{
			Computed: true,
			MarkdownDescription: "The members that exist, in the order of their numbers. Fewer than `size` when some did not come up; the " +
				"next apply adds them.",
			PlanModifiers: []planmodifier.List{listplanmodifier.UseStateForUnknown()},
			NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
				"id":           word(vmTells["id"]),
				"name":         word("Name of the member."),
				"status":       word(vmTells["status"] + deployFailedTells),
				"ipv4_address": word(vmTells["ipv4_address"]),
				"ipv6_address": word(vmTells["ipv6_address"]),
			}},
		},
		"ipv4_addresses": schema.ListAttribute{
			Computed: true, ElementType: types.StringType,
			MarkdownDescription: "The members' `ipv4_address`, in the same order, without those that have none.",
			PlanModifiers:       []planmodifier.List{listplanmodifier.UseStateForUnknown()},
		},
	}
}

// isNamePrefix accepts what a number can follow without becoming part of another one.
func isNamePrefix() validator.String {
	return kit.CheckString("a name that ends with a letter or a hyphen", func(prefix string) error {
		if err := checkVMName(prefix); err != nil {
			return err
		}
		if last := prefix[len(prefix)-1]; last >= '0' && last <= '9' {
			return fmt.Errorf("%q ends with a digit, which would run into the members' numbers; end it with a hyphen", prefix)
		}
		return nil
	})
}
