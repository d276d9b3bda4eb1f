package portal

import (
	"context"
	"errors"
	"time"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// DestroyVM removes the rules that lead to a VM, powers it off, deletes it, and waits until its project's list says that it
// is gone (PORTAL.md §8), and so does the task that the portal told, or else its detail. A VM that is gone already is none
// to destroy. What the journal knows of it goes with it.
//
// On the way much else is asked, and an overloaded portal answers 404 to anything. Only the VM's own absence, which its
// detail and the list agree on, counts as that.
func (p *Portal) DestroyVM(ctx context.Context, t VMTarget) error {
	err := p.tearDown(ctx, t)
	switch {
	case err == nil:
		p.vmDestroyed(ctx, t.Project, t.Name)
		return nil
	case !mdx.IsNotFound(err):
		return err
	}
	if _, proof := p.VM(ctx, t.Project, t.ID); !mdx.IsNotFound(proof) {
		return HideNotFound(err)
	}
	p.VMHadName(ctx, t.Project, t.ID, t.Name) // gone long ago, perhaps, and the journal knows one that was made in its place
	return nil
}

func (p *Portal) tearDown(ctx context.Context, t VMTarget) error {
	vm, err := p.atRest(ctx, t)
	if err != nil {
		return err
	}
	if err := p.removeRulesTo(ctx, t, t.networksOf(vm)); err != nil {
		return err
	}
	if vm.Status == mdx.VMPowerOn || vm.Status == mdx.VMSuspended {
		if err := p.cutPower(ctx, t); err != nil {
			return err
		}
	}
	before := p.historyMark(ctx, t)
	tasks, err := p.Destroy(ctx, t.ID)
	told := err == nil && len(tasks) > 0
	if mdx.IsAmbiguous(err) {
		task, lookErr := p.newTask(ctx, t.ID, before)
		if lookErr != nil {
			return errors.Join(err, lookErr)
		}
		tasks, err = []mdx.TaskID{task}, nil
	}
	err = p.AwaitTasks(ctx, t, tasks, err)
	if p.outlasted(ctx, t, before, err) {
		return p.tearDown(ctx, t)
	}
	if err != nil {
		return err
	}
	if told {
		return p.WaitVMGone(ctx, t.Project, t.ID, t.named(), p.progress(ctx))
	}
	return p.gone(ctx, t)
}

// atRest waits until a VM is not being made any more. One that is broken may go as it is.
func (p *Portal) atRest(ctx context.Context, t VMTarget) (*mdx.VM, error) {
	for {
		vm, err := p.VM(ctx, t.Project, t.ID)
		if err != nil || vm.Status != mdx.VMDeploying {
			return vm, err
		}
		if _, err := p.settle(ctx, t); err != nil {
			return nil, err
		}
	}
}

// gone waits until the list has no such VM, and its detail agrees.
func (p *Portal) gone(ctx context.Context, t VMTarget) error {
	tick := time.NewTicker(p.PollInterval)
	defer tick.Stop()
	for {
		if err := p.WaitVMGone(ctx, t.Project, t.ID, t.named(), p.progress(ctx)); err != nil {
			return err
		}
		switch _, err := p.VM(ctx, t.Project, t.ID); {
		case mdx.IsNotFound(err):
			return nil
		case err != nil:
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
