package conformance

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strings"
)

// lists is PORTAL.md §3, told by the project's history, the longest list there
// is.
func lists() []Fact {
	const history = "/api/history/project/{}/"
	return []Fact{
		{"page-shape", 3, CLI, "A list is a page of count, next, previous and results, or a bare array.", ofProject(history+"?page=1&page_size=10", func(r *reply) Finding {
			if o := r.object(); o != nil {
				return hasFields(o, "count", "next", "previous", "results")
			}
			return holds(r.rows() != nil, "status %d, a bare array", r.status)
		})},
		{"page-cap", 3, CLI, "A page holds 100 at most, whatever is asked.", ofProject(history+"?page=1&page_size=1000", func(r *reply) Finding {
			count, _ := r.object()["count"].(float64)
			if count <= 100 {
				return notSeen("there are only %v entries", count)
			}
			return holds(len(r.rows()) == 100, "%d of %v", len(r.rows()), count)
		})},
		{"page-default", 3, Unknown, "How many does a page hold when nothing is asked?", ofProject(history, func(r *reply) Finding {
			return answered("%d of %v", len(r.rows()), r.object()["count"])
		})},
		{"page-last", 3, CLI, "On the last page next is null.", func(ctx context.Context, s *Session) Finding {
			r, err := s.get(ctx, strings.ReplaceAll(history, "{}", s.projectID())+"?page=1&page_size=100")
			for n := 2; err == nil && r.object()["next"] != nil && n < 100; n++ {
				r, err = s.get(ctx, fmt.Sprintf("/api/history/project/%s/?page=%d&page_size=100", s.projectID(), n))
			}
			switch {
			case err != nil:
				return notSeen("%v", err)
			case r.object() == nil:
				return notSeen("the list is bare")
			}
			next, has := r.object()["next"]
			return holds(has && next == nil, "next is %s", shapeOf(next))
		}},
		{"page-beyond", 3, Unknown, "How is a page beyond the last answered?", ofProject(history+"?page=100000&page_size=100", func(r *reply) Finding {
			return answered("status %d, %s", r.status, r.shape())
		})},
	}
}

var moment = regexp.MustCompile(`^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$`)

// projects is PORTAL.md §4.
func projects() []Fact {
	status := func(path string, section string, fields ...string) func(context.Context, *Session) Finding {
		return ofProject("/api/project/{}/"+path, func(r *reply) Finding {
			if r.status != http.StatusOK {
				return differs("%s: status %d", section, r.status)
			}
			return hasFields(r.object(), fields...)
		})
	}
	return []Fact{
		{"assigned", 4, Official, "Assigned projects come by organisation.", asking("/api/project/assigned/", func(r *reply) Finding {
			rows := r.rows()
			if len(rows) == 0 {
				return differs("status %d, %s", r.status, r.shape())
			}
			if rows[0].objects("projects") == nil {
				return recorded("flat: %s", shapeOf(map[string]any(rows[0])))
			}
			return recorded("%s", shapeOf(map[string]any(rows[0])))
		})},
		{"summary", 4, CLI, "A project has a summary.", status("summary/", "summary", "uuid", "name", "description", "type")},
		{"project-type", 4, Unknown, "What does a project's type look like?", func(_ context.Context, s *Session) Finding {
			return answered("%s: %v", shapeOf(s.project["type"]), s.project["type"])
		}},
		{"resources", 4, CLI, "A project's resources tell packs and global addresses.", status("resources/", "resources", "cpu_pack_max", "cpu_pack", "global_ip")},
		{"storage", 4, Unknown, "What do the storage's figures look like?", ofProject("/api/project/{}/storage/", shapeIs)},
		{"access-key", 4, CLI, "The object storage's key has a name.", ofProject("/api/project/{}/access_key/", func(r *reply) Finding {
			return holds(r.status == http.StatusOK, "status %d, %s", r.status, r.shape())
		})},
		{"point", 4, CLI, "Points are told by purchase.", status("point/", "point", "lastConsumed", "results")},
		{"overview-spot", 4, CLI, "Spot VMs are counted by state.", status("overview/spot_vm/", "overview", "power_on", "power_off", "deallocated", "total")},
		{"overview-guarantee", 4, CLI, "Guaranteed VMs are counted by state.", status("overview/guarantee_vm/", "overview", "power_on", "power_off", "deallocated", "total")},
		{"overview-resource", 4, CLI, "Resources are told as used and unused.", status("overview/resource/", "overview", "disk_size", "cpu_pack", "gpu_pack")},
		{"catalog", 4, Official, "A catalog tells template, system, login user and limits.", ofProject("/api/catalog/project/{}/?page_size=100", func(r *reply) Finding {
			rows := r.rows()
			if len(rows) == 0 {
				return notSeen("status %d, no catalog", r.status)
			}
			return hasFields(rows[0], "uuid", "name", "type", "template_name", "os_type", "os_name", "os_version", "hw_version",
				"description", "login_username", "gpu_required", "lower_limit_disk", "lower_limit_memory")
		})},
		{"history", 4, CLI, "A history entry tells task, object, times and outcome.", ofProject("/api/history/project/{}/?ordering=-start_datetime&page_size=100", func(r *reply) Finding {
			rows := r.rows()
			if len(rows) == 0 {
				return notSeen("status %d, no entry", r.status)
			}
			return hasFields(rows[0], "uuid", "project", "user_name", "type", "object_uuid", "object_name", "start_datetime",
				"end_datetime", "status", "progress", "error_message", "error_detail")
		})},
		{"history-order", 4, CLI, "ordering=-start_datetime puts the newest first; times are YYYY-MM-DD hh:mm:ss.", ofProject("/api/history/project/{}/?ordering=-start_datetime&page_size=100", func(r *reply) Finding {
			rows := r.rows()
			if len(rows) == 0 {
				return notSeen("no entry")
			}
			first, last := rows[0].text("start_datetime"), rows[len(rows)-1].text("start_datetime")
			return holds(first >= last && moment.MatchString(first), "like %s", moment.ReplaceAllString(first, "YYYY-MM-DD hh:mm:ss"))
		})},
		{"history-types", 4, CLI, "Operations are told in Japanese.", ofProject("/api/history/project/{}/?page_size=100", func(r *reply) Finding {
			kinds := map[string]bool{}
			var seen []string
			for _, row := range r.rows() {
				if kind := row.text("type"); !kinds[kind] {
					kinds[kind] = true
					seen = append(seen, kind)
				}
			}
			if len(seen) == 0 {
				return notSeen("no entry")
			}
			return holds(strings.IndexFunc(strings.Join(seen, ""), func(r rune) bool { return r > 0x3000 }) >= 0, "%s", strings.Join(seen, ", "))
		})},
	}
}

// shapeIs answers with the body's shape.
func shapeIs(r *reply) Finding { return answered("status %d, %s", r.status, r.shape()) }
