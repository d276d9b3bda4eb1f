package portal

import (
	"context"
	"errors"
	"sync"
	"time"
)

// sharedLists lets all who need the same list at once ask the portal once: Terraform refreshes and applies resources
// in parallel, and each rule of a segment would otherwise read all of them. The zero value is ready.
type sharedLists[T any] struct {
	mu    sync.Mutex
	lists map[string]*sharedList[T]
}

type sharedList[T any] struct {
	reading   *reading[T] // under way, or nil
	last      *reading[T] // the latest that came to a good end, or nil
	changedAt time.Time   // what began before does not count any more
}

// reading is one look at a list.
type reading[T any] struct {
	began time.Time
	done  chan struct{} // closed at the end
	items []T
	err   error
}

// get answers the list as it was at most age ago and not before the latest change that this process made. The slice
// is shared: it must not be changed.
func (s *sharedLists[T]) get(ctx context.Context, key string, age time.Duration, read func(context.Context) ([]T, error)) ([]T, error) {
	oldest := time.Now().Add(-age)
	for {
		s.mu.Lock()
		l := s.at(key)
		good := func(r *reading[T]) bool { return r != nil && !r.began.Before(oldest) && !r.began.Before(l.changedAt) }
		if good(l.last) {
			items := l.last.items
			s.mu.Unlock()
			return items, nil
		}
		other := l.reading
		if other == nil {
			mine := &reading[T]{began: time.Now(), done: make(chan struct{})}
			l.reading = mine
			s.mu.Unlock()
			return s.lead(ctx, key, mine, read)
		}
		useful := good(other)
		s.mu.Unlock()
		select {
		case <-other.done:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		// A failure is shared too, so that a portal that is down is not asked by everyone in turn; but not one that
		// only says that the other's time was up.
		if useful && other.err != nil && !isContextError(other.err) {
			return nil, other.err
		}
	}
}

func (s *sharedLists[T]) lead(ctx context.Context, key string, mine *reading[T], read func(context.Context) ([]T, error)) ([]T, error) {
	mine.items, mine.err = read(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.at(key)
	l.reading = nil
	if mine.err == nil {
		l.last = mine
	}
	close(mine.done)
	return mine.items, mine.err
}

// changed says that this process changed what the list tells.
func (s *sharedLists[T]) changed(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at(key).changedAt = time.Now()
}

// at finds a list's entry; the lock is held.
func (s *sharedLists[T]) at(key string) *sharedList[T] {
	if s.lists == nil {
		s.lists = map[string]*sharedList[T]{}
	}
	l := s.lists[key]
	if l == nil {
		l = &sharedList[T]{}
		s.lists[key] = l
	}
	return l
}

// claims are things that only one resource at a time may be about to take. The zero value is ready.
type claims struct {
	mu    sync.Mutex
	taken map[any]bool
}

// take claims a thing, named by a value that tells it from all others, unless somebody has.
func (c *claims) take(thing any) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.taken[thing] {
		return false
	}
	if c.taken == nil {
		c.taken = map[any]bool{}
	}
	c.taken[thing] = true
	return true
}

// release gives a thing back.
func (c *claims) release(thing any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.taken, thing)
}

// isContextError tells whether an error is about time that is over, or about somebody who gave up.
func isContextError(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
