package mdxsim

import (
	"context"
	"reflect"
)

// Edge is what a [Backend] can be besides: the way into the segments from outside, through the portal's public addresses.
type Edge interface {
	// Admit lets in what the admission says, and nothing else any more. Calls come one at a time and in order. The
	// context ends when the simulator closes. An error shows in the log.
	Admit(ctx context.Context, in Admission) error
}

// Admission is who gets in from outside: the DNAT rules, and the access rules of their segments. What other people's
// machines have is not in it, since they exist on paper only.
type Admission struct {
	DNATs []DNAT
	ACL   []ACLRule // IPv4
}

// tellEdge tells a backend that is an edge what changed. A rule that was accepted counts at once, and one that was
// deleted until it is gone.
func (s *Sim) tellEdge() {
	backend, ok := s.cfg.Backend.(Edge)
	if !ok || s.closed {
		return
	}
	var now Admission
	for _, p := range s.projects {
		for _, d := range p.dnats {
			if !d.Foreign {
				now.DNATs = append(now.DNATs, d.DNAT)
			}
		}
		for _, seg := range p.segments {
			for _, r := range seg.rules {
				if !r.v6 && !r.Foreign {
					now.ACL = append(now.ACL, r.ACLRule)
				}
			}
		}
	}
	if reflect.DeepEqual(now, s.admitted) {
		return
	}
	s.admitted = now
	s.hosts.do("edge", func(ctx context.Context) {
		if err := backend.Admit(ctx, now); err != nil && s.log != nil {
			s.log.Printf("edge: %v", err)
		}
	})
}
