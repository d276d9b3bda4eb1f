package portal

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/journal"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// VMOrder is a VM that is to be made: deployed, or cloned where source is given.
type VMOrder struct {
	Project mdx.ProjectID
	Name    string
	Deploy  mdx.DeployRequest
	Source  mdx.VMID
	Clone   mdx.CloneRequest
}

// digest is the same for orders that are equal but for the name.
func (o VMOrder) digest() string {
	if o.Source != "" {
		return o.Clone.Digest(o.Source)
	}
	return o.Deploy.Digest()
}

// VMCreation is a VM that the portal has begun to make. Its task is empty where its answer was lost.
type VMCreation struct {
	ID        mdx.VMID
	task      mdx.TaskID
	Continued string // says so where the VM was not made now, but by an interrupted run

	doubtful []journal.Entry // of interrupted runs, where nothing shows that came of them
}

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

// patience is how many poll intervals the portal gets for what takes it seconds: 100 s at the default of 5 s, which is
// how long the operator's own client looks for a new VM (PORTAL.md §8).
const patience = 20

// Aside is a context for what must be finished although ctx may be cancelled, with a limit of its own.
func (p *Portal) Aside(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), patience*p.PollInterval)
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

// IsRefused tells whether the portal said no to what was asked, as opposed to not having finished it, or not having been
// heard. A VM whose making was refused is none to wait for.
func IsRefused(err error) bool {
	if _, failed := errors.AsType[*mdx.TaskError](err); failed {
		return true
	}
	portal, answered := errors.AsType[*mdx.Error](err)
	if !answered {
		return false
	}
	switch portal.Status {
	case http.StatusBadRequest, http.StatusNotFound, http.StatusGone, http.StatusConflict, http.StatusUnprocessableEntity:
		return true
	}
	return false
}

// progress tells the log what a wait has learned.
func (p *Portal) progress(ctx context.Context) mdx.WaitOption {
	return mdx.WithProgress(func(news mdx.Progress) {
		p.log(ctx, mdx.LogInfo, "waiting for the portal", map[string]any{
			"operation": news.Operation, "object": news.Object, "percent": news.Percent, "status": news.Status,
			"elapsed": news.Elapsed.Round(time.Second).String(),
		})
	})
}
