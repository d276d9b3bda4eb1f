package mdx

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"
)

// shipment is the machines that one deploy request makes.
type shipment struct {
	queue   *queue
	vmName  string
	members []*member

	mu      sync.Mutex
	strange []error // failures that don't tell whose they are
}

// send sends a shipment; it is this process's turn to. What the answer leads to is seen to on the side, so that the next one can go.
func (b *Batcher) send(ctx context.Context, s *shipment) {
	tasks, err := s.queue.send(ctx, s.vmName)
	switch {
	case err == nil:
		go b.resolve(ctx, s, tasks)
	case refused(err) && len(s.members) > 1:
		for _, m := range s.members {
			if !b.unwanted(m) { // the others take their time
				b.send(ctx, &shipment{queue: s.queue, vmName: m.name, members: []*member{m}})
			}
		}
	case IsAmbiguous(err), refused(err) && s.members[0].tries > 0:
		// A name may be refused now because the request that seemed lost made the machine after all.
		go b.search(ctx, s, err)
	default:
		s.fail(err)
	}
}

func (s *shipment) fail(err error) {
	for _, m := range s.members {
		m.settle(Deployment{}, err)
	}
}

// refused tells whether the portal said no to what was asked for, and not to who asked or when.
func refused(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && !e.Ambiguous && e.Status/100 == 4 && !hasStatus(err,
		http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests)
}

// resolve finds out which task makes which machine: their order is not known to be that of the names.
func (b *Batcher) resolve(ctx context.Context, s *shipment, tasks []TaskID) {
	looking, stop := context.WithTimeout(ctx, b.visible())
	defer stop()
	var wg sync.WaitGroup
	for _, id := range tasks {
		wg.Go(func() {
			task, err := b.client.WaitTaskObject(looking, s.queue.project, id, WithObject(s.vmName))
			if failed, ok := errors.AsType[*TaskError](err); ok {
				task = b.leftBy(looking, failed.Task)
			}
			s.attribute(id, task, err)
		})
	}
	wg.Wait()
	b.search(ctx, s, nil)
}

// leftBy waits until a failed task tells which machine it may have left behind, which is not to be lost
// sight of. A new machine's id shows some seconds after its task.
func (b *Batcher) leftBy(ctx context.Context, task Task) Task {
	_ = b.client.Poll(ctx, "machine of task", string(task.ID), func(ctx context.Context) (bool, error) {
		if task.ObjectID == "" {
			if told, err := b.client.taskOnce(ctx, task.ID); err == nil {
				task = told
			}
		}
		return task.ObjectID != "", nil
	}, WithPace(Pace{First: 1, Longest: 1})) // what is not told in time is not known
	return task
}

// attribute hands a task's news to the member it is about.
func (s *shipment) attribute(id TaskID, task Task, err error) {
	for _, m := range s.members {
		if m.name != task.ObjectName && len(s.members) > 1 {
			continue
		}
		if err != nil || task.ObjectID != "" {
			m.settle(Deployment{VM: VMID(task.ObjectID), Task: id}, err)
		}
		return
	}
	if err != nil && !errors.Is(err, context.DeadlineExceeded) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.strange = append(s.strange, err)
	}
}

// visible is how long a machine or a task may take to show after its deploy: the operator's own client
// tries for 100 seconds (PORTAL.md §8).
func (b *Batcher) visible() time.Duration { return 20 * b.client.cfg.PollInterval }

// search asks the portal by name for those members about whom nothing is known. What it does not have is
// sent again if lost tells why that is due, as often as a request is repeated.
func (b *Batcher) search(ctx context.Context, s *shipment, lost error) {
	looking, stop := context.WithTimeout(ctx, b.visible())
	defer stop()
	var (
		wg      sync.WaitGroup
		mu      sync.Mutex
		missing []*member
	)
	for _, m := range s.members {
		if m.settled.Load() {
			continue
		}
		wg.Go(func() {
			vm, err := b.client.WaitVMNamed(looking, s.queue.project, m.name)
			switch {
			case err == nil:
				m.settle(Deployment{VM: vm.ID}, nil)
			case IsAmbiguous(lost) && looking.Err() != nil && m.tries < b.client.cfg.MaxRetries && b.lacks(ctx, s.queue.project, m.name):
				mu.Lock()
				defer mu.Unlock()
				missing = append(missing, m)
			default:
				m.settle(Deployment{}, s.unseen(m.name, lost, err))
			}
		})
	}
	wg.Wait()
	b.again(s.queue, missing, lost)
}

// lacks tells whether the portal says that a project has no machine of a name. One that can't be reached says nothing.
func (b *Batcher) lacks(ctx context.Context, project ProjectID, name string) bool {
	_, err := b.client.VMByName(ctx, project, name)
	return IsNotFound(err)
}

var errNeverSeen = errors.New("the deploy was accepted, but the project's list does not show the machine")

// unseen is the error for a machine that did not show: the request's own, those of tasks that may have
// been its, or else that it can't be found.
func (s *shipment) unseen(name string, lost, search error) error {
	if lost != nil {
		return lost
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := errors.Join(s.strange...); err != nil {
		return err
	}
	e := deployError(name, errors.Join(errNeverSeen, search))
	e.Ambiguous = true
	return e
}
