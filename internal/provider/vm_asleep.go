package provider

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// platformSleep is how the portal's history calls a spot VM's being stopped by the platform (PORTAL.md §4).
const platformSleep = "自動休止"

// warnAsleep tells why a VM that was running is not, as far as its history tells.
func warnAsleep(ctx context.Context, p *shared, vm vmModel, diags *diag.Diagnostics) {
	if vm.level() != mdx.Spot || vm.PowerState.IsNull() {
		return
	}
	when, slept := p.lastSleep(ctx, vm.vmID())
	if !slept {
		return
	}
	diags.AddAttributeWarning(path.Root("power_state"), "Spot VM stopped by the platform", fmt.Sprintf(
		"The platform stopped the spot VM %q%s (%s), as it does when it needs the room. The next terraform apply starts it again, unless "+
			"power_state is \"stopped\". A VM that must keep running needs service_level = \"guarantee\".",
		vm.Name.ValueString(), when, platformSleep))
}

// lastSleep tells whether the last thing that happened to a VM was that the platform stopped it, and when.
func (p *portal) lastSleep(ctx context.Context, id mdx.VMID) (when string, slept bool) {
	for task, err := range p.VMHistory(ctx, id, mdx.HistoryFilter{}) {
		if err != nil || task.Status == mdx.TaskFailed {
			continue // a failed attempt to start it leaves it asleep
		}
		if !task.Start.IsZero() {
			when = " at " + task.Start.Format(time.RFC3339)
		}
		return when, strings.Contains(task.Type, platformSleep)
	}
	return "", false
}
