package conformance

import (
	"context"
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

// statuses are the states that a VM was seen in (PORTAL.md §5).
var statuses = []string{"PowerON", "PowerOFF", "Suspended", "Deallocated", "Deploying", "Detached", "NotFound"}

var gigabytes = regexp.MustCompile(`^[0-9.]+ GB$`)

// machines is PORTAL.md §5, as far as looking tells.
func machines() []Fact {
	const list = "/api/vm/project/{}/?page_size=100"
	return []Fact{
		{"vm-list", 5, Official, "The VM list tells id, name and state.", ofProject(list, func(r *reply) Finding {
			rows := r.rows()
			if len(rows) == 0 {
				return notSeen("status %d, no VM", r.status)
			}
			return hasFields(rows[0], "uuid", "name", "status", "vcenter", "running_tasks", "service_level", "force_stop", "allocation")
		})},
		{"vm-list-addresses", 5, CLI, "The VM list tells no addresses.", ofProject(list, func(r *reply) Finding {
			if len(r.rows()) == 0 {
				return notSeen("no VM")
			}
			return holds(!strings.Contains(string(r.body), "ipv4"), "no ipv4 in %d rows", len(r.rows()))
		})},
		{"vm-status", 5, Official, "A VM's state is one of seven.", ofProject(list, func(r *reply) Finding {
			for _, row := range r.rows() {
				if !slices.Contains(statuses, row.text("status")) {
					return differs("%q", row.text("status"))
				}
			}
			if len(r.rows()) == 0 {
				return notSeen("no VM")
			}
			return recorded("%d VMs", len(r.rows()))
		})},
		{"service-level", 5, CLI, "Service levels are told in Japanese.", ofProject(list, func(r *reply) Finding {
			for _, row := range r.rows() {
				level := row.text("service_level")
				return holds(level == "スポット仮想マシン" || level == "起動保証仮想マシン", "%s", level)
			}
			return notSeen("no VM")
		})},
		{"running-tasks", 5, Unknown, "What do running_tasks look like?", ofProject(list, func(r *reply) Finding {
			for _, row := range r.rows() {
				if busy, _ := row["running_tasks"].([]any); len(busy) > 0 {
					return answered("%s", shapeOf(busy))
				}
			}
			if rows := r.rows(); len(rows) > 0 {
				return answered("when there are none: %s", shapeOf(rows[0]["running_tasks"]))
			}
			return notSeen("no VM")
		})},
		{"detail-without-id", 5, CLI, "A VM's detail lacks its own id.", detail(func(o, _ object) Finding {
			return holds(!strings.Contains(strings.ToLower(shapeOf(map[string]any{"top": o.more()})), "uuid") && o["uuid"] == nil && o["id"] == nil,
				"fields %s", strings.Join(o.more(), ", "))
		})},
		{"detail", 5, Official, "A VM's detail tells hardware and networks.", detail(func(o, _ object) Finding {
			return hasFields(o, "name", "status", "os_type", "host_name", "service_level", "vmware_tools", "cpu", "memory", "gpu", "nvlink",
				"service_networks", "storage_networks", "hard_disks", "dvd_media", "vcenter", "esxi", "pack_type", "pack_num")
		})},
		{"detail-texts", 5, CLI, "Memory and capacities are text with GB.", detail(func(o, _ object) Finding {
			disks := o.objects("hard_disks")
			if len(disks) == 0 {
				return notSeen("the VM has no disk")
			}
			return holds(gigabytes.MatchString(o.text("memory")) && gigabytes.MatchString(disks[0].text("capacity")),
				"memory %q, capacity %q", o.text("memory"), disks[0].text("capacity"))
		})},
		{"detail-tools", 5, Official, "vmware_tools is an object or a list of status and version.", detail(func(o, _ object) Finding {
			shape := shapeOf(o["vmware_tools"])
			return holds(strings.Contains(shape, "status: text"), "%s", shape)
		})},
		{"detail-segment-name", 5, CLI, "A service network tells its segment's name, not its id.", func(ctx context.Context, s *Session) Finding {
			segment, _ := s.anySegment(ctx)
			return detail(func(o, _ object) Finding {
				networks := o.objects("service_networks")
				if len(networks) == 0 {
					return notSeen("the VM has no service network")
				}
				name := networks[0].text("segment")
				return holds(!maskedUUID.MatchString(name) && name != "", "not an id; %s", map[bool]string{true: "the first segment's name", false: "some name"}[name == segment.text("name")])
			})(ctx, s)
		}},
		{"detail-storage-kind", 5, Official, "A storage network's kind is called type or storage_network_type.", detail(func(o, _ object) Finding {
			networks := o.objects("storage_networks")
			if len(networks) == 0 {
				return notSeen("the VM has no storage network")
			}
			return holds(len(networks[0].lacks("type", "storage_network_type")) < 2, "%s", shapeOf(map[string]any(networks[0])))
		})},
		{"detail-global-ip", 5, Unknown, "What is global_ip when there is none?", globalIP},
		{"csv", 5, CLI, "The csv is JSON with name and networks.", func(ctx context.Context, s *Session) Finding {
			vm, ok := s.anyVM(ctx)
			if !ok {
				return notSeen("no VM")
			}
			return asking("/api/vm/"+vm.text("uuid")+"/csv/", func(r *reply) Finding {
				if r.object() == nil {
					return differs("status %d, %s", r.status, r.shape())
				}
				return hasFields(r.object(), "name", "service_networks", "storage_networks")
			})(ctx, s)
		}},
		{"no-such-vm", 5, Official, "A VM that does not exist is 404.", asking("/api/vm/"+nobody+"/", func(r *reply) Finding {
			return holds(r.status == http.StatusNotFound, "status %d", r.status)
		})},
	}
}

// globalIP looks at a few VMs for one without a global address.
func globalIP(ctx context.Context, s *Session) Finding {
	list, err := s.get(ctx, "/api/vm/project/"+s.projectID()+"/?page_size=8")
	if err != nil {
		return notSeen("%v", err)
	}
	for _, row := range list.rows() {
		r, err := s.get(ctx, "/api/vm/"+row.text("uuid")+"/")
		if err != nil {
			return notSeen("%v", err)
		}
		for _, n := range r.object().objects("service_networks") {
			text, is := n["global_ip"].(string)
			if _, err := netip.ParseAddr(text); !is || err != nil {
				return answered("%s %q", shapeOf(n["global_ip"]), text)
			}
		}
	}
	return notSeen("no adapter lacks a global address")
}

// tasks is PORTAL.md §6.
func tasks() []Fact {
	return []Fact{
		{"task", 6, CLI, "A task can be asked for by its history entry's id.", func(ctx context.Context, s *Session) Finding {
			r, err := s.get(ctx, "/api/history/project/"+s.projectID()+"/?ordering=-start_datetime&type=デプロイ&page_size=10")
			if err != nil || len(r.rows()) == 0 {
				return notSeen("no deploy in the history")
			}
			return asking("/api/task/"+r.rows()[0].text("uuid")+"/", func(r *reply) Finding {
				if r.status != http.StatusOK {
					return differs("status %d", r.status)
				}
				return hasFields(r.object(), "uuid", "type", "object_uuid", "object_name", "start_datetime", "end_datetime", "status", "progress")
			})(ctx, s)
		}},
		{"task-errors", 6, Unknown, "Where does a failed task say why?", ofProject("/api/history/project/{}/?ordering=-start_datetime&page_size=100", func(r *reply) Finding {
			for _, row := range r.rows() {
				if row.text("status") == "Failed" {
					return answered("error_message: %s, error_detail: %s", filled(row["error_message"]), filled(row["error_detail"]))
				}
			}
			return notSeen("nothing failed lately")
		})},
		{"no-such-task", 6, CLI, "A task that does not exist is 404.", asking("/api/task/"+nobody+"/", func(r *reply) Finding {
			return holds(r.status == http.StatusNotFound, "status %d", r.status)
		})},
	}
}

// filled tells whether something is said, without saying what.
func filled(v any) string {
	if v == nil || v == "" {
		return "nothing"
	}
	return shapeOf(v)
}

// detail puts a question about a VM's detail.
func detail(judge func(detail, row object) Finding) func(context.Context, *Session) Finding {
	return func(ctx context.Context, s *Session) Finding {
		vm, ok := s.anyVM(ctx)
		if !ok {
			return notSeen("the project has no VM")
		}
		return asking("/api/vm/"+vm.text("uuid")+"/", func(r *reply) Finding {
			if r.object() == nil {
				return differs("status %d, %s", r.status, r.shape())
			}
			return judge(r.object(), vm)
		})(ctx, s)
	}
}

// anyVM is a VM of the project, one that runs if there is one.
func (s *Session) anyVM(ctx context.Context) (object, bool) {
	r, err := s.get(ctx, "/api/vm/project/"+s.projectID()+"/?page_size=100")
	if err != nil {
		return nil, false
	}
	var found object
	for _, row := range r.rows() {
		s.learn(row.text("name"))
		if found == nil || (found.text("status") != "PowerON" && row.text("status") == "PowerON") {
			found = row
		}
	}
	return found, found != nil
}

// anySegment is a segment of the project, the default one if there is one.
func (s *Session) anySegment(ctx context.Context) (object, bool) {
	r, err := s.get(ctx, "/api/segment/project/"+s.projectID()+"/all/")
	if err != nil {
		return nil, false
	}
	var found object
	for _, row := range r.rows() {
		s.learn(row.text("name"))
		if found == nil || row["default"] == true {
			found = row
		}
	}
	return found, found != nil
}
