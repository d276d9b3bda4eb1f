package kit

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

func TestATimeLimitIsLongerThanNothing(t *testing.T) {
	t.Parallel()
	limits, ok := TimeLimits(t.Context(), timeouts.Opts{Create: true, Read: true, Update: true, Delete: true}).(schema.SingleNestedAttribute)
	if !ok || len(limits.Attributes) != 4 {
		t.Fatalf("%+v", limits)
	}
	for name, attribute := range limits.Attributes {
		for text, good := range map[string]bool{"30m": true, "1h30m": true, "0s": false, "-5m": false, "5": false, "": false} {
			resp := validator.StringResponse{}
			for _, v := range attribute.(schema.StringAttribute).Validators {
				v.ValidateString(t.Context(), validator.StringRequest{Path: path.Root("timeouts").AtName(name), ConfigValue: types.StringValue(text)}, &resp)
			}
			if good != (len(resp.Diagnostics) == 0) {
				t.Errorf("%s = %q: %v", name, text, resp.Diagnostics)
			}
			if !good && !strings.Contains(resp.Diagnostics[0].Summary()+resp.Diagnostics[0].Detail(), "timeouts."+name) {
				t.Errorf("%v does not name the attribute", resp.Diagnostics)
			}
		}
	}
}
