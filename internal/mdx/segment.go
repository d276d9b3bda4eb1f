package mdx

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
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

// Segments lists the segments of a project. One of them is its default.
//
// The portal's pages can also add a segment and delete an unused one, but the requests behind them are
// not public (PORTAL.md §7), so this package has no method for it.
func (c *Client) Segments(ctx context.Context, project ProjectID) ([]Segment, error) {
	return list(ctx, c, call{
		op: "list segments of project", object: string(project), path: pathOf("/api/segment/project/%s/all/", project),
	}, wireSegment.segment)
}

// Segment asks for a segment's VLAN and address range.
func (c *Client) Segment(ctx context.Context, id SegmentID) (SegmentSummary, error) {
	r := call{
		op: "read segment", object: string(id), method: http.MethodGet, path: pathOf("/api/segment/%s/summary/", id),
	}
	var w struct {
		VLANID  wireInt  `json:"vlan_id"`
		VNI     wireInt  `json:"vni"`
		IPRange wireText `json:"ip_range"`
	}
	if err := c.do(ctx, r, &w); err != nil {
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
