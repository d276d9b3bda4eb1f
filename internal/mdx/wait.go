package mdx

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"time"
)

// Progress is what a wait has learned; see [WithProgress].
type Progress struct {
	// Operation and Object are what is waited for, such as "address of VM" and the machine's name.
	Operation, Object string
	// Percent is the task's progress from 0 to 100, or -1 where there is no task.
	Percent int
	// Status is the portal's own word for the state of the task or machine.
	Status string
	// Elapsed is how long this wait has lasted.
	Elapsed time.Duration
}

// WaitOption changes how a wait goes about it.
type WaitOption func(*waitOptions)

type waitOptions struct {
	progress func(Progress)
	object   string
	pace     Pace
}

// WithProgress has f told whenever there is news. It is called from the goroutine that waits.
func WithProgress(f func(Progress)) WaitOption {
	return func(o *waitOptions) { o.progress = f }
}

// WithObject names what is waited for in progress and errors; without it, the id is all they have.
func WithObject(name string) WaitOption { return func(o *waitOptions) { o.object = name } }

// WithPace fits the rhythm of asking to the operation.
func WithPace(p Pace) WaitOption { return func(o *waitOptions) { o.pace = p } }

// Pace is the rhythm of a wait, in multiples of [Config.PollInterval]: the first pause, and the
// longest that pauses grow to.
type Pace struct{ First, Longest float64 }

// The paces of the portal's operations.
var (
	// PacePower suits what takes seconds: power, rename, reconfigure, destroy.
	PacePower = Pace{First: 0.4, Longest: 1.5}
	// PaceDeploy suits what takes minutes: deploy, clone, the first address.
	PaceDeploy = Pace{First: 1, Longest: 2}
)

// WaitError is a wait that ended before what it waited for: its context was done, or the portal could
// not be asked any more. What was waited for may still go on.
type WaitError struct {
	// Last is what was known at the end.
	Last Progress
	// Err is why the wait ended, such as [context.DeadlineExceeded].
	Err error
}

// Error tells what still runs, and how far it has come.
func (e *WaitError) Error() string {
	status := cmp.Or(e.Last.Status, "nothing heard yet")
	if e.Last.Percent >= 0 {
		status = fmt.Sprintf("%s, %d%%", status, e.Last.Percent)
	}
	return fmt.Sprintf("waited %s for %s %q, which may still go on (%s): %v",
		e.Last.Elapsed.Round(time.Second), e.Last.Operation, e.Last.Object, status, e.Err)
}

// Unwrap returns why the wait ended.
func (e *WaitError) Unwrap() error { return e.Err }

// WaitTask waits until a task ends, and answers how. An id that the portal does not know yet is waited
// for. A task that failed is a [*TaskError].
func (c *Client) WaitTask(ctx context.Context, project ProjectID, id TaskID, opts ...WaitOption) (Task, error) {
	return c.waitTask(ctx, project, id, Task.Done, "task", PaceDeploy, opts)
}

// WaitTaskObject waits until the portal tells which object a task is about, so that a machine's id is
// known long before its deploy ends. A task that failed is a [*TaskError].
func (c *Client) WaitTaskObject(ctx context.Context, project ProjectID, id TaskID, opts ...WaitOption) (Task, error) {
	known := func(t Task) bool { return t.ObjectID != "" || t.Done() }
	return c.waitTask(ctx, project, id, known, "object of task", PacePower, opts)
}

func (c *Client) waitTask(
	ctx context.Context, _ ProjectID, id TaskID, until func(Task) bool, op string, pace Pace, opts []WaitOption,
) (Task, error) {
	var task Task
	err := c.wait(ctx, op, string(id), pace, opts, func(ctx context.Context, p *Progress) (bool, error) {
		var err error
		if task, err = c.Task(ctx, id); err != nil {
			if IsNotFound(err) {
				return false, nil
			}
			return false, err
		}
		p.Percent, p.Status = task.Percent, string(task.Status)
		if task.Status == TaskFailed {
			return false, &TaskError{Task: task}
		}
		return until(task), nil
	})
	return task, err
}

