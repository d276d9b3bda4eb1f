package provider

import (
	"context"
	"fmt"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// findSegment finds a project's segment by id or name, or, with neither, its default one. Errors are put beside the
// attributes id and name.
func (p *shared) findSegment(ctx context.Context, project mdx.ProjectID, id, name string, diags *diag.Diagnostics) mdx.Segment {
	return p.findSegmentFor(ctx, project, segmentChoice{id: id, name: name, idAttribute: "id", nameAttribute: "name"}, diags)
}

// segmentChoice is what a configuration says of a segment, and in which attributes it says so.
type segmentChoice struct {
	id, name                   string
	idAttribute, nameAttribute string
}

func (p *shared) findSegmentFor(ctx context.Context, project mdx.ProjectID, choice segmentChoice, diags *diag.Diagnostics) mdx.Segment {
	var wanted []string
	if text := first(choice.id, choice.name); text != "" {
		wanted = []string{text}
	}
	segments, err := p.knownSegments(ctx, project, wanted...)
	if err != nil {
		diags.Append(portalError("list the segments", err))
		return mdx.Segment{}
	}
	if choice.id == "" && choice.name != "" && refuseTwins(segments, choice.name, diags) {
		return mdx.Segment{}
	}
	i := slices.IndexFunc(segments, func(s mdx.Segment) bool {
		switch {
		case choice.id != "":
			return string(s.ID) == choice.id
		case choice.name != "":
			return s.Name == choice.name
		}
		return s.Default
	})
	if i >= 0 {
		return segments[i]
	}
	var names []string
	for _, s := range segments {
		names = append(names, s.Name)
	}
	switch {
	case choice.id != "":
		var labels []string
		for _, s := range segments {
			labels = append(labels, fmt.Sprintf("%q (%s)", s.Name, s.ID))
		}
		diags.AddAttributeError(path.Root(choice.idAttribute), "Unknown segment",
			fmt.Sprintf("The project has no segment with the id %q. Its segments: %s.", choice.id, list(labels)))
	case choice.name != "":
		diags.AddAttributeError(path.Root(choice.nameAttribute), "Unknown segment",
			fmt.Sprintf("The project has no segment named %q. %s", choice.name, near(choice.name, names)))
	default:
		diags.AddError("No default segment", fmt.Sprintf("None of the project's segments is its default. Choose one by name: %s.", list(names)))
	}
	return mdx.Segment{}
}

// refuseTwins refuses a name that several segments have: rules that are meant for one would open another.
func refuseTwins(segments []mdx.Segment, name string, diags *diag.Diagnostics) bool {
	var ids []string
	for _, s := range segments {
		if s.Name == name {
			ids = append(ids, string(s.ID))
		}
	}
	if len(ids) > 1 {
		diags.AddError("Several segments of one name", fmt.Sprintf(
			"The project has %d segments named %q: %s. Choose one by its id, or rename one on the portal.", len(ids), name, list(ids)))
	}
	return len(ids) > 1
}

// checkSegment refuses, while planning, a rule for a segment that its project does not have. A rule that is there is none
// to check: its segment was found once, and what became of it since, reading tells.
func (p *shared) checkSegment(ctx context.Context, req resource.ModifyPlanRequest, diags *diag.Diagnostics) {
	if p == nil || req.Plan.Raw.IsNull() {
		return
	}
	var before, segment, project types.String
	if !req.State.Raw.IsNull() {
		diags.Append(req.State.GetAttribute(ctx, path.Root("segment_id"), &before)...)
	}
	diags.Append(req.Config.GetAttribute(ctx, path.Root("segment_id"), &segment)...)
	diags.Append(req.Config.GetAttribute(ctx, path.Root("project_id"), &project)...)
	if diags.HasError() || segment.IsUnknown() || project.IsUnknown() || segment.Equal(before) {
		return
	}
	if of := p.projectFor(ctx, project, diags); of != "" {
		p.findSegmentFor(ctx, of, segmentChoice{id: segment.ValueString(), idAttribute: "segment_id"}, diags)
	}
}

// segmentByText finds a segment by what a user types in an import: its id or its name.
func (p *shared) segmentByText(ctx context.Context, project mdx.ProjectID, text string, diags *diag.Diagnostics) mdx.Segment {
	segments, err := p.knownSegments(ctx, project, text)
	if err != nil {
		diags.Append(portalError("list the segments", err))
		return mdx.Segment{}
	}
	if refuseTwins(segments, text, diags) {
		return mdx.Segment{}
	}
	var names []string
	for _, segment := range segments {
		if string(segment.ID) == text || segment.Name == text {
			return segment
		}
		names = append(names, segment.Name)
	}
	diags.AddError("Unknown segment", fmt.Sprintf(
		"The project has no segment with the id or name %q. %s", text, near(text, names)))
	return mdx.Segment{}
}

// segmentLabel is a segment's name for messages, or its id while nothing better is known.
func (p *portal) segmentLabel(ctx context.Context, project mdx.ProjectID, id mdx.SegmentID) string {
	segments, err := p.knownSegments(ctx, project, string(id))
	i := slices.IndexFunc(segments, func(s mdx.Segment) bool { return s.ID == id })
	if err != nil || i < 0 {
		return string(id)
	}
	return segments[i].Name
}

// segmentGone tells whether a segment is gone: a project's list no longer has it, and says so twice, since a list may leave
// one out for once, and it has no rule any more. Where there are rules, there is something to be opened by them.
func (p *portal) segmentGone(ctx context.Context, project mdx.ProjectID, id mdx.SegmentID) bool {
	for range 2 {
		segments, err := p.Segments(ctx, project)
		if err != nil || slices.ContainsFunc(segments, func(s mdx.Segment) bool { return s.ID == id }) {
			return false
		}
	}
	rules, err := p.rules(ctx, id, 0)
	return mdx.IsNotFound(err) || err == nil && len(rules) == 0
}
