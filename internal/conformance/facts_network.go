package conformance

import (
	"context"
	"encoding/json"
	"net/http"
	"net/netip"
	"strings"
)

// networks is PORTAL.md §7, as far as looking tells.
func networks() []Fact {
	return []Fact{
		{"segments", 7, Official, "Segments are told with id, name and which is the default.", ofProject("/api/segment/project/{}/all/", func(r *reply) Finding {
			if len(r.rows()) == 0 {
				return notSeen("status %d, no segment", r.status)
			}
			return hasFields(r.rows()[0], "uuid", "name", "default")
		})},
		{"segment-summary", 7, Official, "A segment's summary tells VLAN, VNI and range.", ofSegment("/api/segment/{}/summary/", func(r *reply) Finding {
			if r.object() == nil {
				return differs("status %d, %s", r.status, r.shape())
			}
			return hasFields(r.object(), "vlan_id", "vni", "ip_range")
		})},
		{"segment-range", 7, Official, "A segment's range is a CIDR, host bits perhaps set.", ofSegment("/api/segment/{}/summary/", func(r *reply) Finding {
			prefix, err := netip.ParsePrefix(r.object().text("ip_range"))
			if err != nil {
				return differs("it is none")
			}
			return recorded("/%d, host bits set: %v", prefix.Bits(), prefix != prefix.Masked())
		})},
		{"segment-api", 7, Unknown, "Can segments be made through the API?", func(ctx context.Context, s *Session) Finding {
			r, err := s.send(ctx, http.MethodOptions, "/api/segment/", nil)
			if err != nil {
				return notSeen("%v", err)
			}
			return answered("OPTIONS /api/segment/: status %d, Allow %q", r.status, r.header.Get("Allow"))
		}},
		{"acl", 7, Official, "An ACL rule tells protocol, and address, mask and port of both ends.", ofSegment("/api/acl/segment/{}/?page_size=100", aclFields)},
		{"acl-v6", 7, Official, "IPv6 rules have a list of their own.", ofSegment("/api/acl_v6/segment/{}/?page_size=100", aclFields)},
		{"acl-forms", 7, Official, "Masks are text, numbers or dotted; ports text, numbers or any.", ofSegment("/api/acl/segment/{}/?page_size=100", func(r *reply) Finding {
			masks, ports := map[string]bool{}, map[string]bool{}
			for _, rule := range r.rows() {
				for _, end := range []string{"src", "dst"} {
					masks[formOf(rule[end+"_mask"])] = true
					ports[formOf(rule[end+"_port"])] = true
				}
			}
			if len(r.rows()) == 0 {
				return notSeen("no rule")
			}
			return holds(!masks["other"] && !ports["other"], "masks: %s; ports: %s", keys(masks), keys(ports))
		})},
		{"dnat", 7, Official, "A DNAT tells global address, segment by name, and destination.", ofProject("/api/dnat/project/{}/", func(r *reply) Finding {
			if len(r.rows()) == 0 {
				return notSeen("status %d, no DNAT", r.status)
			}
			if maskedUUID.MatchString(r.rows()[0].text("segment")) {
				return differs("the segment is told by id")
			}
			return hasFields(r.rows()[0], "uuid", "pool_address", "segment", "dst_address")
		})},
		{"assignable", 7, Official, "Free global addresses come as a list of texts.", ofProject("/api/global_ip/project/{}/assignable/", func(r *reply) Finding {
			var addresses []string
			if err := json.Unmarshal(r.body, &addresses); err != nil {
				return differs("status %d, %s", r.status, r.shape())
			}
			for _, text := range addresses {
				if _, err := netip.ParseAddr(text); err != nil {
					return differs("one is no address")
				}
			}
			return recorded("%d", len(addresses))
		})},
		{"assignable-free", 7, CLI, "An address in use is not among the free ones.", func(ctx context.Context, s *Session) Finding {
			used, err := s.get(ctx, "/api/dnat/project/"+s.projectID()+"/")
			if err != nil || len(used.rows()) == 0 {
				return notSeen("no DNAT")
			}
			return ofProject("/api/global_ip/project/{}/assignable/", func(r *reply) Finding {
				for _, dnat := range used.rows() {
					if strings.Contains(string(r.body), `"`+dnat.text("pool_address")+`"`) {
						return differs("one in use is told as free")
					}
				}
				return recorded("none of %d", len(used.rows()))
			})(ctx, s)
		}},
	}
}

func aclFields(r *reply) Finding {
	switch {
	case r.status != http.StatusOK:
		return differs("status %d", r.status)
	case len(r.rows()) == 0:
		return notSeen("no rule")
	}
	return hasFields(r.rows()[0], "uuid", "protocol", "src_address", "src_mask", "src_port", "dst_address", "dst_mask", "dst_port")
}

// formOf says how a mask or a port is written.
func formOf(v any) string {
	switch v := v.(type) {
	case float64:
		return "number"
	case string:
		switch {
		case strings.EqualFold(v, "any"):
			return v
		case strings.Count(v, ".") == 3:
			return "dotted"
		case strings.Trim(v, "0123456789") == "" && v != "":
			return "digits as text"
		case strings.Trim(v, "0123456789-,") == "" && v != "":
			return "range as text"
		}
	}
	return "other"
}

// ofSegment is asking for a path with a segment's id in place of {}.
func ofSegment(path string, judge func(*reply) Finding) func(context.Context, *Session) Finding {
	return func(ctx context.Context, s *Session) Finding {
		segment, ok := s.anySegment(ctx)
		if !ok {
			return notSeen("the project has no segment")
		}
		return asking(strings.ReplaceAll(path, "{}", segment.text("uuid")), judge)(ctx, s)
	}
}
