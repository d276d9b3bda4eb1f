package mdx

import (
	"context"
	"sync"
)

// sharing lets many who ask the same have one answer. Nobody gets the answer to a question that began before
// their own: who comes while one is under way shares the next.
type sharing[T any] struct {
	mu      sync.Mutex
	running bool
	next    *question[T] // not begun; nil if nobody asks it
}

// question is one that several may ask.
type question[T any] struct {
	asking int // guarded by the sharing's mutex
	cancel context.CancelFunc
	done   chan struct{}
	answer T
	err    error
}

// get answers what ask answers. A question goes on for as long as somebody waits for the answer.
func (s *sharing[T]) get(ctx context.Context, ask func(context.Context) (T, error)) (T, error) {
	s.mu.Lock()
	if s.next == nil {
		s.next = &question[T]{done: make(chan struct{}), cancel: func() {}}
	}
	q := s.next
	q.asking++
	if !s.running {
		s.running = true
		go s.run(context.WithoutCancel(ctx), ask)
	}
	s.mu.Unlock()
	defer s.leave(q)
	select {
	case <-q.done:
		return q.answer, q.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

func (s *sharing[T]) leave(q *question[T]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if q.asking--; q.asking > 0 {
		return
	}
	q.cancel()
	if s.next == q {
		s.next = nil
	}
}

// run asks until nobody wants an answer any more.
func (s *sharing[T]) run(ctx context.Context, ask func(context.Context) (T, error)) {
	for {
		s.mu.Lock()
		q := s.next
		if q == nil {
			s.running = false
			s.mu.Unlock()
			return
		}
		s.next = nil
		wanted, cancel := context.WithCancel(ctx)
		q.cancel = cancel
		s.mu.Unlock()
		q.answer, q.err = ask(wanted)
		cancel()
		close(q.done)
	}
}
