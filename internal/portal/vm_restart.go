package portal

import (
	"context"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// RestartVM sends a request that restarts a VM, and waits until its task has ended and the VM runs. A request whose answer was
// lost is not sent again: a second restart would hit a VM that has just come up.
func (p *Portal) RestartVM(ctx context.Context, t VMTarget, request func(context.Context, mdx.VMID) ([]mdx.TaskID, error)) error {
	before := p.historyMark(ctx, t)
	tasks, err := p.request(ctx, t, before, vmRequest{
		what: "restart of VM", once: true,
		send: func(ctx context.Context) ([]mdx.TaskID, error) { return request(ctx, t.ID) },
	})
	if err != nil {
		return err
	}
	if _, err := p.failure(ctx, t, before, tasks); err != nil {
		return err
	}
	_, err = p.WaitVM(ctx, t.Project, t.ID, IsRunning, t.named(), p.progress(ctx))
	return err
}
