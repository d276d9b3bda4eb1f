package mdxsim

import "slices"

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

// Task is an operation on a machine or a rule, under way or past.
type Task struct {
	Kind       string // as the portal's history says it
	Object     string // id of what it is about
	ObjectName string
	Status     string // "Running", "Completed" or "Failed"
}

// Tasks tells what was done in a project, the oldest first, that which its
// history does not show yet included.
func (s *Sim) Tasks(id string) (all []Task) {
	s.do(func() {
		if p := s.projectByID(id); p != nil {
			for _, t := range p.history {
				all = append(all, Task{t.kind, t.object, t.objectName, t.status})
			}
		}
	})
	return all
}
