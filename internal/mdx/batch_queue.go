package mdx

import (
	"context"
	"slices"
	"sync/atomic"
	"time"
)

// queue is those who ask for machines that are equal but for the name.
type queue struct {
	batchOrder
	wake   chan struct{}      // tells that something is pending
	cancel context.CancelFunc // ends the work when nobody is left

	// Guarded by the batcher's mutex.
	members map[string]*member // all who still wait for an outcome, by name
	pending []*member          // those that are not sent
}

// batchOrder is what a queue asks for.
type batchOrder struct {
	key     string // the same for orders that are equal but for the name, if they may be sent together
	project ProjectID
	send    func(ctx context.Context, vmName string) ([]TaskID, error)
}

// member is one who waits for a machine.
type member struct {
	name    string
	tries   int // how often a request with it was lost; changed while it is in nobody's hands
	outcome chan outcome
	settled atomic.Bool

	// Guarded by the batcher's mutex.
	sent  bool
	ended error // why it is not to be sent any more; nil if it is
}

type outcome struct {
	Deployment
	err error
}

// settle tells a member what became of it; only the first word counts.
func (m *member) settle(d Deployment, err error) {
	if m.settled.CompareAndSwap(false, true) {
		m.outcome <- outcome{d, err}
	}
}

// join enters a member into its order's queue. The work on a queue goes on for as long as somebody in it
// waits, whoever came first.
func (b *Batcher) join(ctx context.Context, o batchOrder, m *member) (*queue, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	q, ok := b.queues[o.key]
	if !ok {
		work, cancel := context.WithCancel(context.WithoutCancel(ctx))
		q = &queue{batchOrder: o, wake: make(chan struct{}, 1), cancel: cancel, members: map[string]*member{}}
		b.queues[o.key] = q
		go b.work(work, q)
	}
	if q.members[m.name] != nil {
		return nil, deployError(m.name, errNameInQueue)
	}
	q.members[m.name] = m
	q.enqueue(m)
	return q, nil
}

// enqueue has a member sent.
func (q *queue) enqueue(m *member) {
	q.pending = append(q.pending, m)
	select {
	case q.wake <- struct{}{}:
	default: // it knows
	}
}

// withdraw has a member not be sent, and tells whether that was in time.
func (b *Batcher) withdraw(q *queue, m *member, why error) (inTime bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	q.pending = slices.DeleteFunc(q.pending, func(other *member) bool { return other == m })
	m.ended = why
	return !m.sent
}

// unwanted settles a member that is not to be sent any more, and tells whether it was one.
func (b *Batcher) unwanted(m *member) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if m.ended != nil {
		m.settle(Deployment{}, m.withdrawn())
	}
	return m.ended != nil
}

// withdrawn is the error of a member that is not to be sent any more. What became of an earlier request that was lost is
// still not known.
func (m *member) withdrawn() error {
	e := deployError(m.name, m.ended)
	e.Ambiguous = m.tries > 0
	return e
}

// leave takes a member out of its queue, which ends with its last one.
func (b *Batcher) leave(q *queue, m *member) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(q.members, m.name)
	if len(q.members) == 0 {
		q.cancel()
		delete(b.queues, q.key)
	}
}

// work sends what is pending, the longest ranges first. What comes in meanwhile is planned along with what
// is left.
func (b *Batcher) work(ctx context.Context, q *queue) {
	for {
		select {
		case <-q.wake:
		case <-ctx.Done():
			return
		}
		if !b.gather(ctx, q) {
			return
		}
		for b.turn(ctx, q) {
		}
	}
}

// gather waits for a window, and for another one whenever somebody came during it: on a busy machine those
// who belong together trickle in. Ten windows are the most. It tells whether anybody still waits.
func (b *Batcher) gather(ctx context.Context, q *queue) bool {
	for range 10 {
		select {
		case <-time.After(b.window):
		case <-ctx.Done():
			return false
		}
		select {
		case <-q.wake:
		default:
			return true
		}
	}
	return true
}

// turn waits until nobody else deploys in the project, and sends one request. What is pending is planned
// no sooner, so that a machine can be withdrawn until then. It tells whether there may be more to send.
func (b *Batcher) turn(ctx context.Context, q *queue) (more bool) {
	if !b.anyPending(q) {
		return false
	}
	release, err := b.client.limits.lockDeploy(ctx, q.project)
	if ctx.Err() != nil {
		return false
	}
	if err == nil {
		defer release()
	}
	s := b.take(q)
	switch {
	case s == nil:
		return false
	case err != nil:
		s.fail(err)
	default:
		b.send(ctx, s)
	}
	return true
}

func (b *Batcher) anyPending(q *queue) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(q.pending) > 0
}

// take plans what is pending and takes the part that makes the most machines.
func (b *Batcher) take(q *queue) *shipment {
	b.mu.Lock()
	defer b.mu.Unlock()
	byName := map[string]*member{}
	var names []string
	for _, m := range q.pending {
		byName[m.name] = m
		names = append(names, m.name)
	}
	plans := PlanNames(names)
	if len(plans) == 0 {
		return nil
	}
	best := slices.MaxFunc(plans, func(a, b NamePlan) int { return len(a.Names) - len(b.Names) })
	s := &shipment{queue: q, vmName: best.VMName}
	for _, name := range best.Names {
		byName[name].sent = true
		s.members = append(s.members, byName[name])
	}
	q.pending = slices.DeleteFunc(q.pending, func(m *member) bool { return m.sent })
	return s
}

// again has members sent once more whose request was lost, but for those who don't want to be any more.
func (b *Batcher) again(q *queue, members []*member, lost error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, m := range members {
		if m.ended != nil || q.members[m.name] != m {
			m.settle(Deployment{}, lost)
			continue
		}
		m.tries++
		m.sent = false
		q.enqueue(m)
	}
}
