package host

import (
	"context"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework-nettypes/iptypes"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/containerhost"
)

// notes is private state in memory.
type notes map[string][]byte

func (n notes) GetKey(_ context.Context, key string) ([]byte, diag.Diagnostics) { return n[key], nil }

func (n notes) SetKey(_ context.Context, key string, value []byte) diag.Diagnostics {
	n[key] = value
	return nil
}

// TestHostIsLookedForWhereItWasReached also with a state of which nothing was written down beside it.
func TestHostIsLookedForWhereItWasReached(t *testing.T) {
	dhcp := containerHostModel{Host: types.StringValue("10.9.0.20"), SSHPort: types.Int64Value(22024)}
	fixed := dhcp
	fixed.StaticIPv4Address = iptypes.NewIPv4AddressValue("10.9.0.77")
	reached := containerhost.Status{Address: "10.9.0.76", Port: 22022}
	for name, test := range map[string]struct {
		state containerHostModel
		found []containerhost.Status
		want  place
	}{
		"nothing noted":                  {dhcp, nil, place{"10.9.0.20", 22024}},
		"nothing noted, fixed address":   {fixed, nil, place{"10.9.0.77", 22024}},
		"reached":                        {fixed, []containerhost.Status{reached}, place{"10.9.0.76", 22022}},
		"reached, and silent since then": {fixed, []containerhost.Status{reached, {}}, place{"10.9.0.76", 22022}},
		"reached, and elsewhere later":   {fixed, []containerhost.Status{reached, {Address: "10.9.0.77", Port: 22}}, place{"10.9.0.77", 22}},
	} {
		t.Run(name, func(t *testing.T) {
			private := notes{}
			for _, status := range test.found {
				if diags := placeOf(status).keep(t.Context(), private); diags.HasError() {
					t.Fatal(diags)
				}
			}
			if got := test.state.lastPlace(t.Context(), private); got != test.want {
				t.Errorf("%v, want %v", got, test.want)
			}
		})
	}
}
