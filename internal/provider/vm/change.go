package vm

import (
	"bytes"
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"golang.org/x/crypto/ssh"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/portal"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/provider/kit"
)

// changeOf compares plan and state.
func changeOf(ctx context.Context, state, plan vmModel, diags *diag.Diagnostics) portal.VMChange {
	c := portal.VMChange{
		VMTarget:            plan.target(),
		ServiceLevelChanges: !plan.ServiceLevel.Equal(state.ServiceLevel),
		PowerChanges:        !plan.PowerState.Equal(state.PowerState) || continuesWait(state, plan),
		MayStop:             plan.AllowStoppingForUpdate.ValueBool() || !plan.wantsRunning(),
	}
	c.LastAddresses, c.LastNetworks = parseAddresses(state.IPv4Address, state.IPv6Address), state.lastNetworks()
	if kit.IsSet(plan.Name) && !plan.Name.Equal(state.Name) {
		c.NewName, c.Name = plan.Name.ValueString(), state.Name.ValueString()
	}
	if kit.IsSet(plan.PackNum) && !plan.PackNum.Equal(state.PackNum) {
		c.PackNum = int(plan.PackNum.ValueInt64())
	}
	if kit.IsSet(plan.DiskSize) && !plan.DiskSize.Equal(state.DiskSize) {
		c.DiskGB = int(plan.DiskSize.ValueInt64())
	}
	if kit.IsSet(plan.NetworkAdapters) && !plan.NetworkAdapters.Equal(state.NetworkAdapters) {
		c.NetworkAdapters = networkAdapters(ctx, plan.vmHardwareModel, diags)
	}
	return c
}

// continuesWait tells whether a running VM's address is yet to come, as after an apply that was interrupted.
func continuesWait(state, plan vmModel) bool {
	return plan.wantsRunning() && plan.WaitForAddress.ValueBool() && state.IPv4Address.IsNull()
}

// sameKey tells whether two public keys are one, whatever their comments.
func sameKey(a, b types.String) bool {
	one, _, _, _, errA := ssh.ParseAuthorizedKey([]byte(a.ValueString()))
	two, _, _, _, errB := ssh.ParseAuthorizedKey([]byte(b.ValueString()))
	if errA != nil || errB != nil {
		return a.Equal(b)
	}
	return bytes.Equal(one.Marshal(), two.Marshal())
}
