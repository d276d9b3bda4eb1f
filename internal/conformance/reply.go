package conformance

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// reply is an answer, read.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// object is a JSON object.
type object map[string]any

// object is the body as an object; nil if it is none.
func (r *reply) object() object {
	var o object
	if json.Unmarshal(r.body, &o) != nil {
		return nil
	}
	return o
}

// rows is the body as a list, in pages or bare; nil if it is none.
func (r *reply) rows() []object {
	var bare []object
	if json.Unmarshal(r.body, &bare) == nil {
		return bare
	}
	return r.object().objects("results")
}

// text is a field as text; empty if it is not.
func (o object) text(field string) string {
	text, _ := o[field].(string)
	return text
}

// objects is a field as a list of objects; nil if it is none.
func (o object) objects(field string) []object {
	list, is := o[field].([]any)
	if !is {
		return nil
	}
	all := []object{}
	for _, one := range list {
		if inner, is := one.(map[string]any); is {
			all = append(all, inner)
		}
	}
	return all
}

// lacks is those of the fields that the object does not have.
func (o object) lacks(fields ...string) []string {
	return slices.DeleteFunc(slices.Clone(fields), func(field string) bool {
		_, has := o[field]
		return has
	})
}

// more is the object's fields beyond those given.
func (o object) more(than ...string) []string {
	var more []string
	for field := range o {
		if !slices.Contains(than, field) {
			more = append(more, field)
		}
	}
	slices.Sort(more)
	return more
}

// taskIDs is what an answer calls task_id, and how: "text" or "list".
func (r *reply) taskIDs() (ids []string, form string) {
	switch id := r.object()["task_id"].(type) {
	case string:
		return []string{id}, "text"
	case []any:
		for _, one := range id {
			if text, is := one.(string); is {
				ids = append(ids, text)
			}
		}
		return ids, "list"
	}
	return nil, "none"
}

// shape says what a body looks like without telling what is in it.
func (r *reply) shape() string {
	var v any
	kind, _, _ := strings.Cut(r.header.Get("Content-Type"), ";")
	switch {
	case len(r.body) == 0:
		return "empty"
	case json.Unmarshal(r.body, &v) != nil:
		return fmt.Sprintf("%s, %d bytes", kind, len(r.body))
	}
	return shapeOf(v)
}

func shapeOf(v any) string {
	switch v := v.(type) {
	case map[string]any:
		var fields []string
		for field, inner := range v {
			fields = append(fields, field+": "+shapeOf(inner))
		}
		slices.Sort(fields)
		return "{" + strings.Join(fields, ", ") + "}"
	case []any:
		if len(v) == 0 {
			return "[]"
		}
		return "[" + shapeOf(v[0]) + "]"
	case string:
		return "text"
	case float64:
		return "number"
	case bool:
		return "bool"
	}
	return "null"
}

// hasFields is the finding that each of the fields is there, at the most.
func hasFields(o object, fields ...string) Finding {
	if lacks := o.lacks(fields...); len(lacks) > 0 {
		return differs("lacks %s; has %s", strings.Join(lacks, ", "), shapeOf(map[string]any(o)))
	}
	if more := o.more(fields...); len(more) > 0 {
		return recorded("besides: %s", strings.Join(more, ", "))
	}
	return recorded("just these")
}
