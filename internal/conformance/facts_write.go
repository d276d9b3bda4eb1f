package conformance

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Writings are the facts that can only be told by doing. They follow one VM from
// its deploy to its end and must run in this order, after [Session.Plan] was
// agreed to and before [Session.CleanUp].
func Writings() []Fact {
	return []Fact{
		{"digit-range", 5, Unknown, "May a digit stand right before a range, as in name-1[0-0]?", digitRange},
		{"deploy", 5, Official, "A deploy is accepted with 202, perhaps 200, and tells a task_id as text or list.", deploy},
		{"task-late", 6, CLI, "A new task id is 404 for a while.", withTask(taskLate)},
		{"vm-late", 8, Official, "A new VM shows in the list some seconds later.", withTask(vmLate)},
		{"deploy-history", 4, Official, "A deploy's history entry has the task's id and the VM's.", withVM(deployHistory)},
		{"history-zone", 4, Unknown, "Which zone are the history's times in?", withVM(historyZone)},
		{"name-taken", 5, Unknown, "How is a name refused that is taken?", withVM(nameTaken)},
		{"deploy-ends", 5, Official, "The deploy ends with the VM in PowerON.", withVM(deployEnds)},
		{"address-late", 8, Official, "The address comes minutes after PowerON; until then its place holds none.", withVM(addressLate)},
		{"acl-create", 7, Official, "A rule is made with 201.", withAddress(aclCreate)},
		{"acl-shows", 7, CLI, "A new rule shows, perhaps a little later.", withRule(aclShows)},
		{"acl-update", 7, Official, "A rule is changed with 200.", withRule(aclUpdate)},
		{"acl-twin", 7, Unknown, "May two rules be equal?", withRule(aclTwin)},
		{"rename-running", 5, Unknown, "May a VM be renamed while it runs?", withVM(renameRunning)},
		{"reconfigure-running", 5, CLI, "A VM that runs cannot be reconfigured: the task fails.", withVM(reconfigureRunning)},
		{"destroy-running", 5, Official, "A VM that runs cannot be destroyed: the task fails, or it is refused.", withVM(destroyRunning)},
		{"power-answer", 5, Unknown, "What does power_off answer?", withVM(powerAnswer)},
		{"power-off", 5, Official, "power_off ends in PowerOFF or Deallocated.", withVM(powerOff)},
		{"off-address", 5, Unknown, "Does a VM that is off show its address?", withVM(offAddress)},
		{"destroy", 5, Official, "destroy is accepted with 202 and a task_id; then the VM is gone from list and detail.", withVM(destroy)},
		{"rule-outlives-vm", 7, CLI, "A VM's rules stay when it is destroyed.", withRule(ruleOutlives)},
		{"acl-delete", 7, Official, "A rule is deleted with 204.", withRule(aclDelete)},
	}
}

type ask = func(context.Context, *Session) Finding

// given asks only if what came before has left what is needed.
func given(has func(*probe) bool, what string, question ask) ask {
	return func(ctx context.Context, s *Session) Finding {
		if !has(&s.probe) {
			return notSeen("no %s to tell by", what)
		}
		return question(ctx, s)
	}
}

func withTask(q ask) ask {
	return given(func(p *probe) bool { return p.task != "" }, "task", q)
}

func withVM(q ask) ask {
	return given(func(p *probe) bool { return p.vm != "" }, "VM", q)
}

func withAddress(q ask) ask {
	return given(func(p *probe) bool { return p.address != "" }, "address", q)
}

func withRule(q ask) ask {
	return given(func(p *probe) bool { return p.rule != "" }, "rule", q)
}

// digitRange deploys the probe's VM under a name that ends in a digit and a range
// of one. Where that is refused, the VM is deployed by its plain name.
func digitRange(ctx context.Context, s *Session) Finding {
	body := maps.Clone(s.probe.body)
	body["vm_name"] = s.probe.name + "1[0-0]"
	r, err := s.send(ctx, http.MethodPost, "/api/vm/deploy/", body)
	if err != nil {
		return notSeen("%v", err)
	}
	if ids, _ := r.taskIDs(); r.status >= http.StatusBadRequest || len(ids) != 1 {
		return answered("no: status %d, %s", r.status, r.shape())
	}
	s.probe.deployed = r
	s.probe.name += "10"
	s.probe.body["vm_name"] = s.probe.name
	s.learn(s.probe.name)
	return answered("yes: status %d", r.status)
}

