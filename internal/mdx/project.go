package mdx

import (
	"context"
	"encoding/json"
	"net/http"
)

// Project is a project that the user may work in (PORTAL.md §4).
type Project struct {
	ID   ProjectID
	Name string
	// Organization is the name of the organisation it belongs to; empty when the portal lists projects
	// without them.
	Organization string
	// Type tells a normal project, whose machines are made of packs, from a dedicated one, whose
	// machines are given cores, memory and GPUs directly. The portal's own text.
	Type      string
	Expired   bool
	Suspended bool
}

type wireProject struct {
	UUID      wireText `json:"uuid"`
	Name      wireText `json:"name"`
	Type      wireText `json:"type"`
	Expired   wireBool `json:"expired"`
	Suspended wireBool `json:"suspended"`
}

func (w wireProject) project(organization string) Project {
	return Project{
		ID: ProjectID(w.UUID), Name: string(w.Name), Organization: organization, Type: string(w.Type),
		Expired: bool(w.Expired), Suspended: bool(w.Suspended),
	}
}

// wireAssigned is an organisation with its projects, or a project by itself: both were seen.
type wireAssigned struct {
	wireProject
	Projects json.RawMessage `json:"projects"`
}

// Projects lists the projects the user is assigned to (PORTAL.md §4). An omission hurts: a plan would not know the project
// that it is for, or take another for the only one. So a bare array, which is how it comes, is read twice.
func (c *Client) Projects(ctx context.Context) ([]Project, error) {
	r := call{op: "list projects", path: "/api/project/assigned/", unpaged: true}
	r.method = http.MethodGet
	return believed(ctx, c, r, nil, func(ctx context.Context) (look[Project], error) {
		return lookAt(ctx, c, r, wireAssigned.flatten, func(p Project) string { return string(p.ID) })
	})
}

func (w wireAssigned) flatten() ([]Project, error) {
	if w.Projects == nil {
		return []Project{w.project("")}, nil
	}
	var projects []wireProject
	if err := json.Unmarshal(w.Projects, &projects); err != nil {
		return nil, err
	}
	out := make([]Project, 0, len(projects))
	for _, p := range projects {
		out = append(out, p.project(string(w.Name)))
	}
	return out, nil
}
