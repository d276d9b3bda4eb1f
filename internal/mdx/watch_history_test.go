package mdx_test

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// The history may have no room for a task, or has it under a date that seems long past.
func TestTasksThatTheHistoryDoesNotShowAreAskedForInTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		for i := range 12 {
			w.tasks = append(w.tasks, &worldTask{
				id: fmt.Sprintf("t%d", i), born: after(0), shown: after(0), done: after(10 * time.Minute), unlisted: true,
			})
		}
		client := w.client()
		var wg sync.WaitGroup
		for i := range 12 {
			wg.Go(func() {
				if _, err := client.WaitTask(t.Context(), "p", mdx.TaskID(fmt.Sprintf("t%d", i))); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	})
}
