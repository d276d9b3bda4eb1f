package mdxsim

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// maxBody bounds a request's body.
const maxBody = 1 << 20

// route is an endpoint. Its pattern is as [http.ServeMux] takes it and always
// ends in a slash; bare allows it to be asked for without.
type route struct {
	method, path string
	handler      handler
	bare         bool // answers without the trailing slash too
	open         bool // needs no token
	makes        bool // a deploy or a clone: only one at a time
	takes        time.Duration
}

// Handler serves the portal, and the simulator's own pages under /_sim/.
func (s *Sim) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/_sim/", s.leverRoutes())
	mux.Handle("/", http.HandlerFunc(s.portal))
	return mux
}

func (s *Sim) newRoutes() *http.ServeMux {
	mux := http.NewServeMux()
	for _, e := range s.endpoints() {
		pattern := e.method + " " + e.path
		mux.Handle(pattern+"{$}", s.endpoint(pattern, e))
		if e.bare {
			mux.Handle(strings.TrimSuffix(pattern, "/"), s.endpoint(pattern, e))
		}
	}
	return mux
}

// portal finds the endpoint. A path that lacks its slash is answered with a
// redirect (PORTAL.md §1), one that does not exist with Django's page.
func (s *Sim) portal(w http.ResponseWriter, r *http.Request) {
	if _, pattern := s.routes.Handler(r); pattern != "" {
		s.routes.ServeHTTP(w, r)
		return
	}
	if slashed := r.Clone(r.Context()); !strings.HasSuffix(r.URL.Path, "/") {
		slashed.URL.Path += "/"
		if _, pattern := s.routes.Handler(slashed); pattern != "" {
			s.record(r, "(redirect) "+r.Method, http.StatusMovedPermanently, time.Now())
			w.Header().Set("Location", slashed.URL.RequestURI())
			w.WriteHeader(http.StatusMovedPermanently)
			return
		}
	}
	answer := answer{http.StatusNotFound, page("<h1>Not Found</h1><p>The requested resource was not found on this server.</p>")}
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete} {
		other := r.Clone(r.Context())
		other.Method = method
		if _, pattern := s.routes.Handler(other); pattern != "" {
			answer = detail(http.StatusMethodNotAllowed, "メソッド \""+r.Method+"\" は許されていません。")
		}
	}
	s.record(r, "(unknown) "+r.Method, answer.status, time.Now())
	answer.write(w)
}

// page is an HTML body.
type page string

func (a answer) write(w http.ResponseWriter) {
	switch body := a.body.(type) {
	case nil:
		w.WriteHeader(a.status)
	case page:
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(a.status)
		_, _ = io.WriteString(w, "<!doctype html><html lang=\"ja\"><body>"+string(body)+"</body></html>") // the client's loss
	default:
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(a.status)
		encoder := json.NewEncoder(w)
		encoder.SetEscapeHTML(false)
		_ = encoder.Encode(body) // the client's loss
	}
}

// endpoint is the way of every request: counted, slowed down, authenticated,
// answered.
func (s *Sim) endpoint(name string, e route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun := time.Now()
		atOnce, leave := s.load.enter(r.Method, s.stats)
		defer leave()
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			return // the client went away, or sent what nobody reads
		}
		overlaps := false
		if e.makes {
			var done func()
			overlaps, done = s.load.make()
			defer done()
		}
		if !wait(r.Context(), s.cfg.Latency+s.clock.onWall(e.takes)) {
			return
		}
		a := s.turnedAway(r, e, atOnce, overlaps)
		if a == nil {
			s.do(func() {
				a = new(e.handler(&call{Sim: s, r: r, body: body}))
			})
		}
		s.record(r, name, a.status, begun)
		a.write(w)
	})
}

// turnedAway is the answer to a request that does not get as far as its
// handler.
func (s *Sim) turnedAway(r *http.Request, e route, atOnce int, overlaps bool) *answer {
	read := r.Method == http.MethodGet
	switch {
	case !e.open && !s.authentic(r):
		return new(detail(http.StatusUnauthorized, "認証情報が含まれていないか、トークンの有効期限が切れています。"))
	case overlaps:
		// One deploy at a time works; of several, all but the first fail (PORTAL.md §8).
		s.stats.note(func(st *Stats) { st.Overlapping++ })
		return new(s.overloaded(atOnce))
	case read && atOnce > s.cfg.Limits.Reads, !read && atOnce > s.cfg.Limits.Writes:
		s.stats.note(func(st *Stats) { st.Overloaded++ })
		return new(s.overloaded(atOnce))
	}
	return nil
}

// overloaded is what a portal says that is asked too much at once: sometimes
// that it is broken, sometimes that the thing does not exist (PORTAL.md §8).
func (s *Sim) overloaded(n int) answer {
	if n%2 == 0 {
		return notFound()
	}
	return answer{http.StatusInternalServerError, page("<h1>Server Error (500)</h1>")}
}

// wait takes its time unless the client goes away.
func wait(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// record counts an answer and logs it.
func (s *Sim) record(r *http.Request, route string, status int, begun time.Time) {
	s.stats.note(func(st *Stats) {
		st.Requests++
		st.Routes[route]++
		st.Answers[status]++
	})
	if s.cfg.Log != nil {
		_, _ = fmt.Fprintf(s.cfg.Log, "%s %s %s -> %d in %s\n", // a log that cannot be written is no reason to stop
			begun.Format("15:04:05.000"), r.Method, r.URL.RequestURI(), status, time.Since(begun).Round(time.Microsecond))
	}
}
