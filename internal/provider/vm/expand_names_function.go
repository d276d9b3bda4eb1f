package vm

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

var _ function.Function = expandNamesFunction{}

type expandNamesFunction struct{}

// NewExpandNamesFunction is the function expand_names.
func NewExpandNamesFunction() function.Function { return expandNamesFunction{} }

// Metadata names the function.
func (expandNamesFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "expand_names"
}

// Definition is the function's signature and description.
func (expandNamesFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "Expands a range of names.",
		MarkdownDescription: "Answers the names that a range such as `node-[1-3]` stands for, in order, with the portal's own grammar: " +
			"one range, of single digits, the smaller one first. A name without a range answers itself alone. Use the " +
			"answer in `for_each`: the VMs' deploys then go to the portal as the one request that the range is.",
		Parameters: []function.Parameter{
			function.StringParameter{
				Name:                "name",
				MarkdownDescription: "A name, or a range of names such as `node-[0-9]`.",
			},
		},
		Return: function.ListReturn{ElementType: types.StringType},
	}
}

// Run answers.
func (expandNamesFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var name string
	if resp.Error = req.Arguments.Get(ctx, &name); resp.Error != nil {
		return
	}
	names, err := mdx.ExpandNames(name)
	if err != nil {
		resp.Error = function.NewArgumentFuncError(0, err.Error())
		return
	}
	resp.Error = resp.Result.Set(ctx, names)
}
