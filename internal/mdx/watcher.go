package mdx

import (
	"context"
	"slices"
	"sync"
	"time"
)

// watcher asks about one project on behalf of all who wait in it.
//
// It has no goroutine of its own: whoever waits and finds nobody asking does the asking for all, and
// leaves it to another one when its own wait is over. So nothing is asked when nobody waits, and
// nothing outlives the contexts of those who do.
type watcher struct {
	c       *Client
	project ProjectID
	lead    chan struct{} // held by the one who asks
	wake    chan struct{} // tells the leader that somebody has come

	mu    sync.Mutex
	waits map[*waiter]bool
	last  time.Time // when the last round began

	// Owned by the leader.
	failures map[interest]int
	history  historyReader
	scouts   scouting
	list     []VMSummary // the project's machines, as last seen
	listed   time.Time
}

// interest is what a wait needs to hear about.
type interest int

const (
	aboutTask interest = iota
	aboutList          // the project's machines
	aboutAddress
)

// waiter is one wait in a project.
type waiter struct {
	about  interest
	task   TaskID // for aboutTask
	vm     VMID   // for aboutAddress
	pace   Pace
	pause  float64 // the next pause, in poll intervals
	due    time.Time
	joined time.Time
	news   chan news // the latest, if not yet taken
}

// news is what a round found out for a waiter.
type news struct {
	task *Task       // aboutTask: nil while the portal doesn't know it
	vms  []VMSummary // the others: the whole list, shared, not to be changed
	vm   *VM         // aboutAddress: a detail with an address, or nil
	err  error       // asking failed for good
}

func (c *Client) watcher(project ProjectID) *watcher {
	c.mu.Lock()
	defer c.mu.Unlock()
	w, ok := c.watchers[project]
	if !ok {
		w = &watcher{
			c: c, project: project, lead: make(chan struct{}, 1), wake: make(chan struct{}, 1),
			waits: map[*waiter]bool{}, failures: map[interest]int{},
		}
		c.watchers[project] = w
	}
	return w
}

// join enters a wait. Its first news come from a round that begins afterwards: soon, but not so soon
// that many who come one after the other get a round each.
func (w *watcher) join(m *waiter) {
	now := time.Now()
	gather := w.c.cfg.PollInterval / 100
	m.news, m.pause, m.joined = make(chan news, 1), m.pace.First, now
	w.mu.Lock()
	defer w.mu.Unlock()
	m.due = later(now.Add(gather), w.last.Add(w.c.cfg.units(m.pace.First)))
	w.waits[m] = true
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

func (w *watcher) leave(m *waiter) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.waits, m)
}

// follow hands every piece of news to step until that is content or fails, or ctx is done.
func (w *watcher) follow(ctx context.Context, m *waiter, step func(news) (done bool, err error)) error {
	w.join(m)
	defer w.leave(m)
	for {
		select {
		case n := <-m.news:
			if done, err := step(n); done || err != nil {
				return err
			}
		case w.lead <- struct{}{}:
			w.ask(ctx, m)
			<-w.lead
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// ask leads: it holds rounds for everyone until there is news for m, or ctx is done.
func (w *watcher) ask(ctx context.Context, m *waiter) {
	for len(m.news) == 0 && ctx.Err() == nil {
		timer := time.NewTimer(time.Until(w.nextDue()))
		select {
		case <-timer.C:
			w.round(ctx)
		case <-w.wake:
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

func (w *watcher) nextDue() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	var next time.Time
	for m := range w.waits {
		if next.IsZero() || m.due.Before(next) {
			next = m.due
		}
	}
	return next
}

// round asks for what is due, and tells everyone whom the answers concern, due or not.
func (w *watcher) round(ctx context.Context) {
	members := map[interest][]*waiter{}
	due := map[interest]bool{}
	w.mu.Lock()
	w.last = time.Now()
	for m := range w.waits {
		members[m.about] = append(members[m.about], m)
		due[m.about] = due[m.about] || !m.due.After(w.last)
	}
	w.mu.Unlock()
	if due[aboutTask] {
		w.roundOfTasks(ctx, members[aboutTask])
	}
	if due[aboutList] || due[aboutAddress] {
		w.roundOfVMs(ctx, members[aboutList], members[aboutAddress], due[aboutList], due[aboutAddress])
	}
}

func (w *watcher) roundOfTasks(ctx context.Context, members []*waiter) {
	tasks, err := w.history.read(ctx, w.c, w.project, members)
	if !w.usable(ctx, err, aboutTask, members) {
		return
	}
	for _, m := range members {
		if task, asked := tasks[m.task]; asked {
			w.tell(m, news{task: task})
		} else {
			w.putOff(m)
		}
	}
}

func (w *watcher) roundOfVMs(ctx context.Context, listed, addressed []*waiter, askList, askDetails bool) {
	var fresh []VMSummary
	if askList || w.scouts.unseen(addressed) || time.Since(w.listed) >= w.c.cfg.units(listEvery) {
		began := time.Now()
		vms, err := w.c.lookAtVMs(ctx, w.project)
		if !w.usable(ctx, err, aboutList, slices.Concat(listed, addressed)) {
			return
		}
		fresh, w.list, w.listed = append([]VMSummary{}, vms...), vms, began // not nil, which says that there is nothing new
		for _, m := range listed {
			w.tell(m, news{vms: vms})
		}
	}
	if !askDetails {
		return
	}
	details, err := w.scouts.ask(ctx, w.c, w.list, addressed)
	if !w.usable(ctx, err, aboutAddress, addressed) {
		return
	}
	for _, m := range addressed {
		w.tell(m, news{vms: fresh, vm: details[m.vm]})
	}
}

// listEvery is how often, in poll intervals, the list is looked at for those who wait for an address: it
// tells whether their machines are still on.
const listEvery = 4

// patience is how many rounds in a row may fail: the portal may be down for a while, and each round
// has its retries already.
const patience = 5

// usable tells whether a round's answer can be used. If not, those who wait for it are told to wait on,
// or that there is no hope.
func (w *watcher) usable(ctx context.Context, err error, about interest, members []*waiter) bool {
	if err == nil {
		w.failures[about] = 0
		return true
	}
	if ctx.Err() != nil {
		return false // the leader's end is its own: the next one asks again
	}
	w.failures[about]++
	hopeless := !mayPass(err) || w.failures[about] > patience
	for _, m := range members {
		if hopeless {
			w.tell(m, news{err: err})
		} else {
			w.putOff(m)
		}
	}
	if hopeless {
		w.failures[about] = 0
	}
	return false
}

// tell leaves news for a waiter, in place of any that it has not taken yet.
func (w *watcher) tell(m *waiter, n news) {
	w.putOff(m)
	select {
	case <-m.news:
	default:
	}
	m.news <- n // only the leader sends
}

// putOff sets a waiter's next round, later each time.
func (w *watcher) putOff(m *waiter) {
	w.mu.Lock()
	defer w.mu.Unlock()
	m.due = time.Now().Add(w.c.cfg.units(m.pause))
	m.pause = m.pace.after(m.pause)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