// WaitVM waits until the project's list shows a machine in a state that until accepts. A machine that
// the list has not shown yet is waited for; one that leaves the list is an error that [IsNotFound] knows.
func (c *Client) WaitVM(
	ctx context.Context, project ProjectID, id VMID, until func(VMSummary) bool, opts ...WaitOption,
) (VMSummary, error) {
	var found VMSummary
	seen := false
	err := c.wait(ctx, "state of VM", string(id), PacePower, opts, func(ctx context.Context, p *Progress) (bool, error) {
		vms, err := c.VMs(ctx, project)
		if err != nil {
			return false, err
		}
		for _, vm := range vms {
			if vm.ID == id {
				found, seen = vm, true
				p.Status = string(vm.Status)
				return until(vm), nil
			}
		}
		if seen {
			return false, c.notListed("wait for VM", string(id), project)
		}
		return false, nil
	})
	return found, err
}

// WaitVMNamed waits until the project's list shows a machine of a name: some seconds after its deploy
// was accepted (PORTAL.md §8).
func (c *Client) WaitVMNamed(ctx context.Context, project ProjectID, name string, opts ...WaitOption) (VMSummary, error) {
	var found VMSummary
	err := c.wait(ctx, "VM named", name, PacePower, opts, func(ctx context.Context, _ *Progress) (bool, error) {
		vm, err := c.VMByName(ctx, project, name)
		if IsNotFound(err) {
			return false, nil
		}
		found = vm
		return err == nil, err
	})
	return found, err
}

// WaitVMGone waits until the project's list no longer shows a machine.
func (c *Client) WaitVMGone(ctx context.Context, project ProjectID, id VMID, opts ...WaitOption) error {
	return c.wait(ctx, "end of VM", string(id), PacePower, opts, func(ctx context.Context, p *Progress) (bool, error) {
		vms, err := c.VMs(ctx, project)
		if err != nil {
			return false, err
		}
		for _, vm := range vms {
			if vm.ID == id {
				p.Status = string(vm.Status)
				return false, nil
			}
		}
		return true, nil
	})
}

// WaitAddress waits until a machine that is on has its first IPv4 address, and answers the machine in
// full: minutes after it was started (PORTAL.md §8). A machine that is stopped meanwhile is an error
// that [IsConflict] knows, since it will get none.
func (c *Client) WaitAddress(ctx context.Context, project ProjectID, id VMID, opts ...WaitOption) (*VM, error) {
	var found *VM
	err := c.wait(ctx, "address of VM", string(id), PaceDeploy, opts, func(ctx context.Context, p *Progress) (bool, error) {
		vm, err := c.VM(ctx, project, id)
		if err != nil {
			return false, err
		}
		p.Status = string(vm.Status)
		if vm.Status.IsStopped() {
			return false, &Error{
				Op: "wait for the address of VM", Object: vm.Name, Method: http.MethodGet,
				Path: "/api/vm/" + string(id) + "/", Status: http.StatusConflict,
				Message: "the machine is " + string(vm.Status) + ": start it first",
			}
		}
		found = vm
		return vm.IPv4().IsValid(), nil
	})
	return found, err
}

// wait asks again and again until check is content or fails, or ctx is done.
func (c *Client) wait(
	ctx context.Context, op, object string, pace Pace, opts []WaitOption,
	check func(context.Context, *Progress) (bool, error),
) error {
	o := waitOptions{object: object, pace: pace}
	for _, opt := range opts {
		opt(&o)
	}
	start := time.Now()
	p := Progress{Operation: op, Object: o.object, Percent: -1}
	pause := o.pace.First
	for {
		done, err := check(ctx, &p)
		p.Elapsed = time.Since(start)
		switch {
		case err != nil && ctx.Err() != nil:
			return &WaitError{Last: p, Err: ctx.Err()}
		case err != nil || done:
			return err
		}
		if o.progress != nil {
			o.progress(p)
		}
		timer := time.NewTimer(time.Duration(pause * float64(c.cfg.PollInterval)))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			p.Elapsed = time.Since(start)
			return &WaitError{Last: p, Err: ctx.Err()}
		}
		pause = min(pause*1.25, o.pace.Longest)
	}
}
