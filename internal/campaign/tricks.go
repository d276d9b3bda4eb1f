package campaign

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// hook does something once, when something else happens for the nth time.
type hook struct {
	mu   sync.Mutex
	left int
	do   func()
}

// at sets what is done, and when: counted from 0.
func (h *hook) at(nth int, do func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.left, h.do = nth, do
}

// pass is the event that counts.
func (h *hook) pass() {
	h.mu.Lock()
	do := h.do
	if h.left--; h.left >= 0 {
		do = nil
	} else {
		h.do = nil
	}
	h.mu.Unlock()
	if do != nil {
		do()
	}
}

// denial is an overloaded portal that says 404 to the removal of a rule that is there, and that leaves the rule out of its
// list in the next moment, once.
type denial struct {
	mu   sync.Mutex
	left int // removals that pass until then; negative: none is met
	hide string
	over bool
}

// at has the nth removal from now on denied, counted from 1; 0 for none.
func (d *denial) at(nth int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.left, d.over = nth, nth == 0
}

// meets answers a request in the portal's stead, if it is one of the two.
func (d *denial) meets(w http.ResponseWriter, r *http.Request, portal http.Handler) bool {
	d.mu.Lock()
	hide := d.hide
	switch {
	case r.Method == http.MethodDelete && !d.over && d.left > 0:
		d.left--
		if d.left > 0 {
			break
		}
		d.over, d.hide = true, path.Base(r.URL.Path)
		d.mu.Unlock()
		w.WriteHeader(http.StatusNotFound)
		return true
	}
	d.mu.Unlock()
	if hide == "" || r.Method != http.MethodGet || !strings.HasPrefix(r.URL.Path, "/api/acl") && !strings.HasPrefix(r.URL.Path, "/api/dnat") {
		return false
	}
	answer := httptest.NewRecorder()
	portal.ServeHTTP(answer, r)
	text, left := without(answer.Body.Bytes(), hide)
	if left {
		d.mu.Lock()
		d.hide = ""
		d.mu.Unlock()
	}
	maps.Copy(w.Header(), answer.Header())
	w.Header().Del("Content-Length")
	w.WriteHeader(answer.Code)
	_, _ = w.Write(text) // the client's loss
	return true
}

// without leaves the element with an id out of a list's answer, if it is there.
func without(text []byte, id string) ([]byte, bool) {
	strip := func(all []any) ([]any, bool) {
		i := slices.IndexFunc(all, func(e any) bool { one, is := e.(map[string]any); return is && one["uuid"] == id })
		if i < 0 {
			return all, false
		}
		return slices.Delete(all, i, i+1), true
	}
	var body any
	if json.Unmarshal(text, &body) != nil {
		return text, false
	}
	left := false
	switch whole := body.(type) {
	case []any:
		body, left = strip(whole)
	case map[string]any:
		if results, is := whole["results"].([]any); is {
			whole["results"], left = strip(results)
		}
	}
	shorter, err := json.Marshal(body)
	if err != nil || !left {
		return text, false
	}
	return shorter, true
}

// takeIn imports what there are import blocks for, and the state does not have.
func (c *Core) takeIn(ctx context.Context) error {
	return all(slices.Sorted(maps.Keys(c.imports)), func(address string) error {
		if _, wanted := c.config[address]; !wanted || !c.was(address).value.IsNull() {
			return nil
		}
		response, err := c.server.ImportResourceState(ctx, &tfprotov6.ImportResourceStateRequest{TypeName: typeOf(address), ID: c.imports[address]})
		if err != nil {
			return err
		}
		if err := c.hear("import "+address, response.Diagnostics); err != nil {
			return err
		}
		if n := len(response.ImportedResources); n != 1 {
			return fmt.Errorf("%w: %d resources are imported as %s", errSaid, n, address)
		}
		is := response.ImportedResources[0]
		value, err := is.State.Unmarshal(c.typ(address))
		if err != nil {
			return err
		}
		_, after := c.resolve(c.config[address].attributes)
		read, err := c.read(ctx, address, instance{value: value, private: is.Private, id: is.Identity, after: after})
		if err == nil && read.value.IsNull() {
			err = fmt.Errorf("%w: what is imported as %s is not there", errSaid, address)
		}
		if err == nil {
			c.write(address, read)
		}
		return err
	})
}

// parting takes those out of what is doomed that Terraform removes while their successors are made: rules whose key has
// changed, and whose VM stays as it is.
func (c *Core) parting(doomed, still map[string]bool) (addresses []string) {
	for address := range maps.Clone(doomed) {
		if _, wanted := c.config[address]; wanted {
			continue
		}
		kind := typeOf(address)
		if kind != "mdx_acl_rule" && kind != "mdx_dnat" {
			continue
		}
		on := c.was(address).after
		if slices.ContainsFunc(on, func(a string) bool { return !still[a] }) {
			continue
		}
		for other, r := range c.config {
			if _, after := c.resolve(r.attributes); typeOf(other) == kind && slices.Equal(after, on) && c.was(other).value.IsNull() {
				addresses = append(addresses, address)
				delete(doomed, address)
				break
			}
		}
	}
	return addresses
}
