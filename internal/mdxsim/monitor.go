package mdxsim

import "time"

// Violation is a moment at which a rule that was made through the API led to an
// address whose machine is gone: the hole that PORTAL.md §7 tells of. Rules of
// others, by the world or by a lever, are not watched.
type Violation struct {
	What    string    `json:"what"`
	Rule    string    `json:"rule"`    // the rule's id
	Address string    `json:"address"` // where it leads
	VM      string    `json:"vm"`      // the machine whose address that is or was
	At      time.Time `json:"at"`      // in the portal's time
}

// What a [Violation] can be.
const (
	RuleOutlivesVM = "rule outlives its VM"            // the machine was destroyed through the API while the rule was there
	RuleTooLate    = "rule made for a VM that is gone" // the machine was destroyed through the API before the rule was made
	RuleExposes    = "rule exposes another VM"         // a new machine got the address that the rule leads to
)

// watched calls with each watched rule that leads to an address.
func (seg *segment) watched(address string, with func(rule string)) {
	if address == "" {
		return
	}
	for _, r := range seg.rules {
		if !r.Foreign && !r.leaving && r.target() == address {
			with(r.UUID)
		}
	}
	for _, d := range seg.project.dnats {
		if d.segment == seg && !d.Foreign && !d.leaving && d.DstAddress == address {
			with(d.UUID)
		}
	}
}

func (s *Sim) violation(what, rule, address, machine string) {
	found := Violation{What: what, Rule: rule, Address: address, VM: machine, At: s.at}
	s.stats.note(func(st *Stats) { st.Violations = append(st.Violations, found) })
}

// everyAddress calls with each address that a machine answers at.
func (s *Sim) everyAddress(v *vm, with func(seg *segment, address string)) {
	for _, a := range v.Adapters {
		seg := s.segments[a.SegmentID]
		with(seg, a.IPv4)
		with(seg, a.IPv6)
		if a.Number == 1 && v.host.IsValid() {
			with(seg, v.host.String())
		}
	}
}

// machineGone looks for rules that a machine leaves behind.
func (s *Sim) machineGone(v *vm) {
	s.everyAddress(v, func(seg *segment, address string) {
		seg.former[address] = v.Name
		seg.watched(address, func(rule string) { s.violation(RuleOutlivesVM, rule, address, v.Name) })
	})
}

// machineCame looks for rules that lead to a new machine's addresses.
func (s *Sim) machineCame(v *vm) {
	s.everyAddress(v, func(seg *segment, address string) { s.cameTo(v, seg, address) })
}

// cameTo is machineCame for one address.
func (s *Sim) cameTo(v *vm, seg *segment, address string) {
	if seg.former[address] == "" {
		return // whoever made a rule for it, made it for this machine
	}
	delete(seg.former, address)
	seg.watched(address, func(rule string) { s.violation(RuleExposes, rule, address, v.Name) })
}

// ruleMade looks whether a new rule leads to a machine that is gone.
func (s *Sim) ruleMade(seg *segment, rule, address string) {
	if was := seg.former[address]; was != "" {
		s.violation(RuleTooLate, rule, address, was)
	}
}

// touch notes an operation through the API on what is somebody else's.
func (s *Sim) touch(foreign bool, what string) {
	if foreign {
		s.stats.note(func(st *Stats) { st.Touched = append(st.Touched, what) })
	}
}
