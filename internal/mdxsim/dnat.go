package mdxsim

import (
	"net/http"
	"net/netip"
	"slices"
)

// dnatBody is the body of POST and PUT (PORTAL.md §7).
type dnatBody struct {
	PoolAddress string `json:"pool_address"`
	Segment     string `json:"segment"`
	DstAddress  string `json:"dst_address"`
}

// dnatList answers GET /api/dnat/project/{project}; segments are told by name.
func dnatList(c *call, p *project) answer {
	shown := only(p.dnats, func(d *dnat) bool { return !d.visible.After(c.at) })
	return paged(c, shown, (*dnat).entry)
}

func (d *dnat) entry() any {
	return map[string]any{
		"uuid": d.UUID, "pool_address": d.PoolAddress, "segment": d.segment.Name, "dst_address": d.DstAddress,
	}
}

func dnatCreate(c *call) answer {
	var body dnatBody
	if no, ok := c.read(&body); !ok {
		return no
	}
	seg, no, ok := c.dnatFits(body, nil)
	if !ok {
		return no
	}
	d := &dnat{
		DNAT:    DNAT{UUID: c.newID(), PoolAddress: body.PoolAddress, SegmentID: seg.UUID, DstAddress: body.DstAddress},
		segment: seg, visible: c.at.Add(max(0, c.cfg.Durations.RuleVisible)),
	}
	seg.project.dnats = append(seg.project.dnats, d)
	c.note(seg.project, "DNATの追加", d.UUID)
	c.ruleMade(seg, d.UUID, d.DstAddress)
	if c.cfg.Quirks.DNATBody == "none" {
		return answer{http.StatusCreated, nil}
	}
	return answer{http.StatusCreated, d.entry()}
}

func dnatUpdate(c *call) answer {
	d := c.dnatByID(c.r.PathValue("dnat"))
	if d == nil {
		return notFound()
	}
	var body dnatBody
	if no, ok := c.read(&body); !ok {
		return no
	}
	seg, no, ok := c.dnatFits(body, d)
	if !ok {
		return no
	}
	c.touch(d.Foreign, "PUT DNAT "+d.PoolAddress)
	changed := *d
	changed.PoolAddress, changed.SegmentID, changed.DstAddress, changed.segment = body.PoolAddress, seg.UUID, body.DstAddress, seg
	d.moving = changed.PoolAddress
	c.after(max(0, c.cfg.Durations.RuleVisible), func() { d.DNAT, d.segment, d.moving = changed.DNAT, changed.segment, "" })
	c.note(seg.project, "DNATの変更", d.UUID)
	c.ruleMade(seg, d.UUID, changed.DstAddress)
	return fine(changed.entry())
}

func dnatRemove(c *call) answer {
	d := c.dnatByID(c.r.PathValue("dnat"))
	if d == nil {
		return notFound()
	}
	c.touch(d.Foreign, "DELETE DNAT "+d.PoolAddress)
	d.leaving = true
	c.after(max(0, c.cfg.Durations.RuleVisible), func() { c.dropDNAT(d) })
	c.note(d.segment.project, "DNATの削除", d.UUID)
	return answer{http.StatusNoContent, nil}
}

func (s *Sim) dropDNAT(d *dnat) {
	p := d.segment.project
	p.dnats = only(p.dnats, func(other *dnat) bool { return other != d })
}

// dnatFits checks a body; itself is the DNAT that it changes.
func (c *call) dnatFits(body dnatBody, itself *dnat) (*segment, answer, bool) {
	seg := c.segments[body.Segment]
	if seg == nil {
		return nil, invalid("segment", wrongValue), false
	}
	if !slices.Contains(seg.project.GlobalAddresses, body.PoolAddress) {
		return nil, invalid("pool_address", wrongValue), false
	}
	if other := seg.project.dnatOn(body.PoolAddress); other != nil && other != itself {
		return nil, invalid("pool_address", "このグローバルIPアドレスはすでに使用されています。"), false
	}
	if addr, err := netip.ParseAddr(body.DstAddress); err != nil || !addr.Is4() {
		return nil, invalid("dst_address", "有効なIPv4アドレスを入力してください。"), false
	}
	return seg, answer{}, true
}

// dnatOn finds what uses a global address or is about to, shown or not.
func (p *project) dnatOn(address string) *dnat {
	i := slices.IndexFunc(p.dnats, func(d *dnat) bool { return d.PoolAddress == address || d.moving == address })
	if i < 0 {
		return nil
	}
	return p.dnats[i]
}

// dnatByID finds a DNAT that is not about to go.
func (s *Sim) dnatByID(id string) *dnat {
	for _, p := range s.projects {
		for _, d := range p.dnats {
			if d.UUID == id && !d.leaving {
				return d
			}
		}
	}
	return nil
}

// assignable answers GET /api/global_ip/project/{project}/assignable/; an
// address shows as free until the DNAT that took it shows.
func assignable(c *call, p *project) answer {
	free := []string{}
	for _, address := range p.GlobalAddresses {
		if d := p.dnatOn(address); d == nil || d.visible.After(c.at) {
			free = append(free, address)
		}
	}
	return fine(free)
}
