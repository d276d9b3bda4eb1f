package portal

import (
	"context"
	"errors"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// CreateVM asks for a VM and answers its id as soon as the portal tells it, which takes seconds. An id may come with an
// error: a failed deploy may leave a VM behind. All that is deployed or cloned passes here. What an interrupted run has
// made already is taken up.
//
// From the request on the id must not be lost, so a cancelled context ends the wait for a turn, but not this.
func (p *Portal) CreateVM(ctx context.Context, o VMOrder) (VMCreation, error) {
	left, err := p.takeUp(ctx, o)
	if !errors.Is(err, errNotLeft) {
		return left, err
	}
	var made mdx.Deployment
	if o.Source != "" {
		made, err = p.deploys.Clone(ctx, o.Source, o.Clone)
	} else {
		made, err = p.deploys.Deploy(ctx, o.Deploy)
	}
	p.cameToNothing(ctx, left.doubtful, err)
	if err != nil && made.VM == "" {
		err = p.takenMeanwhile(ctx, o, err)
	}
	return VMCreation{ID: made.VM, task: made.Task}, err
}

// AwaitCreated waits until a VM that was placed is made. A failure of the portal's task is a [*mdx.TaskError]. Where the task is
// not known, a VM that does not run has a history that tells.
func (p *Portal) AwaitCreated(ctx context.Context, t VMTarget, made VMCreation) error {
	if made.task != "" {
		if _, err := p.WaitTask(ctx, t.Project, made.task, t.named(), p.progress(ctx), mdx.WithPace(mdx.PaceDeploy)); err != nil {
			return err
		}
	}
	vm, err := p.settle(ctx, t)
	if err != nil || made.task != "" || IsRunning(vm) {
		return err
	}
	return p.CreationFailure(ctx, t.ID)
}
