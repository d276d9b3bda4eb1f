package mdx

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"
)

// WaitTask waits until a task ends, and answers how (PORTAL.md §6). An id that the portal does not know yet is waited
// for. A task that failed is a [*TaskError].
func (c *Client) WaitTask(ctx context.Context, project ProjectID, id TaskID, opts ...WaitOption) (Task, error) {
	return c.waitTask(ctx, project, id, Task.Done, newWaiting("task", string(id), PaceDeploy, opts))
}

// WaitTaskObject waits until the portal tells which object a task is about (PORTAL.md §6), so that a machine's id is
// known long before its deploy ends. A task that failed is a [*TaskError].
func (c *Client) WaitTaskObject(ctx context.Context, project ProjectID, id TaskID, opts ...WaitOption) (Task, error) {
	known := func(t Task) bool { return t.ObjectID != "" || t.Done() }
	return c.waitTask(ctx, project, id, known, newWaiting("object of task", string(id), PacePower, opts))
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

// WaitVM waits until the project's list shows a machine in a state that until accepts (PORTAL.md §5). A machine that
// the list has not shown yet is waited for, for two minutes at the default [Config.PollInterval]; one
// that stays away, or leaves the list, is an error that [IsNotFound] knows.
func (c *Client) WaitVM(
	ctx context.Context, project ProjectID, id VMID, until func(VMSummary) bool, opts ...WaitOption,
) (VMSummary, error) {
	o := newWaiting("state of VM", string(id), PacePower, opts)
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
	o := newWaiting("VM named", name, PacePower, opts)
	err = o.run(ctx, c, project, &waiter{about: aboutList, pace: o.pace}, func(n news) (bool, error) {
		i := slices.IndexFunc(n.vms, func(vm VMSummary) bool { return vm.Name == name })
		if i >= 0 {
			found = n.vms[i]
		}
		return i >= 0, nil
	})
	return found, err
}

// WaitVMGone waits until the project's list no longer shows a machine, twice in a row (PORTAL.md §8).
func (c *Client) WaitVMGone(ctx context.Context, project ProjectID, id VMID, opts ...WaitOption) error {
	o, absent := newWaiting("end of VM", string(id), PacePower, opts), 0
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
	o := newWaiting("address of VM", string(id), paceAddress, opts)
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
