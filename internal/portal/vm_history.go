package portal

import (
	"context"
	"time"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// historyMark is what there was in a project's history at a moment, so that a task that came later can be told. One look
// at the history serves all VMs that are changed at the same time.
type historyMark struct {
	known map[mdx.TaskID]bool
	since time.Time    // when the first of them began, by the portal's clock, if there are earlier ones
	busy  []mdx.TaskID // those that the portal is at work on at the VM
}

// markLength is how much of the history a mark has: a page (PORTAL.md §3).
const markLength = 100

// historyMark marks the present in the history of a VM's project, or, if that is not to be had, of the VM.
func (p *Portal) historyMark(ctx context.Context, t VMTarget) historyMark {
	mark := historyMark{known: map[mdx.TaskID]bool{}}
	tasks, err := p.histories.Get(ctx, t.Project, 0, func(ctx context.Context) (tasks []mdx.Task, err error) {
		for task, err := range p.History(ctx, t.Project, mdx.HistoryFilter{}) {
			if err != nil {
				return nil, err
			}
			if tasks = append(tasks, task); len(tasks) == markLength {
				break
			}
		}
		return tasks, nil
	})
	if err != nil {
		if last, unread := p.lastTask(ctx, t.ID); unread == nil && last.ID != "" {
			tasks = []mdx.Task{last}
		}
	}
	for _, task := range tasks {
		mark.known[task.ID] = true
		if task.ObjectID == string(t.ID) && task.Status == mdx.TaskRunning {
			mark.busy = append(mark.busy, task.ID)
		}
	}
	if err == nil && len(tasks) == markLength {
		mark.since = tasks[markLength-1].Start
	}
	return mark
}

// after tells whether a task came after the mark: the mark does not have it, and not because it is from before.
func (m historyMark) after(task mdx.Task) bool {
	return task.ID != "" && !m.known[task.ID] && !task.Start.Before(m.since)
}

// outlasted tells whether a request is worth asking again that the portal has refused, since it was at work on the VM
// before, as after a run that was killed: it bears one task on a VM at a time. By then it has ended that work.
func (p *Portal) outlasted(ctx context.Context, t VMTarget, before historyMark, refusal error) bool {
	if !IsRefused(refusal) || len(before.busy) == 0 {
		return false
	}
	for _, task := range before.busy {
		_, _ = p.WaitTask(ctx, t.Project, task, t.named(), p.progress(ctx), mdx.WithPace(mdx.PacePower)) // how it ended, the VM tells
	}
	return ctx.Err() == nil
}

// newTask waits, as long as the portal may take to show one, for a VM's newest task to be one after the mark. There may be none:
// errNotBegun.
func (p *Portal) newTask(ctx context.Context, t VMTarget, before historyMark) (id mdx.TaskID, err error) {
	tries := 0
	err = p.Poll(ctx, "task of VM", t.Name, func(ctx context.Context) (bool, error) {
		newest, err := p.lastTask(ctx, t.ID)
		if err == nil && before.after(newest) {
			id = newest.ID
			return true, nil
		}
		if tries++; tries == patience {
			return false, errNotBegun
		}
		return false, nil // a history that is not to be had now may be later
	}, mdx.WithPace(mdx.Pace{First: 1, Longest: 1}))
	return id, err
}

// lastTask is the newest task in a VM's history; one without an id if there is none.
func (p *Portal) lastTask(ctx context.Context, id mdx.VMID) (mdx.Task, error) {
	for task, err := range p.VMHistory(ctx, id, mdx.HistoryFilter{}) {
		return task, err
	}
	return mdx.Task{}, nil
}
