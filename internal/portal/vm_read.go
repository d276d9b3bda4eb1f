package portal

import (
	"context"

	"golang.org/x/sync/errgroup"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// ReadVM reads one of many VMs that are asked for one by one: it is likely read ahead.
func (p *Portal) ReadVM(ctx context.Context, project mdx.ProjectID, id mdx.VMID) (*mdx.VM, error) {
	return p.reads.VM(ctx, project, id)
}

// VMDetails reads VMs in full, some at once. One that is gone meanwhile is nil.
func (p *Portal) VMDetails(ctx context.Context, project mdx.ProjectID, vms []mdx.VMSummary) ([]*mdx.VM, error) {
	const atOnce = 8 // what the portal bears (PORTAL.md §8)
	details := make([]*mdx.VM, len(vms))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for i, vm := range vms {
		group.Go(func() error {
			detail, err := p.VM(ctx, project, vm.ID)
			if mdx.IsNotFound(err) {
				return nil
			}
			details[i] = detail
			return err
		})
	}
	return details, group.Wait()
}
