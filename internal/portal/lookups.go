package portal

import (
	"context"
	"slices"
	"strings"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// KnownProjects are the projects that the user is assigned to.
func (p *Portal) KnownProjects(ctx context.Context) ([]mdx.Project, error) {
	return p.lookups.projects.Get(ctx, struct{}{}, mdx.Forever, p.Projects)
}

// KnownCatalogs are the entries of a project's catalog.
func (p *Portal) KnownCatalogs(ctx context.Context, project mdx.ProjectID) ([]mdx.Catalog, error) {
	return lookUp(ctx, p.lookups.catalogs, project, mdx.Forever, p.Catalogs)
}

// CatalogByID finds an entry of the project's catalog.
func (p *Portal) CatalogByID(ctx context.Context, project mdx.ProjectID, id string) (mdx.Catalog, bool, error) {
	catalogs, err := p.KnownCatalogs(ctx, project)
	i := slices.IndexFunc(catalogs, func(c mdx.Catalog) bool { return string(c.ID) == id })
	if err != nil || i < 0 {
		return mdx.Catalog{}, false, err
	}
	return catalogs[i], true, nil
}

// KnownSegments are a project's segments. When one of the wanted ones, told by name or id, is not among those remembered, the
// portal is asked again: it may have been added meanwhile.
func (p *Portal) KnownSegments(ctx context.Context, project mdx.ProjectID, wanted ...string) ([]mdx.Segment, error) {
	segments, err := lookUp(ctx, p.lookups.segments, project, mdx.Forever, p.Segments)
	missing := func(text string) bool {
		return !slices.ContainsFunc(segments, func(s mdx.Segment) bool { return s.Name == text || string(s.ID) == text })
	}
	if err == nil && slices.ContainsFunc(wanted, missing) {
		return lookUp(ctx, p.lookups.segments, project, 0, p.Segments)
	}
	return segments, err
}

// ProjectKind says how the VMs of a project are sized (PORTAL.md §4).
type ProjectKind int

// The kinds of projects.
const (
	KindUnknown   ProjectKind = iota // the portal's word for it is one that nobody has seen
	KindNormal                       // by packs
	KindDedicated                    // by cores, memory and GPUs
)

// ProjectKindOf reads the portal's word for a project's type, which was seen as text and as a number.
func ProjectKindOf(word string) ProjectKind {
	word = strings.ToLower(word)
	has := func(parts ...string) bool {
		return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(word, part) })
	}
	switch {
	case has("dedicated", "occup", "占有", "専有"):
		return KindDedicated
	case has("normal", "通常", "shared", "共有"):
		return KindNormal
	}
	return KindUnknown
}

// ProjectKind says how VMs of a project are sized. What the portal does not tell is unknown, never an error: the portal itself
// checks what it is asked for.
func (p *Portal) ProjectKind(ctx context.Context, id mdx.ProjectID) ProjectKind {
	projects, err := p.KnownProjects(ctx)
	if err != nil {
		p.warn(ctx, "the project's type is not known", map[string]any{"error": err.Error()})
		return KindUnknown
	}
	for _, project := range projects {
		if project.ID == id {
			return ProjectKindOf(project.Type)
		}
	}
	return KindUnknown
}

// Quota is how much of a project is in use; false where the portal does not tell.
func (p *Portal) Quota(ctx context.Context, id mdx.ProjectID) (mdx.ProjectUsage, bool) {
	usage, err := lookUp(ctx, p.lookups.usage, id, mdx.Forever, p.ProjectUsage)
	if err != nil {
		p.warn(ctx, "the project's quota is not known", map[string]any{"error": err.Error()})
	}
	return usage, err == nil
}

// GuessLogin tells the login user of a VM whose catalog entry nobody remembers: its host name begins as a part of the
// template's name (PORTAL.md §5). It is empty unless all entries that fit agree.
func GuessLogin(hostName string, catalogs []mdx.Catalog) string {
	const leastTelling = 6 // shorter names fit too many templates
	if len(hostName) < leastTelling {
		return ""
	}
	login := ""
	for _, c := range catalogs {
		if !strings.Contains(c.TemplateName, hostName) || c.LoginUsername == "" {
			continue
		}
		if login != "" && login != c.LoginUsername {
			return ""
		}
		login = c.LoginUsername
	}
	return login
}
