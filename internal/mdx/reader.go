package mdx

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Reader reads many machines for those who ask for one at a time: it reads ahead what is likely to be asked
// for next, as many machines at once as the portal answers without getting slower (PORTAL.md §8).
//
// A program that refreshes what it knows of a thousand machines asks for a few at a time, and goes on when
// they are answered. Machines that belong together are named alike, so those whose names differ from the
// ones asked for in their last number only are read ahead. What was read ahead is handed out once, and within
// a minute. Nothing is read ahead, and nothing that was is handed out, once the client has sent a change.
//
// It pays for those who ask for ten at a time, Terraform's default, and costs a list: a thousand machines take 10.5 s with
// 1,011 requests, and 30.3 s with 1,000 without it. Who asks for thirty at a time has 10.5 s either way (TestReadingAheadPays).
//
// A Reader is safe for concurrent use. It begins no read later than two seconds after the last question.
type Reader struct {
	client *Client

	mu       sync.Mutex
	last     time.Time         // when the last question came
	queue    []*reading        // asked for, not begun
	ahead    map[VMID]*reading // nobody has asked for them yet
	asked    map[VMID]bool
	projects map[ProjectID]*kin
	inFlight int
	limit    int           // how many may be
	best     time.Duration // the fastest answer
}

// reading is a detail that is to be read, or was.
type reading struct {
	id     VMID
	began  time.Time
	cancel context.CancelFunc
	done   chan struct{}
	vm     *VM
	err    error
}

// Bounds of reading.
const (
	readsAtFirst = maxDetails // at once
	readsAtMost  = maxGets    // at once; others take turns with them
	aheadAfter   = 4          // questions
	aheadPerRead = 4          // machines read ahead for each that was asked for
	aheadAtMost  = 1000
	aheadLasts   = time.Minute
	aheadFor     = 2 * time.Second // after the last question
)

// NewReader makes a reader for a client.
func NewReader(client *Client) *Reader {
	return &Reader{
		client: client, limit: readsAtFirst,
		ahead: map[VMID]*reading{}, asked: map[VMID]bool{}, projects: map[ProjectID]*kin{},
	}
}

// VM is [Client.VM], answered sooner where it was read ahead.
func (r *Reader) VM(ctx context.Context, project ProjectID, id VMID) (*VM, error) {
	if r.client.changes.Load() > 0 {
		return r.client.VM(ctx, project, id)
	}
	wanted := r.ask(ctx, project, id)
	select {
	case <-wanted.done:
	case <-ctx.Done():
		r.dismiss(wanted)
		return nil, ctx.Err()
	}
	if wanted.err != nil || r.client.changes.Load() > 0 {
		return r.client.VM(ctx, project, id) // which knows what to make of it
	}
	return wanted.vm, nil
}

// ask takes what was read ahead, or has the machine read.
func (r *Reader) ask(ctx context.Context, project ProjectID, id VMID) *reading {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last = time.Now()
	r.asked[id] = true
	r.kinOf(project).ask(id)
	wanted, ok := r.ahead[id]
	delete(r.ahead, id)
	if !ok || time.Since(wanted.began) > aheadLasts {
		wanted = &reading{id: id, done: make(chan struct{})}
		r.queue = append(r.queue, wanted)
	}
	r.begin(context.WithoutCancel(ctx))
	return wanted
}

// dismiss gives up a read that nobody waits for any more.
func (r *Reader) dismiss(unwanted *reading) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.queue = slices.DeleteFunc(r.queue, func(other *reading) bool { return other == unwanted })
	if unwanted.cancel != nil {
		unwanted.cancel()
	}
}

// begin begins as many reads as may be under way: first what was asked for, then what will be. The mutex is
// held.
func (r *Reader) begin(ctx context.Context) {
	for r.inFlight < r.limit {
		next := r.next(ctx)
		if next == nil {
			return
		}
		r.inFlight++
		next.began = time.Now()
		aside, cancel := context.WithCancel(ctx)
		next.cancel = cancel
		go func() {
			defer cancel()
			r.read(aside, next)
			r.mu.Lock()
			defer r.mu.Unlock()
			r.inFlight--
			r.begin(ctx)
		}()
	}
}

func (r *Reader) next(ctx context.Context) *reading {
	if len(r.queue) > 0 {
		next := r.queue[0]
		r.queue = r.queue[1:]
		return next
	}
	if len(r.asked) < aheadAfter || len(r.ahead) >= min(aheadPerRead*len(r.asked), aheadAtMost) ||
		time.Since(r.last) > aheadFor || r.client.changes.Load() > 0 {
		return nil
	}
	for project, related := range r.projects {
		if !related.listed {
			related.listed = true
			go r.list(ctx, project, related)
		}
		for id := range related.likely {
			if !r.asked[id] && r.ahead[id] == nil {
				next := &reading{id: id, done: make(chan struct{})}
				r.ahead[id] = next
				return next
			}
		}
	}
	return nil
}

// read reads a machine's detail, and minds how the portal bears it: while answers come as fast as before, more may be
// under way.
func (r *Reader) read(ctx context.Context, this *reading) {
	this.vm, this.err = r.client.detailOf(ctx, this.id, kindPlain)
	took := time.Since(this.began)
	close(this.done)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.best == 0 || took < r.best {
		r.best = took
	}
	const slower, step = 5, 2
	if this.err != nil || took > slower*r.best {
		r.limit = max(r.limit-step, readsAtFirst)
	} else {
		r.limit = min(r.limit+step, readsAtMost)
	}
}

// list learns the names of a project's machines, page by page: those of a page are read ahead while the next is on its
// way. Of machines that it does not get to know none is read ahead.
func (r *Reader) list(ctx context.Context, project ProjectID, related *kin) {
	for page, err := range pages[wireVMSummary](ctx, r.client, listOfVMs(project)) {
		if err != nil {
			return
		}
		r.mu.Lock()
		for _, vm := range page.Results {
			related.know(vm.summary())
		}
		r.begin(ctx)
		r.mu.Unlock()
	}
}

func (r *Reader) kinOf(project ProjectID) *kin {
	if r.projects[project] == nil {
		r.projects[project] = newKin()
	}
	return r.projects[project]
}
