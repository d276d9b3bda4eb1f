package mdxsim

import (
	"maps"
	"net/http"
	"slices"
	"sync"
)

// Stats is what the portal saw of its clients. Requests under /_sim/ do not
// count.
type Stats struct {
	Requests             int               `json:"requests"`
	Routes               map[string]int    `json:"routes"`                // requests per route, e.g. "GET /api/vm/{vm}/"
	Answers              map[int]int       `json:"answers"`               // answers per status
	Peak                 map[string]int    `json:"peak"`                  // most requests at once, per method
	Overlapping          int               `json:"overlapping"`           // deploys and clones asked for while another was being answered
	OverlappingRefreshes int               `json:"overlapping_refreshes"` // refreshes asked for while another was being answered
	Overloaded           int               `json:"overloaded"`            // requests turned away because too many came at once
	Faults               map[FaultKind]int `json:"faults"`                // faults that happened, per kind
	Deployed             int               `json:"deployed"`              // machines made through the API
	Destroyed            int               `json:"destroyed"`             // machines destroyed through the API
	// DuplicateNames are the names that a machine was asked for again through
	// the API while another had it, whether that was refused or not.
	DuplicateNames []string `json:"duplicate_names"`
	// Duplicates are the names that two machines of a project had at once.
	Duplicates []string `json:"duplicates"`
	// Touched are operations through the API on machines and rules of others.
	Touched []string `json:"touched"`
	// Violations are the moments at which a rule led where it should not.
	Violations []Violation `json:"violations"`
}

type statistics struct {
	mu sync.Mutex
	Stats
}

func newStatistics() *statistics {
	return &statistics{Stats: Stats{
		Routes: map[string]int{}, Answers: map[int]int{}, Peak: map[string]int{}, Faults: map[FaultKind]int{},
		DuplicateNames: []string{}, Duplicates: []string{}, Touched: []string{}, Violations: []Violation{},
	}}
}

// note changes the figures.
func (s *statistics) note(change func(*Stats)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.Stats)
}

// Stats tells what the portal has seen so far.
func (s *Sim) Stats() Stats {
	s.stats.mu.Lock()
	defer s.stats.mu.Unlock()
	now := s.stats.Stats
	now.Routes, now.Answers, now.Peak = maps.Clone(now.Routes), maps.Clone(now.Answers), maps.Clone(now.Peak)
	now.Faults, now.Violations = maps.Clone(now.Faults), slices.Clone(now.Violations)
	now.DuplicateNames, now.Duplicates = slices.Clone(now.DuplicateNames), slices.Clone(now.Duplicates)
	now.Touched = slices.Clone(now.Touched)
	return now
}

// load counts what is under way at once.
type load struct {
	mu      sync.Mutex
	method  map[string]int
	singles map[single]int
	upset   int // how many answers are yet to suffer from parallel refreshes
}

// enter counts a request in and says how many of its kind, reads or writes, are
// under way with it. The returned function counts it out.
func (l *load) enter(method string, stats *statistics) (atOnce int, leave func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.method == nil {
		l.method = map[string]int{}
	}
	l.method[method]++
	now := l.method[method]
	stats.note(func(s *Stats) { s.Peak[method] = max(s.Peak[method], now) })
	for other, n := range l.method {
		if other != method && (other == http.MethodGet) == (method == http.MethodGet) {
			now += n
		}
	}
	return now, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.method[method]--
	}
}

// single counts a request in of which there should be one at a time, and says
// whether it is alone.
func (l *load) single(kind single) (alone bool, leave func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.singles == nil {
		l.singles = map[single]int{}
	}
	l.singles[kind]++
	return l.singles[kind] == 1, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.singles[kind]--
	}
}

// shake makes a few answers to come worse.
func (l *load) shake() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.upset += 3
}

// shaken says whether this answer is one of them.
func (l *load) shaken() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.upset == 0 {
		return false
	}
	l.upset--
	return true
}