func deploy(ctx context.Context, s *Session) Finding {
	r := s.probe.deployed
	if r == nil {
		var err error
		if r, err = s.send(ctx, http.MethodPost, "/api/vm/deploy/", s.probe.body); err != nil {
			return notSeen("%v", err)
		}
	}
	ids, form := r.taskIDs()
	if len(ids) != 1 {
		return differs("status %d, %s", r.status, r.shape())
	}
	s.probe.task = ids[0]
	return holds(r.status == http.StatusAccepted || r.status == http.StatusOK, "status %d, task_id as %s", r.status, form)
}

func taskLate(ctx context.Context, s *Session) Finding {
	first, begun := 0, time.Now()
	known := s.until(ctx, func() bool {
		r, err := s.get(ctx, "/api/task/"+s.probe.task+"/")
		if err == nil && first == 0 {
			first = r.status
		}
		return err == nil && r.status == http.StatusOK
	})
	if !known {
		return differs("it never became known")
	}
	return holds(first == http.StatusNotFound, "status %d at first; known after %s", first, since(begun))
}

func vmLate(ctx context.Context, s *Session) Finding {
	begun := time.Now()
	var row object
	s.until(ctx, func() bool {
		var found bool
		row, found, _ = s.vm(ctx, s.probe.name) // asked again if it fails
		return found
	})
	if row == nil {
		return differs("it never showed")
	}
	s.probe.vm = row.text("uuid")
	return recorded("after %s, as %s", since(begun), row.text("status"))
}

func deployHistory(ctx context.Context, s *Session) Finding {
	var entry object
	s.until(ctx, func() bool {
		r, err := s.get(ctx, "/api/history/project/"+s.projectID()+"/?ordering=-start_datetime&page_size=100")
		if err != nil {
			return false
		}
		i := slices.IndexFunc(r.rows(), func(row object) bool { return row.text("uuid") == s.probe.task })
		if i >= 0 {
			entry = r.rows()[i]
		}
		return entry.text("object_uuid") != ""
	})
	if entry == nil {
		return differs("there is no entry with the task's id")
	}
	return holds(entry.text("object_uuid") == s.probe.vm, "type %s", entry.text("type"))
}

// japan is where the portal is.
const japan = 9 * time.Hour

// historyZone compares a time that the portal tells with now.
func historyZone(ctx context.Context, s *Session) Finding {
	r, err := s.get(ctx, "/api/history/vm/"+s.probe.vm+"/?page_size=1")
	if err != nil || len(r.rows()) == 0 {
		return notSeen("no entry")
	}
	at, err := time.Parse(time.DateTime, r.rows()[0].text("start_datetime"))
	if err != nil {
		return notSeen("%q is no time", r.rows()[0].text("start_datetime"))
	}
	ahead := at.Sub(time.Now().UTC()).Round(30 * time.Minute)
	return answered("%s ahead of UTC, so it is Japan's: %v", ahead, ahead == japan)
}

func nameTaken(ctx context.Context, s *Session) Finding {
	r, err := s.send(ctx, http.MethodPost, "/api/vm/deploy/", s.probe.body)
	if err != nil {
		return notSeen("%v", err)
	}
	return answered("status %d, %s", r.status, r.shape())
}

func deployEnds(ctx context.Context, s *Session) Finding {
	begun := time.Now()
	end := s.taskEnd(ctx, s.probe.task)
	row, _, err := s.vm(ctx, s.probe.vm)
	if err != nil {
		return notSeen("%v", err)
	}
	return holds(end.text("status") == "Completed" && row.text("status") == "PowerON", "task %s, VM %s, after %s more",
		end.text("status"), row.text("status"), since(begun))
}

func addressLate(ctx context.Context, s *Session) Finding {
	first, early := s.firstAddress(ctx)
	begun := time.Now()
	came := s.until(ctx, func() bool {
		text, is := s.firstAddress(ctx)
		if is {
			s.probe.address = text
		}
		return is
	})
	switch {
	case !came:
		return differs("it never came")
	case early:
		return differs("it was there at once")
	}
	return recorded("at first %q; after %s", first, since(begun))
}

