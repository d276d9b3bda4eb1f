package mdx

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
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
	PacePower = Pace{First: 0.4, Longest: 0.8}
	// PaceDeploy suits what takes minutes: deploy, clone, the first address.
	PaceDeploy = Pace{First: 1, Longest: 2}
	// paceAddress is for who is asked by scouts, who find a pace of their own.
	paceAddress = Pace{First: 0.5, Longest: 0.5}
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
	return c.waitTask(ctx, project, id, Task.Done, wait("task", string(id), PaceDeploy, opts))
}

// WaitTaskObject waits until the portal tells which object a task is about, so that a machine's id is
// known long before its deploy ends. A task that failed is a [*TaskError].
func (c *Client) WaitTaskObject(ctx context.Context, project ProjectID, id TaskID, opts ...WaitOption) (Task, error) {
	known := func(t Task) bool { return t.ObjectID != "" || t.Done() }
	return c.waitTask(ctx, project, id, known, wait("object of task", string(id), PacePower, opts))
}

func (c *Client) waitTask(
	ctx context.Context, project ProjectID, id TaskID, until func(Task) bool, o *waiting,
) (task Task, err error) {
	gone := 0
	m := &waiter{about: aboutTask, task: id, pace: o.pace}
	err = o.run(ctx, c, project, m, func(n news) (bool, error) {
		if n.task == nil {
			if task.ID != "" {
				gone++
			}
			if gone == patience {
				return false, call{op: "wait for task", object: string(id), method: http.MethodGet, path: taskPath(id)}.
					failed(errors.New("the portal no longer knows it"))
			}
			return false, nil
		}
		task, gone = *n.task, 0
		if task.ID == "" {
			task.ID = id
		}
		o.report(c, task.Percent, string(task.Status))
		if task.Status == TaskFailed {
			return false, &TaskError{Task: task}
		}
		return until(task), nil
	})
	return task, err
}

// WaitVM waits until the project's list shows a machine in a state that until accepts. A machine that
// the list has not shown yet is waited for, for two minutes at the default [Config.PollInterval]; one
// that stays away, or leaves the list, is an error that [IsNotFound] knows.
func (c *Client) WaitVM(
	ctx context.Context, project ProjectID, id VMID, until func(VMSummary) bool, opts ...WaitOption,
) (VMSummary, error) {
	o := wait("state of VM", string(id), PacePower, opts)
	sight := sighting{id: id, project: project, c: c, o: o}
	err := o.run(ctx, c, project, &waiter{about: aboutList, pace: o.pace}, func(n news) (bool, error) {
		if listed, err := sight.look(n.vms); !listed {
			return false, err
		}
		return until(sight.vm), nil
	})
	return sight.vm, err
}

// WaitVMNamed waits until the project's list shows a machine of a name: some seconds after its deploy
// was accepted (PORTAL.md §8). How long is worth waiting is for ctx to say.
func (c *Client) WaitVMNamed(
	ctx context.Context, project ProjectID, name string, opts ...WaitOption,
) (found VMSummary, err error) {
	o := wait("VM named", name, PacePower, opts)
	err = o.run(ctx, c, project, &waiter{about: aboutList, pace: o.pace}, func(n news) (bool, error) {
		i := slices.IndexFunc(n.vms, func(vm VMSummary) bool { return vm.Name == name })
		if i >= 0 {
			found = n.vms[i]
		}
		return i >= 0, nil
	})
	return found, err
}

// WaitVMGone waits until the project's list no longer shows a machine, twice in a row.
func (c *Client) WaitVMGone(ctx context.Context, project ProjectID, id VMID, opts ...WaitOption) error {
	o, absent := wait("end of VM", string(id), PacePower, opts), 0
	return o.run(ctx, c, project, &waiter{about: aboutList, pace: o.pace}, func(n news) (bool, error) {
		i := slices.IndexFunc(n.vms, func(vm VMSummary) bool { return vm.ID == id })
		if absent++; i >= 0 {
			absent = 0
			o.report(c, -1, string(n.vms[i].Status))
		}
		return absent == 2, nil
	})
}

