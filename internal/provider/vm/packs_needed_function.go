package vm

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/function"
)

var _ function.Function = packsNeededFunction{}

type packsNeededFunction struct{}

// NewPacksNeededFunction is the function packs_needed.
func NewPacksNeededFunction() function.Function { return packsNeededFunction{} }

// Metadata names the function.
func (packsNeededFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "packs_needed"
}

// Definition is the function's signature and description.
func (packsNeededFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "Tells how many packs a VM needs.",
		MarkdownDescription: "Answers the least `pack_num` with which a VM has at least so many cores, so much memory and so many GPUs. " +
			"What no VM can have is an error.",
		Parameters: []function.Parameter{
			function.StringParameter{
				Name:                "pack_type",
				MarkdownDescription: "Kind of pack: `cpu` or `gpu`.",
			},
			function.Int64Parameter{
				Name:                "cpu",
				MarkdownDescription: "Cores wanted, 0 if it doesn't matter.",
			},
			function.Float64Parameter{
				Name:                "memory",
				MarkdownDescription: "Memory wanted in GB, 0 if it doesn't matter.",
			},
			function.Int64Parameter{
				Name:                "gpu",
				MarkdownDescription: "GPUs wanted; 0 with cpu packs, which have none.",
			},
		},
		Return: function.Int64Return{},
	}
}

// Run answers.
func (packsNeededFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var kind string
	var cores, devices int64
	var memory float64
	if resp.Error = req.Arguments.Get(ctx, &kind, &cores, &memory, &devices); resp.Error != nil {
		return
	}
	size, most, err := packsOf(kind)
	if err != nil {
		resp.Error = function.NewArgumentFuncError(0, err.Error())
		return
	}
	for i, wanted := range []float64{float64(cores), memory, float64(devices)} {
		if wanted < 0 {
			resp.Error = function.NewArgumentFuncError(int64(i+1), "give 0 or more")
			return
		}
	}
	num := size.needed(float64(cores), memory, devices)
	if num > float64(most) {
		cpu, gb, gpu := size.resources(most)
		resp.Error = function.NewFuncError(fmt.Sprintf("no VM of %s packs is as large: the largest, of %d packs, has %d cores, %.2f GB "+
			"of memory and %d GPUs", kind, most, cpu, gb, gpu))
		return
	}
	resp.Error = resp.Result.Set(ctx, int64(num))
}
