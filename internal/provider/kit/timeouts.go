package kit

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
)

// TimeLimits is the attribute timeouts of a resource, with a sentence of its own. A limit of zero or less would end every
// operation before it begins.
func TimeLimits(ctx context.Context, opts timeouts.Opts) schema.Attribute {
	attribute := timeouts.Attributes(ctx, opts)
	if nested, ok := attribute.(schema.SingleNestedAttribute); ok {
		nested.MarkdownDescription = "How long Terraform waits for operations on this resource."
		for name, limit := range nested.Attributes {
			if limit, ok := limit.(schema.StringAttribute); ok {
				limit.Validators = []validator.String{IsDuration()}
				nested.Attributes[name] = limit
			}
		}
		return nested
	}
	return attribute
}

// RuleTimeLimits are those of what concerns rules.
func RuleTimeLimits(ctx context.Context, opts timeouts.Opts) schema.Attribute {
	opts.CreateDescription = "How long creating may take, as in `30m`. Defaults to `20m`."
	opts.ReadDescription = "How long a refresh may take. Defaults to `5m`."
	opts.UpdateDescription = "How long all changes of an update may take together. Defaults to `20m`."
	opts.DeleteDescription = "How long removing may take. Defaults to `20m`."
	return TimeLimits(ctx, opts)
}
