package vm

import (
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

func TestAStateThatNoVMIsKnownToHaveIsWarnedOf(t *testing.T) {
	for name, test := range map[string]struct {
		status types.String
		want   []string
	}{
		"no filter":                  {types.StringNull(), nil},
		"not known yet":              {types.StringUnknown(), nil},
		"one that the portal has":    {types.StringValue("PowerON"), nil},
		"one of another cloud":       {types.StringValue("running"), []string{`state "running"`, "likely finds no VM"}},
		"one in other letters":       {types.StringValue("PowerOn"), []string{`state "PowerOn"`, `The nearest: "PowerON"`}},
		"one with a blank at an end": {types.StringValue("PowerOFF "), []string{`The nearest: "PowerOFF"`}},
	} {
		t.Run(name, func(t *testing.T) {
			var resp validator.StringResponse
			statusFilter{}.ValidateString(t.Context(), validator.StringRequest{Path: path.Root("status"), ConfigValue: test.status}, &resp)
			if resp.Diagnostics.HasError() || (len(resp.Diagnostics) > 0) != (test.want != nil) {
				t.Fatalf("said %v", resp.Diagnostics)
			}
			if slices.ContainsFunc(test.want, func(part string) bool { return !strings.Contains(resp.Diagnostics[0].Detail(), part) }) {
				t.Errorf("said %q, want %q in it", resp.Diagnostics[0].Detail(), test.want)
			}
		})
	}
}
