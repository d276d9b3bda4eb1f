package host

import (
	"context"
	"encoding/json"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/containerhost"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/provider/kit"
)

// place is where a host was last reached. The attributes say where it should be, which is elsewhere while a change
// waits for its VM to be switched on. So it is kept beside them, in the resource's private state.
type place struct {
	Address string `json:"address"`
	Port    int    `json:"port"`
}

const placeKey = "reached"

// placeOf is where a host was reached; nowhere, if it was not.
func placeOf(status containerhost.Status) place { return place{status.Address, status.Port} }

// keep writes down where a host was reached. One that was not may still be where it was before.
func (p place) keep(ctx context.Context, private kit.PrivateState) diag.Diagnostics {
	if p.Address == "" {
		return nil
	}
	data, err := json.Marshal(p)
	if err != nil {
		return diag.Diagnostics{diag.NewErrorDiagnostic("Could not note where the host is", err.Error())}
	}
	return private.SetKey(ctx, placeKey, data)
}

// lastPlace is where the host was last reached, and where the state has it if nothing was written down.
func (m *containerHostModel) lastPlace(ctx context.Context, private kit.PrivateState) place {
	var p place
	if data, _ := private.GetKey(ctx, placeKey); json.Unmarshal(data, &p) == nil && p.Address != "" {
		return p
	}
	return place{kit.FirstOf(m.StaticIPv4Address.ValueString(), m.Host.ValueString()), int(m.SSHPort.ValueInt64())}
}
