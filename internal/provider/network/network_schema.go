package network

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/provider/kit"
)

// networkSchema is the schema of mdx_network. What the portal tells of the segment is planned by ModifyPlan.
func networkSchema(ctx context.Context) schema.Schema {
	return schema.Schema{
		MarkdownDescription: "The access rules of a network segment.\n\n" +
			"Segments are made on the portal's pages; this resource takes one of them in hand and gives it back when it is " +
			"destroyed. Rules of others are left alone, unless `exclusive` is true.\n\n" +
			"Changes add rules before they remove any, and rules that did not change stay as they are, so a segment is never " +
			"closed to traffic that both the old and the new rules allow.\n\n" +
			"For rules that lead to a VM's address prefer `mdx_acl_rule`: Terraform removes it before it destroys or replaces the " +
			"VM, and makes it again for the new address. Rules in `acl` that lead to a VM's address alone are removed by `mdx_vm` " +
			"itself, right before it is destroyed.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{Computed: true, MarkdownDescription: "Id of the segment."},
			"project_id": schema.StringAttribute{
				Optional: true, Computed: true,
				MarkdownDescription: "Id of the project the segment belongs to. Defaults to the provider's project; changing it " +
					"replaces the resource.",
				PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown(), stringplanmodifier.RequiresReplace()},
			},
			"segment_id": schema.StringAttribute{
				Optional: true, Computed: true,
				MarkdownDescription: "Id of the segment. With neither this nor `segment_name`, the project's default segment. " +
					"Choosing another segment replaces the resource.",
				Validators: []validator.String{
					stringvalidator.LengthAtLeast(1), stringvalidator.ConflictsWith(path.MatchRoot("segment_name")),
				},
			},
			"segment_name": schema.StringAttribute{
				Optional: true, Computed: true,
				MarkdownDescription: "Name of the segment, as the portal shows it; conflicts with `segment_id`.",
				Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
			},
			"acl": schema.SetNestedAttribute{
				Optional: true,
				MarkdownDescription: "The access rules: what they do not allow is not let in. They are all IPv4 or all IPv6 by " +
					"themselves, and both kinds may be in the set. A rule that exists already, and that somebody else made, is used as " +
					"it is and told in a warning. Left out, this resource has no rules of its own.",
				NestedObject: schema.NestedAttributeObject{
					Validators: []validator.Object{isRule{}},
					Attributes: elementFields(),
				},
			},
			"exclusive": schema.BoolAttribute{
				Optional: true, Computed: true,
				Default: booldefault.StaticBool(false),
				MarkdownDescription: "Whether the segment is to hold the rules of `acl` and no others. Defaults to false: rules of others " +
					"are left alone. With true, which needs `acl`, the plan shows which rules of others will be removed: as elements " +
					"of `acl` that go, or, when it becomes true, in a warning. Rules made with `mdx_acl_rule` are others' too, so use " +
					"one or the other on a segment.",
			},
			"rule_ids": schema.SetAttribute{
				Computed: true, ElementType: types.StringType,
				MarkdownDescription: "Ids, on the portal, of the rules that this resource made. Rules of `acl` that others had made already " +
					"are not among them.",
			},
			"name":       schema.StringAttribute{Computed: true, MarkdownDescription: "Name of the segment."},
			"vlan_id":    schema.Int64Attribute{Computed: true, MarkdownDescription: vlanIDDoc},
			"vni":        schema.Int64Attribute{Computed: true, MarkdownDescription: vniDoc},
			"ip_range":   schema.StringAttribute{Computed: true, MarkdownDescription: ipRangeDoc},
			"is_default": schema.BoolAttribute{Computed: true, MarkdownDescription: isDefaultDoc},
			"timeouts":   kit.RuleTimeLimits(ctx, timeouts.Opts{Create: true, Read: true, Update: true, Delete: true}),
		},
	}
}

// elementFields are the attributes of an element of acl.
func elementFields() map[string]schema.Attribute {
	all := map[string]schema.Attribute{}
	for _, field := range ruleFields {
		all[field.name] = field.nested()
	}
	return all
}
