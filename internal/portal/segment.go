package portal

import (
	"context"
	"slices"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// SegmentLabel is a segment's name for messages, or its id while nothing better is known.
func (p *Portal) SegmentLabel(ctx context.Context, project mdx.ProjectID, id mdx.SegmentID) string {
	segments, err := p.KnownSegments(ctx, project, string(id))
	i := slices.IndexFunc(segments, func(s mdx.Segment) bool { return s.ID == id })
	if err != nil || i < 0 {
		return string(id)
	}
	return segments[i].Name
}

// SegmentGone tells whether a segment is gone: a project's list no longer has it, and says so twice, since a list may leave
// one out for once, and it has no rule any more. Where there are rules, there is something to be opened by them.
func (p *Portal) SegmentGone(ctx context.Context, project mdx.ProjectID, id mdx.SegmentID) bool {
	for range 2 {
		segments, err := p.Segments(ctx, project)
		if err != nil || slices.ContainsFunc(segments, func(s mdx.Segment) bool { return s.ID == id }) {
			return false
		}
	}
	rules, err := p.Rules(ctx, id, 0)
	return mdx.IsNotFound(err) || err == nil && len(rules) == 0
}
