package portal

import (
	"context"
	"strings"
	"time"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// PlatformSleep is how the portal's history calls a spot VM's being stopped by the platform (PORTAL.md §4).
const PlatformSleep = "自動休止"

// LastSleep tells whether the last thing that happened to a VM was that the platform stopped it, and when.
func (p *Portal) LastSleep(ctx context.Context, id mdx.VMID) (when string, slept bool) {
	for task, err := range p.VMHistory(ctx, id, mdx.HistoryFilter{}) {
		if err != nil || task.Status == mdx.TaskFailed {
			continue // a failed attempt to start it leaves it asleep
		}
		if !task.Start.IsZero() {
			when = " at " + task.Start.Format(time.RFC3339)
		}
		return when, strings.Contains(task.Type, PlatformSleep)
	}
	return "", false
}
