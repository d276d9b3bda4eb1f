package mdx

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// DefaultBatchWindow is a window for [NewBatcher] that a program's own jitter fits into, and that nobody
// notices beside the minutes that a deploy takes.
const DefaultBatchWindow = 100 * time.Millisecond

// Batcher deploys machines one by one for those who ask, and in as few requests as the portal's ranges
// allow for the portal (PORTAL.md §5): what is asked for within a window, and is equal but for the name,
// goes out together. It is safe for concurrent use.
type Batcher struct {
	client *Client
	window time.Duration

	mu     sync.Mutex
	queues map[string]*queue
}

// NewBatcher makes a batcher for a client. A request waits for others as long as window says, at most;
// with a window of zero or less, every machine has a request of its own.
func NewBatcher(client *Client, window time.Duration) *Batcher {
	return &Batcher{client: client, window: window, queues: map[string]*queue{}}
}

// Deployment is a machine that is coming into being.
type Deployment struct {
	VM VMID
	// Task is the deploy's task; empty if the answer to the deploy was lost and the machine was found by
	// its name.
	Task TaskID
}

// queue is those who ask for machines that are equal but for the name.
type queue struct {
	key     string
	request DeployRequest      // with no name
	wake    chan struct{}      // tells that something is pending
	cancel  context.CancelFunc // ends the work when nobody is left

	// Guarded by the batcher's mutex.
	members map[string]*member // all who still wait for an outcome, by name
	pending []*member          // those that are not sent
}

// member is one who waits for a machine.
type member struct {
	name    string
	tries   int // how often a request with it was lost; changed while it is in nobody's hands
	outcome chan outcome

	// Guarded by the batcher's mutex.
	sent  bool
	ended bool // it is not to be sent any more
}

type outcome struct {
	Deployment
	err error
}

// settle tells a member what became of it; only the first word counts.
func (m *member) settle(d Deployment, err error) {
	select {
	case m.outcome <- outcome{d, err}:
	default:
	}
}

func (m *member) settled() bool { return len(m.outcome) > 0 }

// Deploy asks for one machine, and answers as soon as the portal tells its id. The name in req is a plain
// one, no range.
//
// What the portal refuses is refused for the machine that is to blame: a range that is refused is asked
// for again name by name. When an answer is lost, the portal is asked for the names, for 100 seconds at
// the default [Config.PollInterval] (PORTAL.md §8), and only what it does not have then is asked for again.
//
// A machine whose making failed may have an id all the same; it comes with the error, a [*TaskError] then.
// The end of ctx ends the wait for a turn. Once the request is sent the id must not be lost, so it is
// waited for a while longer. An error that [IsAmbiguous] knows means that a machine of the name may still
// come into being.
func (b *Batcher) Deploy(ctx context.Context, req DeployRequest) (Deployment, error) {
	m := &member{name: req.VMName, outcome: make(chan outcome, 1)}
	if strings.ContainsAny(m.name, "[]") {
		return Deployment{}, deployError(m.name, errRange)
	}
	q, err := b.join(ctx, req, m)
	if err != nil {
		return Deployment{}, err
	}
	defer b.leave(q, m)
	var late <-chan time.Time
	for ended := ctx.Done(); ; ended = nil {
		select {
		case o := <-m.outcome:
			return o.Deployment, o.err
		case <-ended:
			if b.withdraw(q, m) {
				return Deployment{}, deployError(m.name, ctx.Err())
			}
			late = time.After(visibleWithin * b.client.cfg.PollInterval)
		case <-late:
			e := deployError(m.name, ctx.Err())
			e.Ambiguous = true
			return Deployment{}, e
		}
	}
}

var (
	errNameInQueue = errors.New("another machine of this name is being deployed: names are unique in a project")
	errRange       = errors.New("a name with brackets is a range, and makes other machines")
)

// join enters a machine into its queue, and sees that the queue is worked on.
func (b *Batcher) join(ctx context.Context, req DeployRequest, m *member) (*queue, error) {
	key, err := b.key(req)
	if err != nil {
		return nil, deployError(m.name, err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	q, ok := b.queues[key]
	if !ok {
		q = b.newQueue(ctx, key, req)
	}
	if q.members[m.name] != nil {
		return nil, deployError(m.name, errNameInQueue)
	}
	q.members[m.name] = m
	q.enqueue(m)
	return q, nil
}

// newQueue begins a queue, whose work goes on for as long as somebody in it waits, whoever came first.
func (b *Batcher) newQueue(ctx context.Context, key string, req DeployRequest) *queue {
	req.VMName = ""
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	q := &queue{key: key, request: req, wake: make(chan struct{}, 1), cancel: cancel, members: map[string]*member{}}
	b.queues[key] = q
	go b.work(ctx, q)
	return q
}

// key is the same for requests that are equal but for the name, if they may be sent together.
func (b *Batcher) key(req DeployRequest) (string, error) {
	if b.window > 0 {
		req.VMName = ""
	}
	key, err := json.Marshal(req)
	return string(key), err
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
func (b *Batcher) withdraw(q *queue, m *member) (inTime bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	q.pending = slices.DeleteFunc(q.pending, func(other *member) bool { return other == m })
	m.ended = true
	return !m.sent
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
		select {
		case <-time.After(b.window):
		case <-ctx.Done():
			return
		}
		for b.turn(ctx, q) {
		}
	}
}

// turn waits until nobody else deploys in the project, and sends one request. What is pending is planned
// no sooner, so that a machine can be withdrawn until then. It tells whether there may be more to send.
func (b *Batcher) turn(ctx context.Context, q *queue) (more bool) {
	release, err := b.client.limits.lockDeploy(ctx, q.request.Project)
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
		if m.ended || q.members[m.name] != m {
			m.settle(Deployment{}, lost)
			continue
		}
		m.tries++
		m.sent = false
		q.enqueue(m)
	}
}

// deployError is an error about a machine that this package found itself.
func deployError(name string, err error) *Error {
	return &Error{Op: "deploy VM", Object: name, Method: http.MethodPost, Path: deployPath, Err: err}
}

const deployPath = "/api/vm/deploy/"
