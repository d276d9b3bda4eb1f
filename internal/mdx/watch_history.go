package mdx

import (
	"cmp"
	"context"
	"slices"
	"time"
)

// historyReader finds out about many tasks with few requests: a page of the project's history tells
// about a hundred (PORTAL.md §4).
type historyReader struct {
	missed map[TaskID]int // rounds in a row in which the history did not have it
}

// Bounds of one round.
const (
	maxHistoryPages = 5
	maxSingleTasks  = 4 // tasks asked for by themselves, because the history lacks them
)

// read answers the tasks that members wait for, nil for those that the portal does not know. Those that the history does not
// show, and whose turn to be asked for by themselves it was not, are left out: nothing is known of them.
func (h *historyReader) read(
	ctx context.Context, c *Client, project ProjectID, members []*waiter,
) (map[TaskID]*Task, error) {
	wanted := map[TaskID]bool{}
	oldest := time.Now()
	for _, m := range members {
		wanted[m.task] = true
		if m.joined.Before(oldest) {
			oldest = m.joined
		}
	}
	found := map[TaskID]*Task{}
	if len(wanted) > 1 {
		if err := h.pages(ctx, c, project, wanted, found, oldest); err != nil {
			return nil, err
		}
	}
	return found, h.singles(ctx, c, wanted, found)
}

// pages reads the history until it has every task wanted, or has gone back to before they can have begun.
func (h *historyReader) pages(
	ctx context.Context, c *Client, project ProjectID, wanted map[TaskID]bool, found map[TaskID]*Task, oldest time.Time,
) error {
	// The portal's clock may differ, and waiting may begin some time after the task.
	horizon := oldest.Add(-time.Hour)
	number := 0
	for page, err := range pages[wireTask](ctx, c, historyCall("project", string(project), HistoryFilter{})) {
		if err != nil {
			return err
		}
		var last time.Time
		for _, entry := range page.Results {
			task := c.task(entry)
			last = task.Start
			if wanted[task.ID] {
				found[task.ID] = &task
			}
		}
		number++
		if len(found) == len(wanted) || number == maxHistoryPages || !last.IsZero() && last.Before(horizon) {
			return nil
		}
	}
	return nil
}

// singles asks for the tasks that the history has not shown for two rounds, or for the only one there
// is: a few at a time, those missed longest first.
func (h *historyReader) singles(
	ctx context.Context, c *Client, wanted map[TaskID]bool, found map[TaskID]*Task,
) error {
	missed := map[TaskID]int{}
	var due []TaskID
	for id := range wanted {
		if found[id] != nil {
			continue
		}
		missed[id] = h.missed[id] + 1
		if len(wanted) == 1 || missed[id] >= 2 {
			due = append(due, id)
		}
	}
	slices.SortFunc(due, func(a, b TaskID) int { return cmp.Or(missed[b]-missed[a], cmp.Compare(a, b)) })
	for _, id := range due[:min(len(due), maxSingleTasks)] {
		missed[id] = 1 // it is the others' turn
		task, err := c.taskOnce(ctx, id)
		switch {
		case IsNotFound(err): // not known yet (PORTAL.md §8)
			found[id] = nil
		case err != nil:
			return err
		default:
			found[id] = &task
		}
	}
	h.missed = missed
	return nil
}
