package portal

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// settle waits until a VM is not being made any more, and answers its state.
func (p *Portal) settle(ctx context.Context, t VMTarget) (mdx.VMSummary, error) {
	made := func(vm mdx.VMSummary) bool { return vm.Status != mdx.VMDeploying }
	vm, err := p.WaitVM(ctx, t.Project, t.ID, made, t.named(), p.progress(ctx), mdx.WithPace(mdx.PaceDeploy))
	if err == nil && slices.Contains([]mdx.VMStatus{mdx.VMDetached, mdx.VMNotFound}, vm.Status) {
		return vm, &brokenError{vm.Status}
	}
	return vm, err
}

// reach brings a VM to its power state, and waits for its address if that is wanted. The platform may stop a spot VM at
// any moment (PORTAL.md §8), also in the middle of this: it is started again then. The VM comes with the answer if its
// detail was read in the end.
func (p *Portal) reach(ctx context.Context, t VMTarget) (*mdx.VM, error) {
	const attempts = 3
	for range attempts {
		vm, err := p.settle(ctx, t)
		if err != nil {
			return nil, err
		}
		if !t.Running {
			if !IsRunning(vm) {
				return nil, nil
			}
			return nil, p.stop(ctx, t)
		}
		if !IsRunning(vm) {
			err := p.start(ctx, t)
			if errors.Is(err, errUndone) {
				p.warn(ctx, "the VM was stopped as soon as it was started", map[string]any{"name": t.Name})
				continue
			}
			if err != nil {
				return nil, err
			}
		}
		if !t.WaitForAddress {
			return nil, nil
		}
		up, err := p.WaitAddress(ctx, t.Project, t.ID, t.named(), p.progress(ctx))
		if !mdx.IsConflict(err) {
			return up, err
		}
		p.warn(ctx, "the VM was stopped while its address was waited for", map[string]any{"name": t.Name})
	}
	return nil, errKeepsStopping
}

// powerChange is a request that changes a VM's power.
type powerChange struct {
	vmRequest
	// shownByTask: it shows by the time that its task has ended. The task of a shutdown may end when the guest has been asked.
	shownByTask bool
}

// start powers a VM on, at its service level. A 404 is more likely the portal's overload than the VM's end (PORTAL.md §8), and
// a VM that was stopped for a change is not to stay off for that.
func (p *Portal) start(ctx context.Context, t VMTarget) error {
	return p.insist(ctx, mdx.IsNotFound, func() error {
		return p.act(ctx, t, powerChange{vmRequest{
			what:  "start of VM",
			send:  func(ctx context.Context) ([]mdx.TaskID, error) { return p.PowerOn(ctx, t.ID, t.ServiceLevel) },
			shows: IsRunning,
		}, true})
	})
}

// stop shuts a VM down, and cuts its power if the guest does not listen in time. An overloaded portal answers 404 to anything
// (PORTAL.md §8), which is no word of the guest's: what it has not written to its disk is not to be lost for that.
func (p *Portal) stop(ctx context.Context, t VMTarget) error {
	gentle, cancel := context.WithTimeout(ctx, t.ShutdownTimeout)
	defer cancel()
	err := p.insist(gentle, mdx.IsNotFound, func() error {
		return p.act(gentle, t, powerChange{vmRequest{
			what:  "shutdown of VM",
			send:  func(ctx context.Context) ([]mdx.TaskID, error) { return p.Shutdown(ctx, t.ID) },
			shows: isStopped,
		}, false})
	})
	unheard := IsRefused(err) && !mdx.IsNotFound(err) || errors.Is(err, context.DeadlineExceeded)
	if err == nil || ctx.Err() != nil || !unheard {
		return err
	}
	p.warn(ctx, "the guest did not shut down, cutting its power", map[string]any{"name": t.Name, "reason": err.Error()})
	return p.cutPower(ctx, t)
}

