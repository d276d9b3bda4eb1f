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

// SegmentGone tells whether a segment is gone: its project's list no longer has it, and it has no rule any more. Where there
// are rules, there is something to be opened by them. While either can't be told, it is not.
func (p *Portal) SegmentGone(ctx context.Context, project mdx.ProjectID, id mdx.SegmentID) bool {
	gone, err := p.Client.SegmentGone(ctx, project, id)
	if err != nil || !gone {
		return false
	}
	rules, err := p.Rules(ctx, id)
	return mdx.IsNotFound(err) || err == nil && len(rules) == 0
}
