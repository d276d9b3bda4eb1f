package vm

import (
	"context"
	"errors"
	"sync"
)

// rolling is a change that needs members stopped, of whom only few may be at a time.
type rolling struct {
	places chan struct{} // held by members that are stopped
	over   chan struct{} // closed when one did not come back
	once   sync.Once
}

// errLeftAsItIs is why a member was not begun with.
var errLeftAsItIs = errors.New("left as it is, since the change would stop it, and another member did not come back from that")

// enter waits until one more member may be stopped.
func (r *rolling) enter(ctx context.Context) (leave func(), err error) {
	select {
	case r.places <- struct{}{}:
	case <-r.over:
		return nil, errLeftAsItIs
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	leave = func() { <-r.places }
	select {
	case <-r.over:
		leave()
		return nil, errLeftAsItIs
	default:
		return leave, nil
	}
}

// end lets no further member be stopped. Whoever calls it has not left yet.
func (r *rolling) end() { r.once.Do(func() { close(r.over) }) }
