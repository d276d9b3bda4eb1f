package vm

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

var _ function.Function = packResourcesFunction{}

type packResourcesFunction struct{}

// NewPackResourcesFunction is the function pack_resources.
func NewPackResourcesFunction() function.Function { return packResourcesFunction{} }

// packResourcesModel is the function's answer, with mdx_vm's names for the same things.
type packResourcesModel struct {
	CPU    int64   `tfsdk:"cpu"`
	Memory float64 `tfsdk:"memory"`
	GPU    int64   `tfsdk:"gpu"`
}

// Metadata names the function.
func (packResourcesFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "pack_resources"
}

// Definition is the function's signature and description.
func (packResourcesFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "Tells what a VM of so many packs has.",
		MarkdownDescription: "Answers an object with the cores (`cpu`), the memory in GB (`memory`) and the GPUs (`gpu`) of a VM that is " +
			"made of `pack_num` packs. More packs than one VM may have are an error.",
		Parameters: []function.Parameter{
			function.StringParameter{
				Name:                "pack_type",
				MarkdownDescription: "Kind of pack: `cpu` or `gpu`.",
			},
			function.Int64Parameter{
				Name:                "pack_num",
				MarkdownDescription: "How many packs: 1 to 152 cpu packs, or 1 to 8 gpu packs.",
			},
		},
		Return: function.ObjectReturn{AttributeTypes: map[string]attr.Type{
			"cpu": types.Int64Type, "memory": types.Float64Type, "gpu": types.Int64Type,
		}},
	}
}

// Run answers.
func (packResourcesFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var kind string
	var num int64
	if resp.Error = req.Arguments.Get(ctx, &kind, &num); resp.Error != nil {
		return
	}
	size, most, err := packsOf(kind)
	switch {
	case err != nil:
		resp.Error = function.NewArgumentFuncError(0, err.Error())
		return
	case num < 1 || num > most:
		resp.Error = function.NewArgumentFuncError(1, fmt.Sprintf("a VM has 1 to %d %s packs, not %d", most, kind, num))
		return
	}
	var model packResourcesModel
	model.CPU, model.Memory, model.GPU = size.resources(num)
	resp.Error = resp.Result.Set(ctx, model)
}
