package provider

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// destroy removes the rules that lead to a VM, powers it off, deletes it, and waits until its project's list says that it
// is gone (PORTAL.md §8), and so does the task that the portal told, or else its detail. A VM that is gone already is an
// error that [mdx.IsNotFound] knows.
//
// On the way much else is asked, and an overloaded portal answers 404 to anything. Only the VM's own absence, which its
// detail and the list agree on, counts as that.
func (p *portal) destroy(ctx context.Context, t vmTarget) error {
	err := p.tearDown(ctx, t)
	if !mdx.IsNotFound(err) {
		return err
	}
	if _, proof := p.VM(ctx, t.project, t.id); mdx.IsNotFound(proof) {
		return proof
	}
	return notAbout(err)
}

// notAbout hides from an error that it may look like the absence of the VM that is spoken of.
func notAbout(err error) error {
	if mdx.IsNotFound(err) {
		return fmt.Errorf("the VM is there, but: %v; the portal seems overloaded", err) //nolint:errorlint // to be hidden
	}
	return err
}

func (p *portal) tearDown(ctx context.Context, t vmTarget) error {
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
	tasks, err := p.Destroy(ctx, t.id)
	told := err == nil && len(tasks) > 0
	if mdx.IsAmbiguous(err) {
		task, lookErr := p.newTask(ctx, t.id, before)
		if lookErr != nil {
			return errors.Join(err, lookErr)
		}
		tasks, err = []mdx.TaskID{task}, nil
	}
	err = p.ended(ctx, t, tasks, err)
	if p.outlasted(ctx, t, before, err) {
		return p.tearDown(ctx, t)
	}
	if err != nil {
		return err
	}
	if told {
		return p.WaitVMGone(ctx, t.project, t.id, t.named(), p.progress(ctx))
	}
	return p.gone(ctx, t)
}

// atRest waits until a VM is not being made any more. One that is broken may go as it is.
func (p *portal) atRest(ctx context.Context, t vmTarget) (*mdx.VM, error) {
	for {
		vm, err := p.VM(ctx, t.project, t.id)
		if err != nil || vm.Status != mdx.VMDeploying {
			return vm, err
		}
		if _, err := p.settle(ctx, t); err != nil {
			return nil, err
		}
	}
}

// gone waits until the list has no such VM, and its detail agrees.
func (p *portal) gone(ctx context.Context, t vmTarget) error {
	tick := time.NewTicker(p.pollInterval)
	defer tick.Stop()
	for {
		if err := p.WaitVMGone(ctx, t.project, t.id, t.named(), p.progress(ctx)); err != nil {
			return err
		}
		switch _, err := p.VM(ctx, t.project, t.id); {
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