// WaitAddress waits until a machine has its first IPv4 address, and answers the machine in full:
// minutes after it was started (PORTAL.md §8). A machine that is stopped meanwhile, or is not started
// within a minute at the default [Config.PollInterval], is an error that [IsConflict] knows, since it
// will get none. Many machines may be waited for at once: it takes little more than one detail each.
func (c *Client) WaitAddress(ctx context.Context, project ProjectID, id VMID, opts ...WaitOption) (found *VM, err error) {
	o := wait("address of VM", string(id), paceAddress, opts)
	sight := sighting{id: id, project: project, c: c, o: o}
	seenOn, stops := false, 0
	m := &waiter{about: aboutAddress, vm: id, pace: o.pace}
	err = o.run(ctx, c, project, m, func(n news) (bool, error) {
		if n.vm != nil {
			found = n.vm
			return true, nil
		}
		if n.vms == nil {
			return false, nil // nothing new
		}
		if listed, err := sight.look(n.vms); !listed {
			return false, err
		}
		if !sight.vm.Status.IsStopped() {
			seenOn, stops = seenOn || sight.vm.Status == VMPowerOn, 0
			return false, nil
		}
		// One sight is no proof that it won't start: it may be on its way.
		if stops++; stops < 2 || !seenOn && time.Since(o.start) < 12*c.cfg.PollInterval {
			return false, nil
		}
		e := call{op: "wait for the address of VM", object: o.last.Object, method: http.MethodGet, path: vmPath(id)}.failed(nil)
		e.Status, e.Message = http.StatusConflict, "the machine is "+string(sight.vm.Status)+": start it first"
		return false, e
	})
	return found, err
}

// sighting follows one machine through the project's list.
type sighting struct {
	id      VMID
	project ProjectID
	c       *Client
	o       *waiting
	vm      VMSummary // as last seen
	missing int       // rounds in a row
}

// look finds the machine in a list. Missing from it is an error if the list had it before, or should
// have it by now.
func (s *sighting) look(vms []VMSummary) (listed bool, err error) {
	for _, vm := range vms {
		if vm.ID == s.id {
			s.vm, s.missing = vm, 0
			s.o.report(s.c, -1, string(vm.Status))
			return true, nil
		}
	}
	s.missing++
	if s.vm.ID != "" && s.missing >= 2 || time.Since(s.o.start) > 24*s.c.cfg.PollInterval {
		return false, call{
			op: "wait for VM", object: s.o.last.Object, method: http.MethodGet, path: listOfVMs(s.project).path,
		}.notListed("VMs")
	}
	return false, nil
}

// waiting is a wait under way: what it is for, and what has been told about it.
type waiting struct {
	waitOptions
	start    time.Time
	last     Progress
	reported time.Time
}

func wait(op, object string, pace Pace, opts []WaitOption) *waiting {
	o := waitOptions{object: object, pace: pace}
	for _, opt := range opts {
		opt(&o)
	}
	return &waiting{
		waitOptions: o, start: time.Now(),
		last: Progress{Operation: op, Object: o.object, Percent: -1},
	}
}

// run waits with the project's watcher, and says what was known when it ends early.
func (o *waiting) run(
	ctx context.Context, c *Client, project ProjectID, m *waiter, step func(news) (bool, error),
) error {
	cut := true // until step has ended it
	err := c.watcher(project).follow(ctx, m, func(n news) (bool, error) {
		if n.err != nil {
			return false, n.err
		}
		done, err := step(n)
		cut = !done && err == nil
		return done, err
	})
	if err != nil && cut {
		return o.cut(err)
	}
	return err
}

// cut is the error of a wait that something put an end to.
func (o *waiting) cut(err error) error {
	o.last.Elapsed = time.Since(o.start)
	return &WaitError{Last: o.last, Err: err}
}

// report passes news on: when something changed, and now and then as a sign of life.
func (o *waiting) report(c *Client, percent int, status string) {
	now := time.Now()
	changed := o.reported.IsZero() || percent != o.last.Percent || status != o.last.Status
	o.last.Percent, o.last.Status, o.last.Elapsed = percent, status, now.Sub(o.start)
	if o.progress != nil && (changed || now.Sub(o.reported) >= 12*c.cfg.PollInterval) {
		o.reported = now
		o.progress(o.last)
	}
}

// poll asks by itself, for what no watcher knows, until check is content or fails, or ctx is done.
func (o *waiting) poll(ctx context.Context, c *Client, check func(context.Context) (bool, error)) error {
	next := o.pace.First
	for {
		done, err := check(ctx)
		if err == nil && !done {
			err = pause(ctx, time.Duration(next*float64(c.cfg.PollInterval)))
		}
		switch {
		case err != nil && ctx.Err() != nil:
			return o.cut(ctx.Err())
		case err != nil || done:
			return err
		}
		next = min(next*1.25, o.pace.Longest)
	}
}
