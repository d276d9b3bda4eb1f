package network

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/provider/kit"
)

// aclRuleSchema is the schema of mdx_acl_rule. The networks replace the rule, and are never changed in place: they may
// be a VM's address, and only a replacement is removed before that VM is.
func aclRuleSchema(ctx context.Context) schema.Schema {
	return withRuleFields(schema.Schema{
		MarkdownDescription: "One access rule of a network segment; for rules that follow a VM's address.\n\n" +
			"Where `source_cidr` or `destination_cidr` refers to an `mdx_vm`, Terraform removes the rule before it destroys or " +
			"replaces the VM, and makes it again for the new address. So nobody who gets the address next is exposed by it.\n\n" +
			"A rule that exists already is not made a second time: creating it is an error that names the command to import it.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{
				Computed: true, MarkdownDescription: "Id of the rule on the portal.",
				PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
			"project_id": schema.StringAttribute{
				Optional: true, Computed: true,
				MarkdownDescription: "Id of the project the segment belongs to. Defaults to the provider's project; changing it " +
					"replaces the rule.",
				PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown(), stringplanmodifier.RequiresReplace()},
			},
			"segment_id": schema.StringAttribute{
				Required: true,
				MarkdownDescription: "Id of the segment that the rule lets traffic into; look it up with the data source " +
					"`mdx_segment`. Changing it replaces the rule.",
				Validators:    []validator.String{stringvalidator.LengthAtLeast(1)},
				PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()},
			},
			"timeouts": kit.RuleTimeLimits(ctx, timeouts.Opts{Create: true, Read: true, Update: true, Delete: true}),
		},
	})
}

// withRuleFields adds what a rule says.
func withRuleFields(s schema.Schema) schema.Schema {
	for _, field := range ruleFields {
		s.Attributes[field.name] = field.attribute()
	}
	return s
}
