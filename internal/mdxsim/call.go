package mdxsim

import (
	"encoding/json"
	"net/http"
	"slices"
)

// call is one request, read and authenticated, in the portal's present.
type call struct {
	*Sim
	r    *http.Request
	body []byte
}

// answer is what a request is answered with. A nil body is an empty one.
type answer struct {
	status int
	body   any
}

// handler answers a call; the world stands still meanwhile.
type handler func(*call) answer

func ok(body any) answer       { return answer{http.StatusOK, body} }
func accepted(body any) answer { return answer{http.StatusAccepted, body} }

// The portal is taken to be a Django REST framework that speaks Japanese
// (PORTAL.md §1).
func notFound() answer {
	return detail(http.StatusNotFound, "見つかりませんでした。")
}

func forbidden() answer {
	return detail(http.StatusForbidden, "このアクションを実行する権限がありません。")
}

func detail(status int, text string) answer {
	return answer{status, map[string]any{"detail": text}}
}

// invalid says what is wrong with a field of the body.
func invalid(field, text string) answer {
	return answer{http.StatusBadRequest, map[string]any{field: []string{text}}}
}

const (
	required   = "この項目は必須です。"
	wrongValue = "不正な値です。"
)

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
