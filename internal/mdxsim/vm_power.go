package mdxsim

import "context"

// Startable and deletable are machines that are off (PORTAL.md §5).
var stopped = []Status{PowerOff, Deallocated}

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
	c.begin(v, operation{kind: "電源オン", takes: c.cfg.Durations.PowerOn, from: stopped, finish: func() {
		v.ServiceLevel = body.ServiceLevel
		c.powerUp(v)
	}})
	return accepted(nil)
}

func powerOff(c *call, v *vm) answer {
	c.begin(v, operation{kind: "電源オフ", takes: c.cfg.Durations.PowerOff, from: []Status{PowerOn}, finish: func() {
		c.powerDown(v, false)
	}})
	return accepted(nil)
}

// shutdown asks the guest, which must be able to hear it.
func shutdown(c *call, v *vm) answer {
	c.begin(v, operation{
		kind: "シャットダウン", takes: c.cfg.Durations.Shutdown, from: []Status{PowerOn},
		refuse: func() string {
			if !c.reports(v) {
				return "VMware Toolsが実行されていないため、シャットダウンできません。"
			}
			return ""
		},
		finish: func() { c.powerDown(v, true) },
	})
	return accepted(nil)
}

func destroy(c *call, v *vm) answer {
	t := c.begin(v, operation{kind: "削除", takes: c.cfg.Durations.Destroy, from: stopped, finish: func() { c.remove(v) }})
	return accepted(map[string]any{"task_id": taskIDs([]string{t.id})})
}

// powerUp starts a machine; its address shows when the guest tools report.
func (s *Sim) powerUp(v *vm) {
	v.Status = PowerOn
	v.powered++
	v.tools = s.at.Add(s.cfg.Durations.Address)
	if s.hosts != nil {
		s.startHost(v)
	}
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

// startHost powers a machine's real host on.
func (s *Sim) startHost(v *vm) {
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
	cycle := v.powered
	s.hosts.do(v.UUID, func(ctx context.Context) {
		addr, err := s.cfg.Backend.Start(ctx, host)
		s.do(func() {
			if err != nil {
				v.HostError = err.Error()
				return
			}
			v.host, v.HostError = addr, ""
			if v.powered == cycle {
				v.booting = false
			}
		})
	})
}
