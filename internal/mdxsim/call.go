package mdxsim

import (
	"encoding/json"
	"net/http"
	"slices"
)

// call is one request, read and authenticated, in the portal's present.
type call struct {
	*Sim
	r     *http.Request
	body  []byte
	fault FaultKind // what goes wrong with it; empty: nothing
	half  bool      // only a part of it is carried out
}

// handler answers a call; the world stands still meanwhile.
type handler func(*call) answer

// read decodes the body into v.
func (c *call) read(v any) (answer, bool) {
	if len(c.body) == 0 {
		return answer{}, true
	}
	if err := json.Unmarshal(c.body, v); err != nil {
		return detail(http.StatusBadRequest, "JSONパースエラー: "+err.Error()), false
	}
	return answer{}, true
}

// project is the project that the path names.
func (c *call) project() (*project, answer, bool) {
	p := c.projectByID(c.r.PathValue("project"))
	if p == nil {
		if c.cfg.Quirks.ForeignID == "404" {
			return nil, notFound(), false
		}
		return nil, forbidden(), false
	}
	return p, answer{}, true
}

func (s *Sim) projectByID(id string) *project {
	i := slices.IndexFunc(s.projects, func(p *project) bool { return p.UUID == id })
	if i < 0 {
		return nil
	}
	return s.projects[i]
}

// vm is the machine that the path names, unless it does not show yet.
func (c *call) vm() (*vm, answer, bool) {
	v := c.vms[c.r.PathValue("vm")]
	if v == nil || v.visible.After(c.at) {
		return nil, notFound(), false
	}
	return v, answer{}, true
}

// inProject makes a handler of one that needs the path's project.
func inProject(h func(*call, *project) answer) handler {
	return func(c *call) answer {
		p, no, ok := c.project()
		if !ok {
			return no
		}
		return h(c, p)
	}
}

// onVM makes a handler of one that needs the path's machine.
func onVM(h func(*call, *vm) answer) handler {
	return func(c *call) answer {
		v, no, ok := c.vm()
		if !ok {
			return no
		}
		return h(c, v)
	}
}
