//go:build !windows

package lifecycle

import (
	"context"
	"os"
	"time"
)

// lookOut is how often it is looked whether the parent is there.
const lookOut = 200 * time.Millisecond

// orphaned is closed when the process that started this one is gone: somebody else is the parent then.
func orphaned(ctx context.Context) <-chan struct{} {
	gone, parent := make(chan struct{}), os.Getppid()
	go func() {
		tick := time.NewTicker(lookOut)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				if os.Getppid() != parent {
					close(gone)
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	return gone
}