// cutPower stops a VM without asking its guest. It is refused while another task is at work on the VM, such as the
// shutdown that the guest did not listen to, so it is tried a few times.
func (p *Portal) cutPower(ctx context.Context, t VMTarget) error {
	return p.insist(ctx, IsRefused, func() error {
		return p.act(ctx, t, powerChange{vmRequest{
			what:  "power-off of VM",
			send:  func(ctx context.Context) ([]mdx.TaskID, error) { return p.PowerOff(ctx, t.ID) },
			shows: isStopped,
		}, false})
	})
}

// insist tries a change a few times while it fails in a way that may pass.
func (p *Portal) insist(ctx context.Context, mayPass func(error) bool, change func() error) error {
	const attempts = 4
	for attempt := 1; ; attempt++ {
		err := change()
		if err == nil || !mayPass(err) || attempt == attempts || p.pause(ctx, 2) != nil {
			return err
		}
	}
}

// act changes a VM's power and waits until it shows. The portal's answer may tell a task or nothing at all (PORTAL.md
// §5), so what fails is looked for in the VM's history too.
func (p *Portal) act(ctx context.Context, t VMTarget, change powerChange) error {
	for {
		before := p.historyMark(ctx, t)
		tasks, err := p.request(ctx, t, before, change.vmRequest)
		if err == nil {
			err = p.shown(ctx, t, change, before, tasks)
		}
		again := p.outlasted(ctx, t, before, err)
		if IsRefused(err) && p.already(ctx, t, change.shows) {
			return nil // somebody else did it at the same moment, or a run before this one
		}
		if !again {
			return err
		}
	}
}

// shown waits until a change of a VM shows in its state, or its task fails, or has ended and the change was undone.
func (p *Portal) shown(ctx context.Context, t VMTarget, change powerChange, before historyMark, tasks []mdx.TaskID) error {
	watched, stop := context.WithCancelCause(ctx)
	var watch sync.WaitGroup
	watch.Go(func() {
		ended, err := p.failure(watched, t, before, tasks)
		if ended && change.shownByTask && p.undone(watched, t, change.shows) {
			err = errUndone
		}
		if err != nil {
			stop(err)
		}
	})
	_, err := p.WaitVM(watched, t.Project, t.ID, change.shows, t.named(), p.progress(ctx))
	stop(nil)
	watch.Wait()
	if cause := context.Cause(watched); err != nil && ctx.Err() == nil && !errors.Is(cause, context.Canceled) {
		return cause
	}
	return err
}

// failure waits for the task of a change to end, and answers how it failed, or whether it ended well. The task is the one
// that the portal named, else the first in the VM's history that was not there before.
//
// A change that goes well shows in the state of its VM first, which is looked at for all VMs at once. So a history, which
// is looked at for each, waits for the change to take longer than it should.
func (p *Portal) failure(ctx context.Context, t VMTarget, before historyMark, tasks []mdx.TaskID) (ended bool, err error) {
	if len(tasks) == 0 {
		if p.pause(ctx, takesAtMost) != nil {
			return false, nil //nolint:nilerr // it ended well, or whoever waits gave up: both are told elsewhere
		}
		task, err := p.newTask(ctx, t, before)
		if err != nil {
			return false, nil //nolint:nilerr // a portal that keeps no such history is waited for by the VM's state alone
		}
		tasks = []mdx.TaskID{task}
	}
	_, err = p.WaitTask(ctx, t.Project, tasks[0], t.named(), p.progress(ctx), mdx.WithPace(mdx.PacePower))
	if failed, ok := errors.AsType[*mdx.TaskError](err); ok {
		return false, failed
	}
	return err == nil, nil
}

// undone tells whether a VM is not in the state that a change has brought it to, when it should long show. The platform
// stops a spot VM when it needs the room, be it as soon as it runs.
func (p *Portal) undone(ctx context.Context, t VMTarget, shows func(mdx.VMSummary) bool) bool {
	const most = 2
	for seen := 0; seen < most; {
		if p.pause(ctx, takesAtMost) != nil {
			return false
		}
		vms, err := p.VMs(ctx, t.Project)
		if err == nil && slices.ContainsFunc(vms, func(vm mdx.VMSummary) bool { return vm.ID == t.ID && !shows(vm) }) {
			seen++
		}
	}
	return true
}

// takesAtMost is how many poll intervals a change of power takes if all goes well.
const takesAtMost = 4
