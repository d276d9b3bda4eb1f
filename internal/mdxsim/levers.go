package mdxsim

import (
	"fmt"
	"slices"
	"time"
)

// Freeze stops the portal's time. Answers still take as long as they do.
func (s *Sim) Freeze() { s.do(s.clock.freeze) }

// Thaw lets the portal's time go on from where it stopped.
func (s *Sim) Thaw() { s.do(s.clock.thaw) }

// Advance moves the portal's time forward, frozen or not, and lets everything
// happen that is due on the way.
func (s *Sim) Advance(d time.Duration) {
	s.do(func() { s.clock.advance(d) })
	s.do(func() {})
}

// Now is the portal's time.
func (s *Sim) Now() time.Time { return s.clock.now() }

// FailNextTasks makes the next n tasks that could succeed fail.
func (s *Sim) FailNextTasks(n int) { s.do(func() { s.failing = n }) }

// Sleep puts a running machine to sleep, as the platform does with spot
// machines at any time. The machine is named by its id or its name.
func (s *Sim) Sleep(machine string) error {
	return s.byHand(machine, func(v *vm) error {
		if v.Status != PowerOn {
			return fmt.Errorf("VM %s is %s", v.Name, v.Status)
		}
		s.sleep(v)
		return nil
	})
}

// sleep stops a machine and takes its compute away.
func (s *Sim) sleep(v *vm) {
	s.note(v.project, "自動休止", v.UUID).objectName = v.Name
	s.powerDown(v, false)
	v.Status = Deallocated
}

// sleepAny puts the first spot machine to sleep that runs and is nobody else's.
func (s *Sim) sleepAny() {
	for _, p := range s.projects {
		for _, v := range p.machines {
			if v.Status == PowerOn && v.ServiceLevel == "spot" && !v.Foreign && len(v.running) == 0 {
				s.sleep(v)
				return
			}
		}
	}
}

// DeleteVM removes a machine in whatever state, as if an operator had. Rules
// that lead to it stay.
func (s *Sim) DeleteVM(machine string) error {
	return s.byHand(machine, func(v *vm) error {
		s.note(v.project, "削除", v.UUID).objectName = v.Name
		s.remove(v)
		return nil
	})
}

// byHand does something to a machine, named by its id or its name.
func (s *Sim) byHand(machine string, change func(*vm) error) error {
	err := fmt.Errorf("no VM %q", machine)
	s.do(func() {
		if v := s.vms[machine]; v != nil {
			err = change(v)
			return
		}
		for _, p := range s.projects {
			if v := p.named(machine); v != nil {
				err = change(v)
				return
			}
		}
	})
	return err
}

// PutACL adds a rule to a segment by somebody else's hand, or changes the rule
// with this UUID, at once. IPv6 is told from the addresses. It returns the
// rule's id.
func (s *Sim) PutACL(segmentID string, rule ACLRule) (string, error) {
	var err error
	s.do(func() {
		for _, v6 := range []bool{false, true} {
			if r := s.aclByID(v6, rule.UUID); r != nil {
				rule.Foreign = r.Foreign
				r.ACLRule = rule
				return
			}
		}
		seg := s.segments[segmentID]
		if seg == nil {
			err = fmt.Errorf("no segment %q", segmentID)
			return
		}
		orDefault(&rule.UUID, s.newID())
		rule.Foreign = true
		_, isV6 := aclFamily{v6: true}.address(rule.SrcAddress)
		seg.rules = append(seg.rules, &aclRule{ACLRule: rule, v6: isV6, segment: seg, visible: s.at})
	})
	return rule.UUID, err
}

// DeleteACL removes a rule at once, as if somebody else had.
func (s *Sim) DeleteACL(id string) error {
	err := fmt.Errorf("no ACL rule %q", id)
	s.do(func() {
		for _, v6 := range []bool{false, true} {
			if r := s.aclByID(v6, id); r != nil {
				r.segment.drop(r)
				err = nil
			}
		}
	})
	return err
}

// TakeGlobalAddress makes a DNAT by somebody else's hand, at once, so that the
// address is taken. It returns the DNAT's id.
func (s *Sim) TakeGlobalAddress(segmentID, poolAddress, dstAddress string) (string, error) {
	var id string
	var err error
	s.do(func() {
		seg := s.segments[segmentID]
		switch {
		case seg == nil:
			err = fmt.Errorf("no segment %q", segmentID)
		case !slices.Contains(seg.project.GlobalAddresses, poolAddress):
			err = fmt.Errorf("project %s has no global address %s", seg.project.Name, poolAddress)
		case seg.project.dnatOn(poolAddress) != nil:
			err = fmt.Errorf("%s is taken", poolAddress)
		default:
			id = s.newID()
			seg.project.dnats = append(seg.project.dnats, &dnat{
				DNAT:    DNAT{UUID: id, PoolAddress: poolAddress, SegmentID: segmentID, DstAddress: dstAddress, Foreign: true},
				segment: seg, visible: s.at,
			})
		}
	})
	return id, err
}

// DeleteDNAT removes a DNAT at once, as if somebody else had.
func (s *Sim) DeleteDNAT(id string) error {
	err := fmt.Errorf("no DNAT %q", id)
	s.do(func() {
		if d := s.dnatByID(id); d != nil {
			s.dropDNAT(d)
			err = nil
		}
	})
	return err
}
