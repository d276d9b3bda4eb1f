//go:build !windows

package lifecycle

import (
	"context"
	"os"
	"time"
)

// lookOut is how often it is looked whether the parent is there.
const lookOut = 200 * time.Millisecond

// parent is the process that started this one.
var parent = os.Getppid()

// Orphaned tells whether Terraform, which started this process, is gone, so that nobody writes down what a call answers.
// On Windows nobody can tell at once, and the answer is always no.
func Orphaned() bool { return os.Getppid() != parent }

// orphaned is closed when the process that started this one is gone: somebody else is the parent then.
func orphaned(ctx context.Context) <-chan struct{} {
	gone := make(chan struct{})
	go func() {
		tick := time.NewTicker(lookOut)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				if Orphaned() {
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