func (s *Session) ruleBody(port string) object {
	return object{
		"segment": s.probe.segment, "protocol": "TCP", "src_address": probeSource, "src_mask": "32", "src_port": "Any",
		"dst_address": s.probe.address, "dst_mask": "32", "dst_port": port,
	}
}

// myRules are the probe's rules that show.
func (s *Session) myRules(ctx context.Context) []object {
	r, err := s.get(ctx, "/api/acl/segment/"+s.probe.segment+"/?page_size=100")
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(r.rows(), func(o object) bool { return o.text("src_address") != probeSource })
}

func aclCreate(ctx context.Context, s *Session) Finding {
	r, err := s.send(ctx, http.MethodPost, "/api/acl/", s.ruleBody("9"))
	if err != nil {
		return notSeen("%v", err)
	}
	now := len(s.myRules(ctx))
	s.until(ctx, func() bool {
		rules := s.myRules(ctx)
		if len(rules) > 0 {
			s.probe.rule = rules[0].text("uuid")
		}
		return len(rules) > 0
	})
	return holds(r.status == http.StatusCreated && s.probe.rule != "", "status %d, %s; %s", r.status, r.shape(),
		map[bool]string{true: "shows at once", false: "shows later"}[now > 0])
}

func aclShows(ctx context.Context, s *Session) Finding {
	rules := s.myRules(ctx)
	if len(rules) == 0 {
		return differs("it does not")
	}
	r := rules[0]
	return holds(r.text("dst_address") == s.probe.address, "32 comes back as %s, Any as %s, 9 as %s", formOf(r["dst_mask"]), formOf(r["src_port"]), formOf(r["dst_port"]))
}

func aclUpdate(ctx context.Context, s *Session) Finding {
	body := s.ruleBody("7")
	delete(body, "segment")
	r, err := s.send(ctx, http.MethodPut, "/api/acl/"+s.probe.rule+"/", body)
	if err != nil {
		return notSeen("%v", err)
	}
	changed := s.until(ctx, func() bool {
		rules := s.myRules(ctx)
		return len(rules) > 0 && fmt.Sprint(rules[0]["dst_port"]) == "7"
	})
	return holds(r.status == http.StatusOK && changed, "status %d, %s", r.status, r.shape())
}

func aclTwin(ctx context.Context, s *Session) Finding {
	r, err := s.send(ctx, http.MethodPost, "/api/acl/", s.ruleBody("7"))
	if err != nil {
		return notSeen("%v", err)
	}
	if r.status != http.StatusCreated {
		return answered("no: status %d, %s", r.status, r.shape())
	}
	both := s.until(ctx, func() bool { return len(s.myRules(ctx)) > 1 })
	for _, rule := range s.myRules(ctx) {
		if rule.text("uuid") != s.probe.rule {
			if _, err := s.send(ctx, http.MethodDelete, "/api/acl/"+rule.text("uuid")+"/", nil); err != nil {
				return notSeen("%v", err)
			}
		}
	}
	s.until(ctx, func() bool { return len(s.myRules(ctx)) < 2 })
	return answered("yes; both show: %v", both)
}

// attempt asks for an operation, lets its task end, and tells both.
func (s *Session) attempt(ctx context.Context, operation string, body any) (end string, err error) {
	r, err := s.send(ctx, http.MethodPost, "/api/vm/"+s.probe.vm+"/"+operation+"/", body)
	if err != nil {
		return "", err
	}
	ids, _ := r.taskIDs()
	if len(ids) == 0 {
		return fmt.Sprintf("status %d, %s", r.status, r.shape()), nil
	}
	task := s.taskEnd(ctx, ids[0])
	return fmt.Sprintf("status %d, task %s (error_message: %s, error_detail: %s)", r.status, task.text("status"),
		filled(task["error_message"]), filled(task["error_detail"])), nil
}

