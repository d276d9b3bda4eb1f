package portal

import (
	"context"
	"errors"
	"sync"
)

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
