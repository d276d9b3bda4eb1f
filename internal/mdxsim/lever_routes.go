package mdxsim

import (
	"cmp"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// lever is a page under /_sim/.
type lever struct {
	pattern, meaning string
	pull             func(*http.Request) (any, error)
}

// levers are all pages under /_sim/; none needs a token.
func (s *Sim) levers() []lever {
	done := func(err error) (any, error) { return map[string]any{"now": s.Now()}, err }
	return []lever{
		{"GET /_sim/stats", "requests per route, most at once, faults that happened, violations", func(*http.Request) (any, error) {
			return s.Stats(), nil
		}},
		{"GET /_sim/world", "all that exists, hidden things included, as -world takes it", func(*http.Request) (any, error) {
			return s.World(), nil
		}},
		{"GET /_sim/faults", "the schedule of faults, as -faults takes it", func(*http.Request) (any, error) {
			return s.Faults(), nil
		}},
		{"PUT /_sim/faults", "another schedule, as JSON; [] for none", func(r *http.Request) (any, error) {
			var faults []Fault
			if err := json.NewDecoder(r.Body).Decode(&faults); err != nil {
				return nil, err
			}
			return done(s.SetFaults(faults))
		}},
		{"POST /_sim/freeze", "stop the portal's time", func(*http.Request) (any, error) { s.Freeze(); return done(nil) }},
		{"POST /_sim/thaw", "let it go on", func(*http.Request) (any, error) { s.Thaw(); return done(nil) }},
		{"POST /_sim/advance?by=5m", "move it forward", func(r *http.Request) (any, error) {
			d, err := time.ParseDuration(r.FormValue("by"))
			if err == nil {
				s.Advance(d)
			}
			return done(err)
		}},
		{"POST /_sim/tokens/expire", "end every token", func(*http.Request) (any, error) { s.ExpireTokens(); return done(nil) }},
		{"POST /_sim/tokens/issue?user=demo", "make a token, as the portal's page does", func(r *http.Request) (any, error) {
			return map[string]any{"token": s.IssueTokenFor(cmp.Or(r.FormValue("user"), s.cfg.Username))}, nil
		}},
		{"POST /_sim/tasks/fail?next=1", "make the next tasks fail", func(r *http.Request) (any, error) {
			n, err := strconv.Atoi(r.FormValue("next"))
			if err == nil {
				s.FailNextTasks(n)
			}
			return done(err)
		}},
		{"POST /_sim/vm/{vm}/sleep", "put a machine (id or name) to sleep, as the platform does with spot machines", func(r *http.Request) (any, error) {
			return done(s.Sleep(r.PathValue("vm")))
		}},
		{"DELETE /_sim/vm/{vm}", "delete a machine (id or name) by somebody else's hand", func(r *http.Request) (any, error) {
			return done(s.DeleteVM(r.PathValue("vm")))
		}},
		{"POST /_sim/segment/{segment}/acl", "add an ACL rule, or change the one with the same uuid, by somebody else's hand", func(r *http.Request) (any, error) {
			var rule ACLRule
			if err := json.NewDecoder(r.Body).Decode(&rule); err != nil {
				return nil, err
			}
			id, err := s.PutACL(r.PathValue("segment"), rule)
			return map[string]any{"uuid": id}, err
		}},
		{"DELETE /_sim/acl/{rule}", "delete an ACL rule by somebody else's hand", func(r *http.Request) (any, error) {
			return done(s.DeleteACL(r.PathValue("rule")))
		}},
		{"POST /_sim/segment/{segment}/dnat?pool=203.0.113.10&dst=10.0.0.9", "take a global address by somebody else's hand", func(r *http.Request) (any, error) {
			id, err := s.TakeGlobalAddress(r.PathValue("segment"), r.FormValue("pool"), r.FormValue("dst"))
			return map[string]any{"uuid": id}, err
		}},
		{"DELETE /_sim/dnat/{dnat}", "delete a DNAT by somebody else's hand", func(r *http.Request) (any, error) {
			return done(s.DeleteDNAT(r.PathValue("dnat")))
		}},
	}
}

// leverRoutes serves the levers, and an index of them.
func (s *Sim) leverRoutes() http.Handler {
	mux := http.NewServeMux()
	index := map[string]string{}
	for _, l := range s.levers() {
		index[l.pattern] = l.meaning
		pattern, _, _ := strings.Cut(l.pattern, "?")
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			result, err := l.pull(r)
			if err != nil {
				detail(http.StatusBadRequest, err.Error()).write(w)
				return
			}
			fine(result).write(w)
		})
	}
	mux.HandleFunc("GET /_sim/{$}", func(w http.ResponseWriter, _ *http.Request) { fine(index).write(w) })
	return mux
}
