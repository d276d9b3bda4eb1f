package host

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/mapplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

func TestOnlyATriggerThatHadAnotherValueMakesANewNode(t *testing.T) {
	t.Parallel()
	of := func(values map[string]attr.Value) types.Map { return types.MapValueMust(types.StringType, values) }
	text, none := types.StringValue, types.StringNull()
	one := of(map[string]attr.Value{"vm": text("1")})
	for name, test := range map[string]struct {
		state, plan types.Map
		replaces    bool
	}{
		"the same":                     {one, one, false},
		"another value":                {one, of(map[string]attr.Value{"vm": text("2")}), true},
		"a value that is not known":    {one, of(map[string]attr.Value{"vm": types.StringUnknown()}), true},
		"nothing is known":             {one, types.MapUnknown(types.StringType), true},
		"a value goes":                 {one, of(map[string]attr.Value{}), true},
		"a value becomes null":         {one, of(map[string]attr.Value{"vm": none}), true},
		"all go":                       {one, types.MapNull(types.StringType), true},
		"a null comes":                 {one, of(map[string]attr.Value{"vm": text("1"), "rev": none}), false},
		"a value comes":                {one, of(map[string]attr.Value{"vm": text("1"), "rev": text("1")}), false},
		"a null gets a value":          {of(map[string]attr.Value{"rev": none}), of(map[string]attr.Value{"rev": text("1")}), false},
		"a null goes":                  {of(map[string]attr.Value{"rev": none}), of(map[string]attr.Value{}), false},
		"values where there were none": {types.MapNull(types.StringType), one, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var resp mapplanmodifier.RequiresReplaceIfFuncResponse
			changedTriggers(t.Context(), planmodifier.MapRequest{StateValue: test.state, PlanValue: test.plan}, &resp)
			if resp.RequiresReplace != test.replaces {
				t.Errorf("a new node: %t", resp.RequiresReplace)
			}
		})
	}
}
