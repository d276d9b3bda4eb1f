package mdx

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Segment is a network of a project (PORTAL.md §7).
type Segment struct {
	ID      SegmentID
	Name    string
	Default bool
}

// SegmentSummary tells what a segment looks like on the network (PORTAL.md §7).
type SegmentSummary struct {
	VLANID int
	VNI    int
	// IPRange is the segment's IPv4 network, host bits cleared; the zero Prefix if the portal names none.
	IPRange netip.Prefix
}

type wireSegment struct {
	UUID    wireText `json:"uuid"`
	Name    wireText `json:"name"`
	Default wireBool `json:"default"`
}

func (w wireSegment) segment() Segment {
	return Segment{ID: SegmentID(w.UUID), Name: string(w.Name), Default: bool(w.Default)}
}

// Segments lists the segments of a project (PORTAL.md §7). One of them is its default. An omission hurts: a plan would call
// a segment unknown, or its rules gone with it. So a bare array, which is how it comes, is read twice.
//
// The portal's pages can also add a segment and delete an unused one, but the requests behind them are
// not public (PORTAL.md §7), so this package has no method for it.
func (c *Client) Segments(ctx context.Context, project ProjectID) ([]Segment, error) {
	return c.segments(ctx, project)
}

func (c *Client) segments(ctx context.Context, project ProjectID, opts ...ListOption) ([]Segment, error) {
	segments, err := list(ctx, c, call{
		op: "list segments of project", object: string(project), path: pathOf("/api/segment/project/%s/all/", project),
	}, wireSegment.segment, func(s Segment) string { return string(s.ID) }, opts...)
	ids := make([]string, 0, len(segments))
	for _, s := range segments {
		ids = append(ids, string(s.ID))
	}
	c.homes.learn(project, ids)
	return segments, err
}

// SegmentGone tells whether a project's list no longer has a segment (PORTAL.md §7): one look if it has, two that agree if it has not.
func (c *Client) SegmentGone(ctx context.Context, project ProjectID, id SegmentID) (bool, error) {
	segments, err := c.segments(ctx, project, Expecting(id))
	return err == nil && !slices.ContainsFunc(segments, func(s Segment) bool { return s.ID == id }), err
}

// Segment asks for a segment's VLAN and address range (PORTAL.md §7). An error that [IsNotFound] knows is proven where the
// client has listed the segment: its project's list then lacks it too, twice in a row.
func (c *Client) Segment(ctx context.Context, id SegmentID) (SegmentSummary, error) {
	r := call{
		op: "read segment", object: string(id), method: http.MethodGet, path: pathOf("/api/segment/%s/summary/", id),
		roster: c.segmentRoster(id),
	}
	var w struct {
		VLANID  wireInt  `json:"vlan_id"`
		VNI     wireInt  `json:"vni"`
		IPRange wireText `json:"ip_range"`
	}
	if err := c.ask(ctx, r, &w); err != nil {
		return SegmentSummary{}, err
	}
	out := SegmentSummary{VLANID: int(w.VLANID), VNI: int(w.VNI)}
	if text := strings.TrimSpace(string(w.IPRange)); text != "" {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			return SegmentSummary{}, &Error{
				Op: r.op, Object: r.object, Method: r.method, Path: r.path, Status: http.StatusOK,
				Err: fmt.Errorf("ip_range: %w", err),
			}
		}
		out.IPRange = prefix.Masked()
	}
	return out, nil
}
