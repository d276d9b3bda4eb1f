package kit

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

// FindSegment finds a project's segment by id or name, or, with neither, its default one. Errors are put beside the
// attributes id and name.
func (p *Provider) FindSegment(ctx context.Context, project mdx.ProjectID, id, name string, diags *diag.Diagnostics) mdx.Segment {
	return p.FindSegmentFor(ctx, project, SegmentChoice{ID: id, Name: name, IDAttribute: "id", NameAttribute: "name"}, diags)
}

// SegmentChoice is what a configuration says of a segment, and in which attributes it says so.
type SegmentChoice struct {
	ID, Name                   string
	IDAttribute, NameAttribute string
}

// FindSegmentFor is [Provider.FindSegment] with the attributes named in which a configuration chooses.
func (p *Provider) FindSegmentFor(ctx context.Context, project mdx.ProjectID, choice SegmentChoice, diags *diag.Diagnostics) mdx.Segment {
	var wanted []string
	if text := FirstOf(choice.ID, choice.Name); text != "" {
		wanted = []string{text}
	}
	segments, err := p.KnownSegments(ctx, project, wanted...)
	if err != nil {
		diags.Append(PortalError("list the segments", err))
		return mdx.Segment{}
	}
	if choice.ID == "" && choice.Name != "" && refuseTwins(segments, choice.Name, diags) {
		return mdx.Segment{}
	}
	i := slices.IndexFunc(segments, func(s mdx.Segment) bool {
		switch {
		case choice.ID != "":
			return string(s.ID) == choice.ID
		case choice.Name != "":
			return s.Name == choice.Name
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
	case choice.ID != "":
		var labels []string
		for _, s := range segments {
			labels = append(labels, fmt.Sprintf("%q (%s)", s.Name, s.ID))
		}
		diags.AddAttributeError(path.Root(choice.IDAttribute), "Unknown segment",
			fmt.Sprintf("The project has no segment with the id %q. Its segments: %s.", choice.ID, Join(labels)))
	case choice.Name != "":
		diags.AddAttributeError(path.Root(choice.NameAttribute), "Unknown segment",
			fmt.Sprintf("The project has no segment named %q. %s", choice.Name, Near(choice.Name, names)))
	default:
		diags.AddError("No default segment", fmt.Sprintf("None of the project's segments is its default. Choose one by name: %s.", Join(names)))
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
			"The project has %d segments named %q: %s. Choose one by its id, or rename one on the portal.", len(ids), name, Join(ids)))
	}
	return len(ids) > 1
}

// CheckSegment refuses, while planning, a rule for a segment that its project does not have. A rule that is there is none
// to check: its segment was found once, and what became of it since, reading tells.
func (p *Provider) CheckSegment(ctx context.Context, req resource.ModifyPlanRequest, diags *diag.Diagnostics) {
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
	if of := p.ProjectFor(ctx, project, diags); of != "" {
		p.FindSegmentFor(ctx, of, SegmentChoice{ID: segment.ValueString(), IDAttribute: "segment_id"}, diags)
	}
}

// SegmentByText finds a segment by what a user types in an import: its id or its name.
func (p *Provider) SegmentByText(ctx context.Context, project mdx.ProjectID, text string, diags *diag.Diagnostics) mdx.Segment {
	segments, err := p.KnownSegments(ctx, project, text)
	if err != nil {
		diags.Append(PortalError("list the segments", err))
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
		"The project has no segment with the id or name %q. %s", text, Near(text, names)))
	return mdx.Segment{}
}
