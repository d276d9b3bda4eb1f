package portal

import (
	"context"
	"slices"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// vmRequest is a request that changes a VM.
type vmRequest struct {
	what string // in errors, such as "rename of VM"
	send func(context.Context) ([]mdx.TaskID, error)
	// shows tells whether the VM is what the request makes it, which it was not before; nil where its state does not tell.
	shows func(mdx.VMSummary) bool
	// once: the request is not sent again, whatever became of it.
	once bool
}

// request sends a request that changes a VM, and answers its tasks, of which the portal may tell none (PORTAL.md §5). Where its
// answer was lost, the VM's history tells whether it arrived, or else its state.
func (p *Portal) request(ctx context.Context, t VMTarget, before historyMark, r vmRequest) ([]mdx.TaskID, error) {
	change := mdx.Change[[]mdx.TaskID]{
		What: r.what, Object: t.Name, Send: r.send, ShowsWithin: patience * p.pollInterval, Sends: 2,
		Look: func(ctx context.Context) ([]mdx.TaskID, bool, error) { return p.lookFor(ctx, t, before, r) },
	}
	if r.once {
		change.Sends = 1
	}
	return change.Do(ctx, p.Client, p.progress(ctx))
}

// lookFor looks whether a request has arrived. A VM whose history is denied, as of one to which nothing has happened, may be
// told by its state; a portal that tells neither has said nothing.
func (p *Portal) lookFor(ctx context.Context, t VMTarget, before historyMark, r vmRequest) ([]mdx.TaskID, bool, error) {
	newest, err := p.lastTask(ctx, t.ID)
	switch {
	case err == nil && before.after(newest):
		return []mdx.TaskID{newest.ID}, true, nil
	case err != nil && !mdx.IsNotFound(err) && !mdx.IsOverloaded(err):
		return nil, false, err
	}
	vms, err := p.VMs(ctx, t.Project)
	i := slices.IndexFunc(vms, func(vm mdx.VMSummary) bool { return vm.ID == t.ID })
	return nil, i >= 0 && r.shows != nil && r.shows(vms[i]), err
}

// changeTo sends a request that changes a VM and waits for its tasks. One that the portal has refused since it was at work on
// the VM is sent again when that is over, unless the VM is by then what the request makes it.
func (p *Portal) changeTo(ctx context.Context, t VMTarget, r vmRequest) error {
	for {
		before := p.historyMark(ctx, t)
		tasks, err := p.request(ctx, t, before, r)
		err = p.AwaitTasks(ctx, t, tasks, err)
		if !p.outlasted(ctx, t, before, err) {
			return err
		}
		if r.shows != nil && p.already(ctx, t, r.shows) {
			return nil
		}
	}
}

// already tells whether a VM is in a state now.
func (p *Portal) already(ctx context.Context, t VMTarget, want func(mdx.VMSummary) bool) bool {
	vms, err := p.VMs(ctx, t.Project)
	for _, vm := range vms {
		if err == nil && vm.ID == t.ID {
			return want(vm)
		}
	}
	return false
}

// AwaitTasks waits for the tasks that a request was answered with; err is what came with them, and is answered as it is. A
// task that failed is a [*mdx.TaskError].
func (p *Portal) AwaitTasks(ctx context.Context, t VMTarget, tasks []mdx.TaskID, err error) error {
	for _, task := range tasks {
		if err == nil {
			_, err = p.WaitTask(ctx, t.Project, task, t.named(), p.progress(ctx), mdx.WithPace(mdx.PacePower))
		}
	}
	return err
}
