package mdx

import (
	"context"
	"math"
	"sync"
	"time"
)

// Forever is the age of an answer that never grows too old: see [Cache.Get].
const Forever time.Duration = math.MaxInt64

// Cache keeps answers by what they are about, and lets all who ask for one at the same time share one
// request. It serves what is looked up once in a run, with the age [Forever], and lists that are wanted
// "at most AGE old and not from before our last change".
//
// A failure is shared too: whoever waits when a request fails gets that failure, so that an outage is
// retried once for all. With [NewCache] it also answers those who come shortly afterwards. The end of
// one asker's context is not shared; the request goes on for as long as anybody waits for its answer.
//
// The zero value is ready, and remembers no failure once it was told. A Cache is safe for concurrent use.
type Cache[K comparable, V any] struct {
	failuresLast time.Duration

	mu      sync.Mutex
	entries map[K]*cached[V]
}

// NewCache makes a cache in which the failure of a request that was retried in vain, as in an outage,
// answers whoever asks within failuresLast after it, too. [Config.PollInterval] is a good choice: a
// thousand resources that are refreshed a few at a time then fail together.
func NewCache[K comparable, V any](failuresLast time.Duration) *Cache[K, V] {
	return &Cache[K, V]{failuresLast: failuresLast}
}

// cached is what a cache has about one thing. The cache's mutex guards it.
type cached[V any] struct {
	running *question[V] // under way; nil if none is
	last    *question[V] // the latest that was answered; nil if none was
	failed  *question[V] // the latest, if it ended in an outage
	changes int
	asked   int // how many questions were begun
}

// question is one request that several may wait for. The cache's mutex guards it until it is done.
type question[V any] struct {
	number       int // of those about one thing
	changes      int // as many had been told when it began
	began, ended time.Time
	waiting      int
	abandoned    bool // nobody waited any more
	cancel       context.CancelFunc
	done         chan struct{} // closed at the end
	answer       V
	err          error
}

// Get answers from memory if what it has is at most age old, counted from when it was asked for, and was
// asked for after the last [Cache.Changed]; else ask is called, once for all who wait. An age of zero is
// an answer to a question that begins now or later. The answer is shared: it must not be changed.
//
// The errors are those of ask, and ctx's own. ask gets a context that ends when nobody waits any more.
func (c *Cache[K, V]) Get(ctx context.Context, key K, age time.Duration, ask func(context.Context) (V, error)) (V, error) {
	var none V
	c.mu.Lock()
	entry, came := c.entry(key), time.Now()
	asked, changes := entry.asked, entry.changes
	c.mu.Unlock()
	counts := func(q *question[V]) bool {
		young := age == Forever || q.number > asked || age > 0 && came.Sub(q.began) <= age
		return young && q.changes >= changes
	}
	for ctx.Err() == nil {
		q := c.join(ctx, entry, counts, ask)
		select {
		case <-q.done:
			c.leave(q)
		case <-ctx.Done():
			c.leave(q)
			continue
		}
		switch {
		case q.abandoned: // it was others who gave up
		case q.err == nil && counts(q):
			return q.answer, nil
		// Even the failure of a question that began too early answers: the portal failed meanwhile.
		case q.err != nil && (counts(q) || isOutage(q.err)):
			return none, q.err
		}
	}
	return none, ctx.Err()
}

// join finds the question to wait for: one that was answered and counts, one that has just failed, the one that is under
// way, or a new one.
func (c *Cache[K, V]) join(
	ctx context.Context, entry *cached[V], counts func(*question[V]) bool, ask func(context.Context) (V, error),
) *question[V] {
	c.mu.Lock()
	defer c.mu.Unlock()
	q := entry.running
	switch {
	case entry.last != nil && counts(entry.last):
		q = entry.last
	case entry.failed != nil && time.Since(entry.failed.ended) < c.failuresLast:
		q = entry.failed
	case q == nil:
		q = c.begin(ctx, entry, ask)
	}
	q.waiting++
	return q
}

// Changed says that what the answers about key tell was changed: what was asked before does not count
// any more.
func (c *Cache[K, V]) Changed(key K) {
	c.mu.Lock()
	defer c.mu.Unlock()
	entry := c.entry(key)
	entry.changes++
	entry.failed = nil
}

// begin asks a question on the side. The mutex is held.
func (c *Cache[K, V]) begin(ctx context.Context, entry *cached[V], ask func(context.Context) (V, error)) *question[V] {
	asking, cancel := context.WithCancel(context.WithoutCancel(ctx))
	entry.asked++
	q := &question[V]{
		number: entry.asked, changes: entry.changes, began: time.Now(), cancel: cancel, done: make(chan struct{}),
	}
	entry.running = q
	go func() {
		defer cancel()
		answer, err := ask(asking)
		c.mu.Lock()
		defer c.mu.Unlock()
		q.answer, q.err, q.ended = answer, err, time.Now()
		entry.running, entry.failed = nil, nil
		switch {
		case err == nil:
			entry.last = q
		case isOutage(err) && !q.abandoned:
			entry.failed = q
		}
		close(q.done)
	}()
	return q
}

// leave gives up waiting. A question for which nobody waits is given up too.
func (c *Cache[K, V]) leave(q *question[V]) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if q.waiting--; q.waiting == 0 {
		select {
		case <-q.done:
		default:
			q.abandoned = true
			q.cancel()
		}
	}
}

// entry finds what there is about a thing. The mutex is held.
func (c *Cache[K, V]) entry(key K) *cached[V] {
	if c.entries == nil {
		c.entries = map[K]*cached[V]{}
	}
	entry := c.entries[key]
	if entry == nil {
		entry = &cached[V]{}
		c.entries[key] = entry
	}
	return entry
}
