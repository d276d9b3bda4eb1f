package mdxsim

import (
	"net/http"
	"slices"
)

// aclBody is the body of POST and PUT (PORTAL.md §7). Masks and ports may be
// text or numbers.
type aclBody struct {
	Segment    string `json:"segment"`
	Protocol   string `json:"protocol"`
	SrcAddress string `json:"src_address"`
	SrcMask    any    `json:"src_mask"`
	SrcPort    any    `json:"src_port"`
	DstAddress string `json:"dst_address"`
	DstMask    any    `json:"dst_mask"`
	DstPort    any    `json:"dst_port"`
}

// aclFamily is one of /api/acl/ and /api/acl_v6/.
type aclFamily struct{ v6 bool }

// list answers GET /api/acl/segment/{segment}/.
func (f aclFamily) list(c *call) answer {
	seg := c.segments[c.r.PathValue("segment")]
	if seg == nil {
		return notFound()
	}
	shown := only(seg.rules, func(r *aclRule) bool { return r.v6 == f.v6 && !r.visible.After(c.at) })
	return paged(c, shown, c.aclEntry)
}

func (f aclFamily) create(c *call) answer {
	var body aclBody
	if no, ok := c.read(&body); !ok {
		return no
	}
	seg := c.segments[body.Segment]
	if seg == nil {
		return invalid("segment", wrongValue)
	}
	rule, no, ok := f.parse(body)
	if !ok {
		return no
	}
	if c.cfg.Quirks.ACLTwins == "refused" && slices.ContainsFunc(seg.rules, func(r *aclRule) bool { return r.v6 == f.v6 && r.equals(rule) }) {
		return invalid("non_field_errors", "同じACLがすでに存在します。")
	}
	rule.UUID = c.newID()
	r := &aclRule{ACLRule: rule, v6: f.v6, segment: seg, visible: c.at.Add(max(0, c.cfg.Durations.RuleVisible))}
	seg.rules = append(seg.rules, r)
	c.note(seg.project, "ACLの追加", rule.UUID)
	c.ruleMade(seg, rule.UUID, r.target())
	if c.cfg.Quirks.ACLBody == "none" {
		return answer{http.StatusCreated, nil}
	}
	return answer{http.StatusCreated, c.aclEntry(r)}
}

func (f aclFamily) update(c *call) answer {
	r := c.aclByID(f.v6, c.r.PathValue("rule"))
	if r == nil {
		return notFound()
	}
	var body aclBody
	if no, ok := c.read(&body); !ok {
		return no
	}
	rule, no, ok := f.parse(body)
	if !ok {
		return no
	}
	c.touch(r.Foreign, "PUT ACL "+r.UUID)
	rule.UUID, rule.Foreign = r.UUID, r.Foreign
	c.after(max(0, c.cfg.Durations.RuleVisible), func() { r.ACLRule = rule })
	c.note(r.segment.project, "ACLの変更", r.UUID)
	c.ruleMade(r.segment, r.UUID, (&aclRule{ACLRule: rule, v6: f.v6}).target())
	shown := *r
	shown.ACLRule = rule
	return fine(c.aclEntry(&shown))
}

func (f aclFamily) remove(c *call) answer {
	r := c.aclByID(f.v6, c.r.PathValue("rule"))
	if r == nil {
		return notFound()
	}
	c.touch(r.Foreign, "DELETE ACL "+r.UUID)
	r.leaving = true
	c.after(max(0, c.cfg.Durations.RuleVisible), func() { r.segment.drop(r) })
	c.note(r.segment.project, "ACLの削除", r.UUID)
	return answer{http.StatusNoContent, nil}
}

func (seg *segment) drop(r *aclRule) {
	seg.rules = only(seg.rules, func(other *aclRule) bool { return other != r })
}

// aclByID finds a rule that is not about to go.
func (s *Sim) aclByID(v6 bool, id string) *aclRule {
	for _, p := range s.projects {
		for _, seg := range p.segments {
			for _, r := range seg.rules {
				if r.UUID == id && r.v6 == v6 && !r.leaving {
					return r
				}
			}
		}
	}
	return nil
}

func (f aclFamily) parse(body aclBody) (ACLRule, answer, bool) {
	rule := ACLRule{Protocol: body.Protocol, SrcAddress: body.SrcAddress, DstAddress: body.DstAddress}
	var right bool
	if !slices.Contains([]string{"TCP", "UDP", "ICMP"}, rule.Protocol) {
		return rule, invalid("protocol", wrongValue), false
	}
	for _, field := range []struct {
		name   string
		parsed *string
		given  any
		parse  func(any) (string, bool)
	}{
		{"src_address", &rule.SrcAddress, body.SrcAddress, f.address},
		{"src_mask", &rule.SrcMask, body.SrcMask, f.mask},
		{"src_port", &rule.SrcPort, body.SrcPort, parsePort},
		{"dst_address", &rule.DstAddress, body.DstAddress, f.address},
		{"dst_mask", &rule.DstMask, body.DstMask, f.mask},
		{"dst_port", &rule.DstPort, body.DstPort, parsePort},
	} {
		if *field.parsed, right = field.parse(field.given); !right {
			return rule, invalid(field.name, wrongValue), false
		}
	}
	return rule, answer{}, true
}
