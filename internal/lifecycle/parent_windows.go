package lifecycle

import (
	"context"
	"os"
)

// Orphaned tells whether Terraform, which started this process, is gone, so that nobody writes down what a call answers.
// On Windows nobody can tell at once, and the answer is always no.
func Orphaned() bool { return false }

// orphaned is closed when the process that started this one is gone. Its number stays the same, but it can be waited for.
func orphaned(context.Context) <-chan struct{} {
	gone := make(chan struct{})
	terraform, err := os.FindProcess(os.Getppid())
	if err != nil {
		close(gone)
		return gone
	}
	go func() {
		_, _ = terraform.Wait() // whatever it ended with
		close(gone)
	}()
	return gone
}
