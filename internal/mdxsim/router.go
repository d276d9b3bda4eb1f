package mdxsim

import (
	"net/http"
	"strings"
	"time"
)

// route is an endpoint. Its path ends in a slash and names what it takes from
// the request's path in braces.
type route struct {
	method, path string
	handler      handler
	bare         bool   // answers without the trailing slash too
	open         bool   // needs no token
	single       single // what may not happen twice at once
	shaky        bool   // the first to answer 404 when the portal is upset
	takes        time.Duration
}

// single is a kind of request of which only one at a time goes well.
type single int

const (
	making     single = iota + 1 // deploys and clones
	refreshing                   // new tokens
)

// name is how statistics and faults call the route.
func (e route) name() string { return e.method + " " + e.path }

// matches says whether a path, with its trailing slash or without, is the
// route's, and hands over the path's values.
func (e route) matches(path string, set func(name, value string)) bool {
	want, have := strings.Split(strings.Trim(e.path, "/"), "/"), strings.Split(strings.Trim(path, "/"), "/")
	if len(want) != len(have) {
		return false
	}
	for i, part := range want {
		if name, is := strings.CutPrefix(part, "{"); is && have[i] != "" {
			set(strings.TrimSuffix(name, "}"), have[i])
		} else if part != have[i] {
			return false
		}
	}
	return true
}

// portal finds the endpoint. A path that lacks its slash is answered with a
// redirect (PORTAL.md §1), one that does not exist with Django's page.
func (s *Sim) portal(w http.ResponseWriter, r *http.Request) {
	var allowed []string
	for _, e := range s.routes {
		if !e.matches(r.URL.Path, r.SetPathValue) {
			continue
		}
		if !e.bare && !strings.HasSuffix(r.URL.Path, "/") {
			s.redirect(w, r)
			return
		}
		if e.method == r.Method {
			s.serve(w, r, e)
			return
		}
		allowed = append(allowed, e.method)
	}
	a := answer{http.StatusNotFound, page("<h1>Not Found</h1><p>The requested resource was not found on this server.</p>")}
	if len(allowed) > 0 {
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		a = notAllowed(r.Method)
	}
	s.record(r, "(unknown) "+r.Method, a.status, time.Now())
	a.write(w)
}

func (s *Sim) redirect(w http.ResponseWriter, r *http.Request) {
	s.record(r, "(redirect) "+r.Method, http.StatusMovedPermanently, time.Now())
	target := *r.URL
	target.Path += "/"
	w.Header().Set("Location", target.RequestURI())
	w.WriteHeader(http.StatusMovedPermanently)
}