// taskEnd waits for a task to end.
func (s *Session) taskEnd(ctx context.Context, id string) object {
	var task object
	s.until(ctx, func() bool {
		r, err := s.get(ctx, "/api/task/"+id+"/")
		if err == nil && r.status == http.StatusOK {
			task = r.object()
		}
		return task != nil && task.text("status") != "Running"
	})
	return task
}

func renameRunning(ctx context.Context, s *Session) Finding {
	name := s.probe.name + "-r"
	s.learn(name)
	end, err := s.attempt(ctx, "rename", object{"vm_name": name})
	if err != nil {
		return notSeen("%v", err)
	}
	_, renamed, _ := s.vm(ctx, name) // not found if it fails
	return answered("%s; renamed: %v", end, renamed)
}

func reconfigureRunning(ctx context.Context, s *Session) Finding {
	change := object{}
	for field, more := range map[string]float64{"pack_num": 1, "cpu": 1} {
		if n, has := s.probe.body[field].(float64); has {
			change[field] = n + more
		}
	}
	end, err := s.attempt(ctx, "reconfigure", change)
	if err != nil {
		return notSeen("%v", err)
	}
	return holds(strings.Contains(end, "Failed"), "%s", end)
}

func destroyRunning(ctx context.Context, s *Session) Finding {
	end, err := s.attempt(ctx, "destroy", nil)
	if err != nil {
		return notSeen("%v", err)
	}
	_, found, err := s.vm(ctx, s.probe.vm)
	return holds(err == nil && found, "%s; it is still there: %v", end, found)
}

func powerAnswer(ctx context.Context, s *Session) Finding {
	r, err := s.send(ctx, http.MethodPost, "/api/vm/"+s.probe.vm+"/power_off/", nil)
	if err != nil {
		return notSeen("%v", err)
	}
	return answered("status %d, %s", r.status, r.shape())
}

func powerOff(ctx context.Context, s *Session) Finding {
	begun, status := time.Now(), ""
	s.until(ctx, func() bool {
		row, _, err := s.vm(ctx, s.probe.vm)
		status = row.text("status")
		return err == nil && status != "PowerON"
	})
	return holds(status == "PowerOFF" || status == "Deallocated", "%s after %s", status, since(begun))
}

func offAddress(ctx context.Context, s *Session) Finding {
	text, is := s.firstAddress(ctx)
	if is {
		return answered("yes")
	}
	return answered("no; there is %q", text)
}

func destroy(ctx context.Context, s *Session) Finding {
	begun := time.Now()
	r, err := s.send(ctx, http.MethodPost, "/api/vm/"+s.probe.vm+"/destroy/", nil)
	if err != nil {
		return notSeen("%v", err)
	}
	ids, form := r.taskIDs()
	if len(ids) == 0 || r.status != http.StatusAccepted {
		return differs("status %d, %s", r.status, r.shape())
	}
	end := s.taskEnd(ctx, ids[0])
	detail, err := s.get(ctx, "/api/vm/"+s.probe.vm+"/")
	if err != nil {
		return notSeen("%v", err)
	}
	_, found, err := s.vm(ctx, s.probe.vm)
	return holds(err == nil && !found && detail.status == http.StatusNotFound, "task_id as %s, task %s, detail %d, after %s",
		form, end.text("status"), detail.status, since(begun))
}

func ruleOutlives(ctx context.Context, s *Session) Finding {
	left := slices.ContainsFunc(s.myRules(ctx), func(o object) bool { return o.text("uuid") == s.probe.rule })
	return holds(left, "it is still there: %v", left)
}

func aclDelete(ctx context.Context, s *Session) Finding {
	begun := time.Now()
	r, err := s.send(ctx, http.MethodDelete, "/api/acl/"+s.probe.rule+"/", nil)
	if err != nil {
		return notSeen("%v", err)
	}
	gone := s.until(ctx, func() bool { return len(s.myRules(ctx)) == 0 })
	return holds(r.status == http.StatusNoContent && gone, "status %d, gone after %s", r.status, since(begun))
}

func since(t time.Time) string { return time.Since(t).Round(100 * time.Millisecond).String() }

// keys is a set's members, in order.
func keys(set map[string]bool) string {
	return strings.Join(slices.Sorted(maps.Keys(set)), ", ")
}
