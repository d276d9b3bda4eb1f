package portal

import (
	"context"
	"errors"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// maker is the task that a VM came into being by: the first of its history. A list may leave one out for once, so two looks must
// agree.
func (p *Portal) maker(ctx context.Context, id mdx.VMID) (mdx.Task, error) {
	before, err := p.firstTask(ctx, id)
	const looks = 4
	for range looks {
		var task mdx.Task
		if err == nil {
			task, err = p.firstTask(ctx, id)
		}
		if err != nil || task.ID == before.ID {
			return task, err
		}
		before = task
	}
	return mdx.Task{}, errBeginning
}

var errBeginning = errors.New("the portal tells the beginning of the VM's history in one way, and then in another")

func (p *Portal) firstTask(ctx context.Context, id mdx.VMID) (mdx.Task, error) {
	var first mdx.Task
	for task, err := range p.VMHistory(ctx, id, mdx.HistoryFilter{}) {
		if err != nil {
			return mdx.Task{}, err
		}
		if first.Start.IsZero() || !task.Start.After(first.Start) {
			first = task
		}
	}
	return first, nil
}

// CreationFailure is a [*mdx.TaskError] for a VM whose making has failed, and another error where the portal does not tell.
func (p *Portal) CreationFailure(ctx context.Context, id mdx.VMID) error {
	task, err := p.maker(ctx, id)
	if err == nil && task.Status == mdx.TaskFailed {
		return &mdx.TaskError{Task: task}
	}
	return err
}

// FailedVMGone tells whether a VM whose making has failed is gone for certain, and has the journal forget it then.
func (p *Portal) FailedVMGone(ctx context.Context, project mdx.ProjectID, name string, id mdx.VMID) bool {
	if id == "" {
		return false
	}
	if _, err := p.VM(ctx, project, id); !mdx.IsNotFound(err) {
		return false
	}
	p.InState(ctx, project, name)
	return true
}
