package mdxsim

import (
	"cmp"
	"slices"
	"time"
)

// The states of a task (PORTAL.md §6).
const (
	taskRunning   = "Running"
	taskCompleted = "Completed"
	taskFailed    = "Failed"
)

// platform is whom the history names where no user acted, as when a spot VM is put to sleep (PORTAL.md §4).
const platform = "system"

// task is an operation under way or past, and at the same time its entry in the
// history.
type task struct {
	id         string
	kind       string // Japanese, as the portal's history says it
	project    *project
	object     string // id of what it is about
	objectName string
	vm         *vm // nil when it is not about a machine
	start      time.Time
	visible    time.Time
	end        time.Time // when it is to end, while it runs
	status     string
	message    string // why it failed
	user       string // who began it
}

// operation is a kind of task on a machine.
type operation struct {
	kind   string
	takes  time.Duration
	from   []Status      // the states that it can succeed from; none: any
	refuse func() string // why else it cannot succeed, "" if it can
	finish func()
	failed func() // what a failure does besides; nil: nothing
}

// begin starts an operation on a machine. One that cannot succeed is accepted
// too and fails a little later (PORTAL.md §5), as does one that meets another
// still running.
func (s *Sim) begin(v *vm, op operation) *task {
	t := &task{
		id: s.newID(), kind: op.kind, project: v.project, object: v.UUID, objectName: v.Name, vm: v,
		start: s.at, visible: s.at.Add(max(0, s.cfg.Durations.TaskVisible)), status: taskRunning, user: cmp.Or(s.acting, platform),
	}
	s.tasks[t.id] = t
	v.project.history = append(v.project.history, t)
	why := ""
	switch {
	case len(v.running) > 0:
		why = "他のタスクが実行中のため、処理できません。"
	case len(op.from) > 0 && !slices.Contains(op.from, v.Status):
		why = "仮想マシンの状態(" + string(v.Status) + ")では、この操作を実行できません。"
	case op.refuse != nil:
		why = op.refuse()
	}
	if why == "" && s.failing > 0 {
		s.failing--
		why = "内部エラーが発生しました。"
	}
	s.touch(v.Foreign, op.kind+" "+v.Name)
	v.running = append(v.running, t)
	takes := max(0, op.takes)
	if why != "" {
		takes = max(0, s.cfg.Durations.Fail)
	}
	t.end = s.at.Add(takes)
	s.after(takes, func() {
		v.running = slices.DeleteFunc(v.running, func(other *task) bool { return other == t })
		if s.vms[v.UUID] != v {
			t.status, t.message = taskFailed, "仮想マシンが存在しません。" // somebody deleted it meanwhile
			return
		}
		if why != "" {
			t.status, t.message = taskFailed, why
			if op.failed != nil {
				op.failed()
			}
			return
		}
		t.status = taskCompleted
		op.finish()
	})
	return t
}

// note enters what is done at once, and is not about a machine, into the
// history.
func (s *Sim) note(p *project, kind, object string) *task {
	t := &task{
		id: s.newID(), kind: kind, project: p, object: object, start: s.at, end: s.at, status: taskCompleted,
		visible: s.at.Add(max(0, s.cfg.Durations.TaskVisible)), user: cmp.Or(s.acting, platform),
	}
	s.tasks[t.id] = t
	p.history = append(p.history, t)
	return t
}

// progress is 0 to 100.
func (t *task) progress(now time.Time) int {
	if t.status == taskCompleted {
		return 100
	}
	until := min(now.Sub(t.start), t.end.Sub(t.start))
	return int(99 * until / max(t.end.Sub(t.start), 1))
}

// entry is the task as JSON, for the task itself and for the history.
func (s *Sim) entry(t *task) any {
	now := s.at
	entry := map[string]any{
		"uuid": t.id, "type": t.kind, "object_uuid": t.object, "object_name": t.objectName,
		"project": t.project.UUID, "user_name": t.user, "start_datetime": stamp(t.start), "end_datetime": nil,
		"status": t.status, "progress": t.progress(now), "error_message": "", "error_detail": "",
	}
	if t.vm != nil && t.vm.visible.After(now) {
		entry["object_uuid"] = nil
	}
	if t.status != taskRunning {
		entry["end_datetime"] = stamp(t.end)
	}
	if t.status == taskFailed {
		where := s.cfg.Quirks.TaskErrors
		if where == "both" || where == "message" {
			entry["error_message"] = t.message
		}
		if where == "both" || where == "detail" {
			entry["error_detail"] = t.message
		}
	}
	return entry
}

// stamp writes a moment as the portal does (PORTAL.md §4), in Japan's time.
func stamp(t time.Time) string {
	return t.In(time.FixedZone("JST", 9*60*60)).Format(time.DateTime)
}
