package mdxsim

import (
	"context"
	"time"
)

// Startable and deletable are machines that are off (PORTAL.md §5).
var stopped = []Status{PowerOff, Deallocated}

// power accepts a power operation; whether it answers with a task is not known.
func (c *call) power(v *vm, op operation) answer {
	t := c.begin(v, op)
	if c.cfg.Quirks.PowerAnswer == "task" {
		return accepted(map[string]any{"task_id": c.taskIDs(t.id)})
	}
	return accepted(nil)
}

func powerOn(c *call, v *vm) answer {
	var body struct {
		ServiceLevel string `json:"service_level"`
	}
	if no, ok := c.read(&body); !ok {
		return no
	}
	if serviceLevels[body.ServiceLevel] == "" {
		return invalid("service_level", required)
	}
	return c.power(v, operation{
		kind: "電源オン", takes: c.cfg.Durations.PowerOn, from: stopped,
		refuse: func() string {
			on := v.VM
			on.Status = PowerOn
			if !v.project.used().plus(usageOf(v.VM), -1).plus(usageOf(on), 1).within(v.project.Quota) {
				return noQuota
			}
			return ""
		},
		finish: func() {
			v.ServiceLevel, v.mute = body.ServiceLevel, c.fault == NoAddress
			c.powerUp(v)
		},
	})
}

func powerOff(c *call, v *vm) answer {
	return c.power(v, operation{
		kind: "電源オフ", takes: c.cfg.Durations.PowerOff, from: []Status{PowerOn},
		finish: func() { c.powerDown(v, false) },
	})
}

const noTools = "VMware Toolsが実行されていないため、処理できません。"

// shutdown asks the guest, which must be able to hear it.
func shutdown(c *call, v *vm) answer {
	return c.power(v, operation{
		kind: "シャットダウン", takes: c.cfg.Durations.Shutdown, from: []Status{PowerOn},
		refuse: func() string {
			if !c.reports(v) {
				return noTools
			}
			return ""
		},
		finish: func() { c.powerDown(v, true) },
	})
}

func destroy(c *call, v *vm) answer {
	t := c.begin(v, operation{kind: "削除", takes: c.cfg.Durations.Destroy, from: stopped, finish: func() {
		c.stats.note(func(st *Stats) { st.Destroyed++ })
		c.machineGone(v)
		c.remove(v)
	}})
	return accepted(map[string]any{"task_id": c.taskIDs(t.id)})
}

// powerUp starts a machine; its address shows when the guest tools report.
func (s *Sim) powerUp(v *vm) {
	v.Status = PowerOn
	v.powered++
	v.tools = time.Time{}
	if !v.mute {
		v.tools = s.at.Add(max(0, s.cfg.Durations.Address))
	}
	s.startHost(v)
}

// powerDown stops a machine.
func (s *Sim) powerDown(v *vm, graceful bool) {
	if s.hosts != nil {
		id := v.UUID
		s.hosts.do(id, func(ctx context.Context) { _ = s.cfg.Backend.Stop(ctx, id, graceful) })
	}
	s.off(v)
}

// off marks a machine as stopped; after a while it gives its compute back.
func (s *Sim) off(v *vm) {
	v.Status = PowerOff
	v.powered++
	cycle := v.powered
	if s.cfg.Durations.Deallocate < 0 {
		return
	}
	s.after(s.cfg.Durations.Deallocate, func() {
		if v.powered == cycle && v.Status == PowerOff && len(v.running) == 0 {
			v.Status = Deallocated
		}
	})
}

// remove takes a machine out of the world and leaves the rules that point at it
// behind (PORTAL.md §7).
func (s *Sim) remove(v *vm) {
	s.release(v)
	delete(s.vms, v.UUID)
	v.project.machines = only(v.project.machines, func(other *vm) bool { return other != v })
	if s.hosts != nil {
		id := v.UUID
		s.hosts.do(id, func(ctx context.Context) { _ = s.cfg.Backend.Destroy(ctx, id) })
	}
}

// startHost powers a machine's real host on, if there are real hosts. Machines
// of others exist on paper only.
func (s *Sim) startHost(v *vm) {
	if s.hosts == nil || v.Foreign {
		return
	}
	first := v.Adapters[0]
	seg := s.segments[first.SegmentID]
	host := Host{
		ID: v.UUID, Name: v.Name, AuthorizedKey: v.SharedKey, CloneOf: v.cloneOf,
		Segment: seg.Name, SegmentRange: seg.v4,
	}
	if v.catalog != nil {
		host.LoginUser, host.OSName, host.OSVersion = v.catalog.LoginUsername, v.catalog.OSName, v.catalog.OSVersion
		host.TemplateHost = hostName(v.catalog)
	}
	v.booting = true
	v.boots++
	this := v.boots
	s.hosts.do(v.UUID, func(ctx context.Context) {
		addr, err := s.cfg.Backend.Start(ctx, host)
		s.do(func() {
			if err != nil {
				v.HostError = err.Error()
				if s.log != nil {
					s.log.Printf("the host of VM %s did not start: %v", v.Name, err)
				}
				return
			}
			v.host, v.HostError = addr, ""
			s.cameTo(v, seg, addr.String())
			if v.boots == this {
				v.booting = false
			}
		})
	})
}
