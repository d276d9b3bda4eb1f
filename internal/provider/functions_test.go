package provider_test

import (
	"fmt"
	"math/big"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfversion"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/provider"
)

// call calls a function of the provider over the protocol, as terraform does.
func call(t *testing.T, name string, arguments ...tftypes.Value) (tftypes.Value, *tfprotov6.FunctionError) {
	t.Helper()
	server := providerserver.NewProtocol6(provider.New("test")())()
	functions, err := server.GetFunctions(t.Context(), &tfprotov6.GetFunctionsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	definition, ok := functions.Functions[name]
	if !ok {
		t.Fatalf("the provider has no function %q", name)
	}
	request := &tfprotov6.CallFunctionRequest{Name: name}
	for i, argument := range arguments {
		value, err := tfprotov6.NewDynamicValue(definition.Parameters[i].Type, argument)
		if err != nil {
			t.Fatal(err)
		}
		request.Arguments = append(request.Arguments, &value)
	}
	answer, err := server.CallFunction(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	if answer.Error != nil {
		return tftypes.Value{}, answer.Error
	}
	value, err := answer.Result.Unmarshal(definition.Return.Type)
	if err != nil {
		t.Fatal(err)
	}
	return value, nil
}

func text(s string) tftypes.Value { return tftypes.NewValue(tftypes.String, s) }

// number is a number as terraform reads it: exactly what was written.
func number(written string) tftypes.Value {
	n, _ := new(big.Float).SetPrec(512).SetString(written)
	return tftypes.NewValue(tftypes.Number, n)
}

func TestFunctionPackResources(t *testing.T) {
	for _, test := range []struct {
		kind, num         string
		cpu, memory, gpus string
	}{
		{"cpu", "1", "1", "1.51", "0"},
		{"cpu", "3", "3", "4.53", "0"},
		{"cpu", "152", "152", "229.52", "0"},
		{"gpu", "1", "18", "57.6", "1"},
		{"gpu", "8", "144", "460.8", "8"},
	} {
		t.Run(test.num+" "+test.kind, func(t *testing.T) {
			got, failure := call(t, "pack_resources", text(test.kind), number(test.num))
			if failure != nil {
				t.Fatal(failure.Text)
			}
			var fields map[string]tftypes.Value
			if err := got.As(&fields); err != nil {
				t.Fatal(err)
			}
			for field, want := range map[string]string{"cpu": test.cpu, "memory": test.memory, "gpu": test.gpus} {
				var n *big.Float
				if err := fields[field].As(&n); err != nil {
					t.Fatal(err)
				}
				if n.Text('g', 15) != want {
					t.Errorf("%s = %s, want %s", field, n.Text('g', 15), want)
				}
			}
		})
	}
}

func TestFunctionPacksNeeded(t *testing.T) {
	for _, test := range []struct {
		kind, cores, memory, gpus string
		want                      int64
	}{
		{"cpu", "0", "0", "0", 1},
		{"cpu", "8", "0", "0", 8},
		{"cpu", "8", "32", "0", 22}, // 21 packs have 31.71 GB
		{"cpu", "0", "1.51", "0", 1},
		{"cpu", "0", "1.52", "0", 2},
		{"cpu", "152", "229.52", "0", 152},
		{"gpu", "1", "1", "0", 1},
		{"gpu", "0", "0", "3", 3},
		{"gpu", "19", "57.6", "1", 2},
	} {
		t.Run(fmt.Sprintf("%s %s cores %s GB %s GPUs", test.kind, test.cores, test.memory, test.gpus), func(t *testing.T) {
			got, failure := call(t, "packs_needed", text(test.kind), number(test.cores), number(test.memory), number(test.gpus))
			if failure != nil {
				t.Fatal(failure.Text)
			}
			if want := tftypes.NewValue(tftypes.Number, big.NewFloat(float64(test.want))); !got.Equal(want) {
				t.Errorf("got %s, want %d", got, test.want)
			}
		})
	}
}

func TestFunctionExpandNames(t *testing.T) {
	for name, want := range map[string][]string{
		"solo":       {"solo"},
		"n-[1-3]":    {"n-1", "n-2", "n-3"},
		"n-1[8-9]-a": {"n-18-a", "n-19-a"},
	} {
		t.Run(name, func(t *testing.T) {
			got, failure := call(t, "expand_names", text(name))
			if failure != nil {
				t.Fatal(failure.Text)
			}
			var values []tftypes.Value
			for _, name := range want {
				values = append(values, text(name))
			}
			if want := tftypes.NewValue(tftypes.List{ElementType: tftypes.String}, values); !got.Equal(want) {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

// Terraform puts what a function says into a sentence of its own, and a period after it.
func TestFunctionsRefuse(t *testing.T) {
	for _, test := range []struct {
		function  string
		arguments []tftypes.Value
		argument  int64 // the one to blame, or -1
		want      string
	}{
		{"pack_resources", []tftypes.Value{text("tpu"), number("1")}, 0, `"tpu" is not a kind of pack: give "cpu" or "gpu"`},
		{"pack_resources", []tftypes.Value{text("cpu"), number("0")}, 1, "a VM has 1 to 152 cpu packs, not 0"},
		{"pack_resources", []tftypes.Value{text("gpu"), number("9")}, 1, "a VM has 1 to 8 gpu packs, not 9"},
		{"packs_needed", []tftypes.Value{text("tpu"), number("1"), number("1"), number("0")}, 0, `"tpu" is not a kind of pack: give "cpu" or "gpu"`},
		{"packs_needed", []tftypes.Value{text("cpu"), number("-1"), number("1"), number("0")}, 1, "give 0 or more"},
		{"packs_needed", []tftypes.Value{text("cpu"), number("1"), number("-0.5"), number("0")}, 2, "give 0 or more"},
		{
			"packs_needed",
			[]tftypes.Value{text("cpu"), number("1"), number("1"), number("1")},
			-1,
			"no VM of cpu packs is as large: the largest, of 152 packs, has 152 cores, 229.52 GB of memory and 0 GPUs",
		},
		{
			"packs_needed",
			[]tftypes.Value{text("gpu"), number("145"), number("1"), number("1")},
			-1,
			"no VM of gpu packs is as large: the largest, of 8 packs, has 144 cores, 460.80 GB of memory and 8 GPUs",
		},
		{
			"expand_names",
			[]tftypes.Value{text("n-[10-12]")},
			0,
			`VM name "n-[10-12]": a range is written like name-[1-3], once, with single digits`,
		},
		{"expand_names", []tftypes.Value{text("")}, 0, "the VM name is empty"},
	} {
		t.Run(fmt.Sprint(test.function, test.arguments), func(t *testing.T) {
			got, failure := call(t, test.function, test.arguments...)
			if failure == nil {
				t.Fatalf("answered %s", got)
			}
			if failure.Text != test.want {
				t.Errorf("says %q, want %q", failure.Text, test.want)
			}
			blamed := int64(-1)
			if failure.FunctionArgument != nil {
				blamed = *failure.FunctionArgument
			}
			if blamed != test.argument {
				t.Errorf("blames argument %d, want %d", blamed, test.argument)
			}
		})
	}
}

func TestAccFunctionsInAConfiguration(t *testing.T) {
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: providers(),
		TerraformVersionChecks:   []tfversion.TerraformVersionCheck{tfversion.SkipBelow(tfversion.Version1_8_0)},
		Steps: []resource.TestStep{
			{
				Config: `
terraform {
  required_providers {
    mdx = { source = "hashicorp/mdx" }
  }
}
output "size"  { value = provider::mdx::pack_resources("gpu", 2) }
output "packs" { value = provider::mdx::packs_needed("cpu", 4, 16, 0) }
output "names" { value = provider::mdx::expand_names("node-[1-3]") }
`,
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectKnownOutputValue("size", knownvalue.ObjectExact(map[string]knownvalue.Check{
						"cpu": knownvalue.Int64Exact(36), "memory": knownvalue.Float64Exact(115.2), "gpu": knownvalue.Int64Exact(2),
					})),
					statecheck.ExpectKnownOutputValue("packs", knownvalue.Int64Exact(11)),
					statecheck.ExpectKnownOutputValue("names", knownvalue.ListExact([]knownvalue.Check{
						knownvalue.StringExact("node-1"), knownvalue.StringExact("node-2"), knownvalue.StringExact("node-3"),
					})),
				},
			},
			{
				Config: `
terraform {
  required_providers {
    mdx = { source = "hashicorp/mdx" }
  }
}
output "size" { value = provider::mdx::pack_resources("cpu", 153) }
`,
				ExpectError: says(`parameter: a VM has 1 to 152 cpu packs, not 153.`),
			},
		},
	})
}
