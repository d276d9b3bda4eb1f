package mdx

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
)

// Under load the portal answers 404 to questions about things that exist (PORTAL.md §8). So a 404 is asked
// again, a few times and more slowly each time, and that a thing is gone is believed at once only where a
// list agrees, twice in a row.

// ask is [Client.do] for a question whose 404 is not to be believed at once. If r.roster is set, a 404 in
// the end is proven by that list.
func (c *Client) ask(ctx context.Context, r call, out any) error {
	return c.insist(ctx, r, func() error { return c.do(ctx, r, out) })
}

// insist sends a question until it is answered, or its thing is proven gone.
func (c *Client) insist(ctx context.Context, r call, send func() error) error {
	r.method = http.MethodGet
	most := c.cfg.MaxRetries
	if r.roster != nil {
		most += 2
	}
	interval, absent, contradicted := c.cfg.PollInterval/5, 0, false
	for tries := 0; ; tries++ {
		err := send()
		if !IsNotFound(err) {
			return err
		}
		if r.roster != nil {
			listed, lookErr := r.roster.has(ctx)
			switch {
			case lookErr != nil:
				return r.failed(lookErr) // also where it is a 404, which is no word about the thing
			case listed:
				absent, contradicted = 0, true
			default:
				absent++
			}
			if absent == 2 {
				return r.notListed(r.roster.of)
			}
		}
		if tries >= most && contradicted {
			return r.failed(errContradiction)
		}
		if tries >= most && absent == 0 {
			return err
		}
		if err := pause(ctx, interval); err != nil {
			return r.failed(err)
		}
		interval *= 2
	}
}

// errContradiction is the cause when a thing is listed and its own page denied, again and again.
var errContradiction = errors.New("the project's list has it, but it is answered with 404: the portal seems overloaded")

// notListed is the not-found that a project's list proves.
func (r call) notListed(of string) *Error {
	e := r.failed(nil)
	e.Status, e.Message = http.StatusNotFound, "the project's list of "+of+" does not have it"
	return e
}

// homes remembers which project's lists have shown a machine or a segment, so that the list can be asked
// when something about it is answered with 404. The zero value is ready.
type homes struct {
	mu sync.Mutex
	of map[string]ProjectID
}

func (h *homes) learn(project ProjectID, ids []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.of == nil {
		h.of = map[string]ProjectID{}
	}
	for _, id := range ids {
		h.of[id] = project
	}
}

func (h *homes) find(id string) (ProjectID, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	project, ok := h.of[id]
	return project, ok
}

// roster is a project's list that tells whether it has a thing.
type roster struct {
	of  string // things
	has func(context.Context) (bool, error)
}

// vmRoster is the list that shows a machine; nil if none has yet.
func (c *Client) vmRoster(id VMID) *roster {
	if project, ok := c.homes.find(string(id)); ok {
		return c.vmRosterOf(project, id)
	}
	return nil
}

func (c *Client) vmRosterOf(project ProjectID, id VMID) *roster {
	return &roster{"VMs", func(ctx context.Context) (bool, error) {
		vms, err := c.lookAtVMs(ctx, project)
		return slices.ContainsFunc(vms, func(vm VMSummary) bool { return vm.ID == id }), err
	}}
}

// segmentRoster is the list that shows a segment; nil if none has yet.
func (c *Client) segmentRoster(id SegmentID) *roster {
	project, ok := c.homes.find(string(id))
	if !ok {
		return nil
	}
	return &roster{"segments", func(ctx context.Context) (bool, error) {
		segments, err := c.segments(ctx, project, Expecting[SegmentID]())
		return slices.ContainsFunc(segments, func(s Segment) bool { return s.ID == id }), err
	}}
}
