package mdxsim

import (
	"fmt"
	"net/http"
	"net/netip"
	"slices"
)

// Whether segments can be made and deleted through the API is not known
// (PORTAL.md §7); with [Quirks.SegmentAPI] absent these
// endpoints do not exist.

func segmentCreate(c *call) answer {
	var body struct {
		Project string `json:"project"`
		Name    string `json:"name"`
	}
	if no, ok := c.read(&body); !ok {
		return no
	}
	p := c.projectByID(body.Project)
	switch {
	case p == nil:
		return invalid("project", wrongValue)
	case body.Name == "":
		return invalid("name", required)
	case slices.ContainsFunc(p.segments, func(seg *segment) bool { return seg.Name == body.Name }):
		return invalid("name", "この名前はすでに使用されています。")
	}
	n := len(c.segments)
	seg := &segment{
		Segment: Segment{
			UUID: c.newID(), Name: body.Name, VLANID: 1000 + n, VNI: 1000 + n, IPRange: fmt.Sprintf("10.%d.%d.0/24", 64+n/256, n%256),
		},
		project: p, held: map[string]*vm{}, former: map[string]string{},
	}
	seg.v4 = netip.MustParsePrefix(seg.IPRange)
	c.segments[seg.UUID] = seg
	p.segments = append(p.segments, seg)
	return answer{http.StatusCreated, map[string]any{"uuid": seg.UUID, "name": seg.Name, "default": false}}
}

func segmentDelete(c *call) answer {
	seg := c.segments[c.r.PathValue("segment")]
	switch {
	case seg == nil:
		return notFound()
	case seg.Default || len(seg.held) > 0 || slices.ContainsFunc(seg.project.dnats, func(d *dnat) bool { return d.segment == seg }):
		return detail(http.StatusBadRequest, "使用中のセグメントは削除できません。")
	}
	delete(c.segments, seg.UUID)
	seg.project.segments = only(seg.project.segments, func(other *segment) bool { return other != seg })
	return answer{http.StatusNoContent, nil}
}
