package mdxsim

import (
	"net/http"
	"slices"
	"time"
)

// World tells what exists now, hidden things included.
func (s *Sim) World() World {
	var world World
	s.do(func() {
		for _, o := range s.orgs {
			org := Organisation{UUID: o.uuid, Name: o.name, Projects: []Project{}}
			for _, p := range o.projects {
				org.Projects = append(org.Projects, p.describe())
			}
			world.Organisations = append(world.Organisations, org)
		}
	})
	return world
}

func (p *project) describe() Project {
	d := p.Project
	d.Segments, d.VMs, d.DNATs = []Segment{}, []VM{}, nil
	for _, seg := range p.segments {
		one := seg.Segment
		one.ACL, one.ACLv6 = nil, nil
		for _, r := range seg.rules {
			if r.v6 {
				one.ACLv6 = append(one.ACLv6, r.ACLRule)
			} else {
				one.ACL = append(one.ACL, r.ACLRule)
			}
		}
		d.Segments = append(d.Segments, one)
	}
	for _, v := range p.machines {
		one := v.VM
		one.Adapters, one.Disks = slices.Clone(v.Adapters), slices.Clone(v.Disks)
		d.VMs = append(d.VMs, one)
	}
	for _, n := range p.dnats {
		d.DNATs = append(d.DNATs, n.DNAT)
	}
	return d
}

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

// leverRoutes serves what is under /_sim/; no token is needed there.
func (s *Sim) leverRoutes() http.Handler {
	mux := http.NewServeMux()
	show := func(path string, what func() any) {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) { ok(what()).write(w) })
	}
	show("/_sim/stats", func() any { return s.Stats() })
	pull := func(path string, how func(*http.Request) error) {
		mux.HandleFunc("POST "+path, func(w http.ResponseWriter, r *http.Request) {
			if err := how(r); err != nil {
				detail(http.StatusBadRequest, err.Error()).write(w)
				return
			}
			ok(map[string]any{"now": s.Now()}).write(w)
		})
	}
	pull("/_sim/freeze", func(*http.Request) error { s.Freeze(); return nil })
	pull("/_sim/thaw", func(*http.Request) error { s.Thaw(); return nil })
	pull("/_sim/advance", func(r *http.Request) error {
		d, err := time.ParseDuration(r.FormValue("by"))
		if err != nil {
			return err
		}
		s.Advance(d)
		return nil
	})
	show("/_sim/world", func() any { return s.World() })
	return mux
}
