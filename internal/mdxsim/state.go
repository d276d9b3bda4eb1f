package mdxsim

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"
)

type organisation struct {
	uuid, name string
	projects   []*project
}

// project is a [Project] at work.
type project struct {
	Project
	segments []*segment
	machines []*vm // oldest first, hidden ones included
	dnats    []*dnat
	history  []*task
}

// segment is a [Segment] at work.
type segment struct {
	Segment
	project *project
	v4      netip.Prefix
	v6      netip.Prefix
	rules   []*aclRule
	held    map[string]*vm    // who holds an address
	former  map[string]string // the names of machines destroyed through the API, by address
}

// aclRule is an [ACLRule] at work.
type aclRule struct {
	ACLRule
	v6      bool
	segment *segment
	visible time.Time // from then on it shows
	leaving bool      // its deletion was accepted
}

// dnat is a [DNAT] at work.
type dnat struct {
	DNAT
	segment *segment
	visible time.Time // from then on it shows
	leaving bool      // its deletion was accepted
	moving  string    // the global address that it is about to use
}

// vm is a [VM] at work.
type vm struct {
	VM
	project *project
	catalog *Catalog
	visible time.Time // from then on list and detail know it
	tools   time.Time // from then on the guest tools report; zero: they don't
	mute    bool      // they never will
	running []*task
	powered int        // counts power cycles, so that a plan made before one is void after it
	host    netip.Addr // where the backend put it
	booting bool       // the backend has not said yet, or could not start it
	boots   int        // how often the backend was asked to start it
	cloneOf string
}

// settleWorld turns a described world into one at work.
func (s *Sim) settleWorld(world *World) error {
	var wrong []error
	for _, o := range world.Organisations {
		org := organisation{uuid: o.UUID, name: o.Name}
		for _, p := range o.Projects {
			live, err := s.settleProject(p)
			if err != nil {
				wrong = append(wrong, fmt.Errorf("project %q: %w", p.Name, err))
				continue
			}
			org.projects = append(org.projects, live)
			s.projects = append(s.projects, live)
		}
		s.orgs = append(s.orgs, org)
	}
	if len(s.projects) == 0 {
		wrong = append(wrong, errors.New("no project"))
	}
	return errors.Join(wrong...)
}

func (s *Sim) settleProject(described Project) (*project, error) {
	p := &project{Project: described}
	if p.UUID == "" {
		p.UUID = s.newID()
	}
	p.Catalogs = slices.Clone(described.Catalogs)
	for _, described := range described.Segments {
		seg := &segment{Segment: described, project: p, held: map[string]*vm{}, former: map[string]string{}}
		var err error
		if seg.v4, err = netip.ParsePrefix(seg.IPRange); err != nil {
			return nil, fmt.Errorf("segment %q: ip_range: %w", seg.Name, err)
		}
		if seg.IPv6 != "" {
			if seg.v6, err = netip.ParsePrefix(seg.IPv6); err != nil {
				return nil, fmt.Errorf("segment %q: ipv6_range: %w", seg.Name, err)
			}
		}
		if s.segments[seg.UUID] != nil {
			return nil, fmt.Errorf("segment %q: uuid %q is taken", seg.Name, seg.UUID)
		}
		for _, rule := range seg.ACL {
			seg.rules = append(seg.rules, &aclRule{ACLRule: rule, segment: seg})
		}
		for _, rule := range seg.ACLv6 {
			seg.rules = append(seg.rules, &aclRule{ACLRule: rule, v6: true, segment: seg})
		}
		s.segments[seg.UUID] = seg
		p.segments = append(p.segments, seg)
	}
	for _, described := range described.VMs {
		if s.vms[described.UUID] != nil || p.named(described.Name) != nil {
			return nil, fmt.Errorf("vm %q: name or uuid is taken", described.Name)
		}
		v := &vm{VM: described, project: p, catalog: p.catalogByID(described.CatalogID)}
		v.Adapters, v.Disks = slices.Clone(v.Adapters), slices.Clone(v.Disks)
		for i := range v.Adapters {
			seg := s.segments[v.Adapters[i].SegmentID]
			if seg == nil || seg.project != p {
				return nil, fmt.Errorf("vm %q: no segment %q", v.Name, v.Adapters[i].SegmentID)
			}
			s.assign(v, i)
		}
		switch v.Status {
		case PowerOn:
			v.tools = s.at
			s.startHost(v)
		case Deploying: // whoever deployed it is not here
			v.Status = PowerOff
		}
		s.vms[v.UUID] = v
		p.machines = append(p.machines, v)
	}
	for _, described := range described.DNATs {
		seg := s.segments[described.SegmentID]
		if seg == nil || seg.project != p {
			return nil, fmt.Errorf("dnat %s: no segment %q", described.PoolAddress, described.SegmentID)
		}
		p.dnats = append(p.dnats, &dnat{DNAT: described, segment: seg})
	}
	return p, nil
}

func (p *project) catalogByID(id string) *Catalog {
	for i := range p.Catalogs {
		if p.Catalogs[i].UUID == id {
			return &p.Catalogs[i]
		}
	}
	return nil
}

// named finds a machine by name, hidden ones included.
func (p *project) named(name string) *vm {
	i := slices.IndexFunc(p.machines, func(v *vm) bool { return v.Name == name })
	if i < 0 {
		return nil
	}
	return p.machines[i]
}

// assign gives a machine's i-th adapter the lowest free addresses of its
// segment, so that an address that was given back is soon somebody else's
// (PORTAL.md §7). The first address is the gateway's.
func (s *Sim) assign(v *vm, i int) {
	a := &v.Adapters[i]
	seg := s.segments[a.SegmentID]
	if a.IPv4 == "" {
		a.IPv4 = seg.lowestFree(seg.v4)
	}
	if a.IPv6 == "" && seg.v6.IsValid() {
		a.IPv6 = seg.lowestFree(seg.v6)
	}
	seg.held[a.IPv4], seg.held[a.IPv6] = v, v
	delete(seg.held, "")
}

// release gives the addresses of all of a machine's adapters back.
func (s *Sim) release(v *vm) {
	for _, a := range v.Adapters {
		delete(s.segments[a.SegmentID].held, a.IPv4)
		delete(s.segments[a.SegmentID].held, a.IPv6)
	}
}

// lowestFree is empty when the range is full.
func (seg *segment) lowestFree(in netip.Prefix) string {
	in = in.Masked()
	for addr := in.Addr().Next().Next(); in.Contains(addr); addr = addr.Next() {
		broadcast := addr.Is4() && !in.Contains(addr.Next())
		if !broadcast && seg.held[addr.String()] == nil {
			return addr.String()
		}
	}
	return ""
}
