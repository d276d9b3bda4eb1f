package mdxsim

import (
	"cmp"
	"context"
	"io"
	"net/http"
	"strconv"
	"time"
)

// maxBody bounds a request's body.
const maxBody = 1 << 20

// Handler serves the portal, and the simulator's own pages under /_sim/.
func (s *Sim) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/_sim/", s.leverRoutes())
	mux.HandleFunc("/", s.portal)
	return mux
}

// serve is the way of every request: counted, slowed down, let in or turned
// away, carried out, and answered, unless a fault meets it.
func (s *Sim) serve(w http.ResponseWriter, r *http.Request, e route) {
	begun := time.Now()
	atOnce, leave := s.load.enter(r.Method, s.stats)
	defer leave()
	alone, done := s.load.single(e.single)
	defer done()
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return // the client went away, or sent what nobody reads
	}
	stays := wait(r.Context(), s.cfg.Latency+s.clock.onWall(max(0, e.takes)))
	if !stays && r.Method == http.MethodGet {
		s.record(r, e.name(), 0, begun)
		return
	} // a write is carried out though its client went away (PORTAL.md §8)
	a := s.turnedAway(r, e, atOnce, alone)
	if a != nil && e.single == making && !alone && s.cfg.Quirks.Overlap == "half" && s.authentic(r) {
		s.carryOutHalf(&call{Sim: s, r: r, body: body}, e)
	}
	var fault Fault
	if a == nil {
		fault, a = s.carryOut(&call{Sim: s, r: r, body: body}, e)
	}
	if fault.Kind == Slow && !wait(r.Context(), s.clock.onWall(time.Duration(fault.Delay))) {
		s.record(r, e.name(), 0, begun)
		return
	}
	status := a.status
	if fault.Kind == ResetBefore || fault.Kind == ResetAfter {
		status = 0
	}
	s.record(r, e.name(), status, begun)
	// The portal's clock, which its histories go by too.
	w.Header().Set("Date", s.clock.now().UTC().Format(http.TimeFormat))
	switch fault.Kind {
	case ResetBefore, ResetAfter:
		cut(w)
	case Truncated:
		a.truncate(w)
	default:
		if a.status == http.StatusTooManyRequests {
			w.Header().Set("Retry-After", "0")
		}
		a.dressed(s.cfg.Quirks.Errors).write(w)
	}
}

// carryOut answers a call and says which fault met it.
func (s *Sim) carryOut(c *call, e route) (fault Fault, a *answer) {
	s.do(func() {
		var met bool
		if fault, met = s.schedule.meet(e.name()); met {
			s.stats.note(func(st *Stats) { st.Faults[fault.Kind]++ })
			if a = s.before(fault); a != nil || fault.Kind == ResetBefore {
				a = cmp.Or(a, &answer{})
				return
			}
		}
		c.fault, s.acting = fault.Kind, s.userOf(c.r)
		defer func() { s.acting = "" }()
		a = fault.spoil(new(e.handler(c)))
		if fault.Kind == TaskFails {
			s.failing = 0
		}
	})
	return fault, a
}

// carryOutHalf does a part of what a call asks for, whatever it is answered.
func (s *Sim) carryOutHalf(c *call, e route) {
	s.do(func() {
		s.halves++
		s.acting = s.userOf(c.r)
		defer func() { s.acting = "" }()
		c.half = true
		e.handler(c)
	})
}

// turnedAway is the answer to a request that does not get as far as its
// handler; nil if it does.
func (s *Sim) turnedAway(r *http.Request, e route, atOnce int, alone bool) *answer {
	read := r.Method == http.MethodGet
	if e.single == refreshing && !alone {
		// Parallel refreshes make 404s elsewhere more likely (PORTAL.md §2).
		s.stats.note(func(st *Stats) { st.OverlappingRefreshes++ })
		s.load.shake()
	}
	switch {
	case !e.open && !s.authentic(r):
		return new(unauthorized())
	case e.single == making && !alone:
		// One deploy at a time works; of several, all but the first fail (PORTAL.md §8).
		s.stats.note(func(st *Stats) { st.Overlapping++ })
		return new(overloaded(atOnce))
	case read && atOnce > s.cfg.Limits.Reads, !read && atOnce > s.cfg.Limits.Writes:
		s.stats.note(func(st *Stats) { st.Overloaded++ })
		return new(overloaded(atOnce))
	case e.shaky && s.load.shaken():
		return new(notFound())
	}
	return nil
}

// overloaded is what a portal says that is asked too much at once: sometimes
// that it is broken, sometimes that the thing does not exist (PORTAL.md §8).
func overloaded(n int) answer {
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
func (s *Sim) record(r *http.Request, name string, status int, begun time.Time) {
	s.stats.note(func(st *Stats) {
		st.Requests++
		st.Routes[name]++
		st.Answers[status]++
	})
	if s.log != nil {
		outcome := strconv.Itoa(status)
		if status == 0 {
			outcome = "cut off"
		}
		s.log.Printf("%s %s %s -> %s in %s",
			begun.Format("15:04:05.000"), r.Method, r.URL.RequestURI(), outcome, time.Since(begun).Round(time.Microsecond))
	}
}
