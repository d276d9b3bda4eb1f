package mdx

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// TaskStatus is how far a task has come (PORTAL.md §6). A status this package does not know is kept as
// it came, and counts as running.
type TaskStatus string

// The task states.
const (
	TaskRunning   TaskStatus = "Running"
	TaskCompleted TaskStatus = "Completed"
	TaskFailed    TaskStatus = "Failed"
)

// Task is an operation that the portal carries out by itself; a history entry is one too
// (PORTAL.md §4, §6).
type Task struct {
	ID TaskID
	// Type is the portal's word for the operation, mostly Japanese, such as デプロイ.
	Type string
	// ObjectID and ObjectName tell what it is done to: for a deploy, the new machine.
	ObjectID   string
	ObjectName string
	UserName   string // history only
	Start, End time.Time
	Status     TaskStatus
	Percent    int // 0 to 100
	// Message and Detail are the portal's words about a failure.
	Message, Detail string
}

// Done tells whether the task has ended, well or badly.
func (t Task) Done() bool { return t.Status == TaskCompleted || t.Status == TaskFailed }

type wireTask struct {
	UUID          wireText `json:"uuid"`
	Type          wireText `json:"type"`
	ObjectUUID    wireText `json:"object_uuid"`
	ObjectName    wireText `json:"object_name"`
	UserName      wireText `json:"user_name"`
	StartDatetime wireText `json:"start_datetime"`
	EndDatetime   wireText `json:"end_datetime"`
	Status        wireText `json:"status"`
	Progress      wireInt  `json:"progress"`
	ErrorMessage  wireText `json:"error_message"`
	ErrorDetail   wireText `json:"error_detail"`
}

// task reads what the portal tells of a task. Its words about a failure may repeat what it was sent.
func (c *Client) task(w wireTask) Task {
	status := TaskStatus(w.Status)
	for _, known := range []TaskStatus{TaskRunning, TaskCompleted, TaskFailed} {
		if strings.EqualFold(string(w.Status), string(known)) {
			status = known
		}
	}
	return Task{
		ID: TaskID(w.UUID), Type: string(w.Type), ObjectID: string(w.ObjectUUID), ObjectName: string(w.ObjectName),
		UserName: string(w.UserName), Start: parseTime(string(w.StartDatetime)), End: parseTime(string(w.EndDatetime)),
		Status: status, Percent: int(w.Progress),
		Message: c.log.text(string(w.ErrorMessage)), Detail: c.log.text(string(w.ErrorDetail)),
	}
}

// Task reads a task (PORTAL.md §6). A 404 is asked again a few times, since the portal gives one under load, and for a task
// that was handed out just now (PORTAL.md §8). For that one [Client.WaitTask] has more patience.
func (c *Client) Task(ctx context.Context, id TaskID) (Task, error) {
	var w wireTask
	err := c.ask(ctx, taskCall(id), &w)
	return c.task(w), err
}

// taskOnce is for those who come back anyway.
func (c *Client) taskOnce(ctx context.Context, id TaskID) (Task, error) {
	var w wireTask
	err := c.do(ctx, taskCall(id), &w)
	return c.task(w), err
}

func taskCall(id TaskID) call {
	return call{op: "read task", object: string(id), method: http.MethodGet, path: taskPath(id)}
}

func taskPath(id TaskID) string { return pathOf("/api/task/%s/", id) }

// HistoryFilter narrows a history. The zero value asks for all.
type HistoryFilter struct {
	// Type is the portal's word for the operation.
	Type string
}

// History iterates over what happened in a project, newest first (PORTAL.md §4). The error, if any,
// comes last.
func (c *Client) History(ctx context.Context, project ProjectID, filter HistoryFilter) iter.Seq2[Task, error] {
	return each(ctx, c, historyCall("project", string(project), filter), c.task)
}

// VMHistory iterates over what happened to a machine, newest first (PORTAL.md §4).
func (c *Client) VMHistory(ctx context.Context, id VMID, filter HistoryFilter) iter.Seq2[Task, error] {
	r := historyCall("vm", string(id), filter)
	r.roster = c.vmRoster(id)
	return each(ctx, c, r, c.task)
}

func historyCall(kind, id string, filter HistoryFilter) call {
	query := url.Values{"ordering": {"-start_datetime"}}
	if filter.Type != "" {
		query.Set("type", filter.Type)
	}
	return call{op: "read history of " + kind, object: id, path: pathOf("/api/history/"+kind+"/%s/", id), query: query}
}

// TaskError is a task that ended in failure.
type TaskError struct{ Task Task }

// Error gives the portal's words.
func (e *TaskError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "task %s (%s of %q) failed at %d%%", e.Task.ID, e.Task.Type, e.Task.ObjectName, e.Task.Percent)
	for _, text := range []string{e.Task.Message, e.Task.Detail} {
		if text != "" {
			b.WriteString(": " + text)
		}
	}
	return b.String()
}
