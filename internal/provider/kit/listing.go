package kit

import (
	"context"
	"iter"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	tflist "github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/path"
)

// SeenListed says in the documentation how far list resources are tested.
const SeenListed = "\n\nList resources need Terraform 1.14 (`terraform query`); OpenTofu has none yet. This one is tested with Terraform 1.14.9 " +
	"against the portal simulator: what it finds, the configuration that is written for it, and that a plan of that imports " +
	"everything and changes nothing. It has not been seen running on the real portal."

// Listed is an object that a list came upon.
type Listed struct {
	Name     string
	Identity any // the resource's identity model
	// fill completes the resource's model, which is null but for its id; asked for only if Terraform wants it.
	Fill func(result *tflist.ListResult)
}

// ListResults makes what Terraform takes of what was found, no more than it asked for.
func ListResults(ctx context.Context, req tflist.ListRequest, all iter.Seq[Listed]) iter.Seq[tflist.ListResult] {
	return func(yield func(tflist.ListResult) bool) {
		var n int64
		for f := range all {
			if req.Limit > 0 && n >= req.Limit {
				return
			}
			n++
			result := req.NewListResult(ctx)
			result.DisplayName = f.Name
			result.Diagnostics.Append(result.Identity.Set(ctx, f.Identity)...)
			if req.IncludeResource {
				f.Fill(&result)
			}
			if !yield(result) {
				return
			}
		}
	}
}

// BlankModel gives the model of a resource of which nothing but the id is known.
func BlankModel(ctx context.Context, result *tflist.ListResult, id string, model any) bool {
	result.Diagnostics.Append(result.Resource.SetAttribute(ctx, path.Root("id"), id)...)
	result.Diagnostics.Append(result.Resource.Get(ctx, model)...)
	return !result.Diagnostics.HasError()
}

// StreamFailed ends a list with what went wrong.
func StreamFailed(stream *tflist.ListResultsStream, diags diag.Diagnostics) bool {
	if diags.HasError() {
		stream.Results = tflist.ListResultsStreamDiagnostics(diags)
	}
	return diags.HasError()
}
