package network

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/hashicorp/terraform-plugin-framework-nettypes/iptypes"
	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/provider/kit"
)

// dnatSchema is the schema of mdx_dnat. Everything replaces the rule: its destination may be a VM's address, and only a
// replacement is removed before that VM is.
func dnatSchema(ctx context.Context) schema.Schema {
	return schema.Schema{
		MarkdownDescription: "A DNAT rule: leads one of the project's public addresses to a machine's address.\n\n" +
			"Where `destination_address` refers to an `mdx_vm`, Terraform removes the rule before it destroys or replaces the VM, " +
			"and makes it again for the new address. Set `pool_address` if the public address must stay the same then.\n\n" +
			"DNAT alone lets nobody in: the segment needs an access rule (`mdx_acl_rule`) for the traffic, too.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{
				Computed: true, MarkdownDescription: "Id of the rule on the portal.",
				PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
			"project_id": schema.StringAttribute{
				Optional: true, Computed: true,
				MarkdownDescription: "Id of the project that the addresses belong to. Defaults to the provider's project; changing it " +
					"replaces the rule.",
				PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown(), stringplanmodifier.RequiresReplace()},
			},
			"segment_id": schema.StringAttribute{
				Required: true,
				MarkdownDescription: "Id of the segment that the destination is in; look it up with the data source `mdx_segment`. " +
					"Changing it replaces the rule.",
				Validators:    []validator.String{stringvalidator.LengthAtLeast(1)},
				PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()},
			},
			"destination_address": schema.StringAttribute{
				Required: true, CustomType: iptypes.IPv4AddressType{},
				MarkdownDescription: "IPv4 address of the machine, usually `mdx_vm.<name>.ipv4_address`. Changing it replaces the rule.",
				PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
			},
			"pool_address": schema.StringAttribute{
				Optional: true, Computed: true, CustomType: iptypes.IPv4AddressType{},
				MarkdownDescription: "Public IPv4 address. Left out, the lowest free one of the project is taken; the data source " +
					"`mdx_global_addresses` lists them. Changing it replaces the rule.",
				Validators: []validator.String{isPublicAddress()},
				PlanModifiers: []planmodifier.String{
					stringplanmodifier.UseStateForUnknown(), stringplanmodifier.RequiresReplaceIfConfigured(),
				},
			},
			"timeouts": kit.RuleTimeLimits(ctx, timeouts.Opts{Create: true, Read: true, Delete: true}),
		},
	}
}

// isPublicAddress refuses addresses of segments: somebody took destination and pool for each other.
func isPublicAddress() validator.String {
	return kit.CheckString("a public IPv4 address", func(text string) error {
		address, err := netip.ParseAddr(text)
		if err == nil && (address.IsPrivate() || address.IsLoopback() || address.IsLinkLocalUnicast()) {
			return fmt.Errorf("%s is a private address; pool_address is the public one, and destination_address the machine's", address)
		}
		return nil
	})
}
