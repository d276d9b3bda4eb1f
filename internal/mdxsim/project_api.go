package mdxsim

import (
	"slices"
	"strings"
)

// assigned answers GET /api/project/assigned/ (PORTAL.md §4).
func assigned(c *call) answer {
	if c.cfg.Quirks.Assigned == "flat" {
		return paged(c, c.projects, c.assignedEntry)
	}
	orgs := []any{}
	for _, o := range c.orgs {
		projects := []any{}
		for _, p := range o.projects {
			projects = append(projects, c.assignedEntry(p))
		}
		org := map[string]any{"name": o.name, "projects": projects}
		if o.uuid != "" {
			org["uuid"] = o.uuid
		}
		orgs = append(orgs, org)
	}
	return fine(orgs)
}

func (c *call) assignedEntry(p *project) any {
	return map[string]any{
		"uuid": p.UUID, "name": p.Name, "type": c.projectType(p), "expired": p.Expired, "suspended": p.Suspended,
	}
}

// catalogs answers GET /api/catalog/project/{project}/.
func catalogs(c *call, p *project) answer {
	return paged(c, p.Catalogs, func(k Catalog) any {
		return map[string]any{
			"uuid": k.UUID, "name": k.Name, "type": orNull(k.Type), "template_name": k.TemplateName,
			"os_type": k.OSType, "os_name": orNull(k.OSName), "os_version": orNull(k.OSVersion),
			"hw_version": orNull(k.HWVersion), "description": orNull(k.Description),
			"login_username": orNull(k.LoginUsername), "gpu_required": k.GPURequired,
			"lower_limit_disk": k.MinDiskGB, "lower_limit_memory": k.MinMemoryGB,
		}
	})
}

func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// segmentList answers GET /api/segment/project/{project}/all/.
func segmentList(_ *call, p *project) answer {
	all := []any{}
	for _, seg := range p.segments {
		all = append(all, map[string]any{"uuid": seg.UUID, "name": seg.Name, "default": seg.Default})
	}
	return fine(all)
}

// segmentSummary answers GET /api/segment/{segment}/summary.
func segmentSummary(c *call) answer {
	seg := c.segments[c.r.PathValue("segment")]
	if seg == nil {
		return notFound()
	}
	return fine(map[string]any{"vlan_id": seg.VLANID, "vni": seg.VNI, "ip_range": seg.IPRange})
}

// taskStatus answers GET /api/task/{task}/; an id that was only just handed out
// is not known yet (PORTAL.md §6).
func taskStatus(c *call) answer {
	t := c.tasks[c.r.PathValue("task")]
	if t == nil || t.visible.After(c.at) {
		return notFound()
	}
	return fine(c.entry(t))
}

func projectHistory(c *call, p *project) answer { return c.history(p.history) }

func vmHistory(c *call) answer {
	id := c.r.PathValue("vm")
	for _, p := range c.projects {
		if about := only(p.history, func(t *task) bool { return t.object == id }); len(about) > 0 {
			return c.history(about)
		}
	}
	if c.vms[id] != nil { // nothing has happened to it yet
		return c.history(nil)
	}
	return notFound()
}

// history answers with a page of what happened, the oldest first unless the
// request asks otherwise (PORTAL.md §4).
func (c *call) history(of []*task) answer {
	query := c.r.URL.Query()
	shown := only(of, func(t *task) bool {
		return !t.visible.After(c.at) && (query.Get("type") == "" || query.Get("type") == t.kind)
	})
	if strings.HasPrefix(query.Get("ordering"), "-") {
		slices.Reverse(shown)
	}
	return paged(c, shown, c.entry)
}

// only is a new slice of the elements that keep allows.
func only[T any](all []T, keep func(T) bool) []T {
	var kept []T
	for _, one := range all {
		if keep(one) {
			kept = append(kept, one)
		}
	}
	return kept
}
