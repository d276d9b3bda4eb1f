package mdxsim

import (
	"maps"
	"sync"
)

// Stats is what the portal saw of its clients. Requests under /_sim/ do not
// count.
type Stats struct {
	Requests       int            `json:"requests"`
	Routes         map[string]int `json:"routes"`          // requests per route, e.g. "GET /api/vm/{vm}/"
	Answers        map[int]int    `json:"answers"`         // answers per status
	Peak           map[string]int `json:"peak"`            // most requests at once, per method
	Overlapping    int            `json:"overlapping"`     // deploys and clones asked for while another was being answered
	Overloaded     int            `json:"overloaded"`      // requests turned away because too many came at once
	Deployed       int            `json:"deployed"`        // machines made
	DuplicateNames []string       `json:"duplicate_names"` // names that a machine was asked for again while one had it
}

type statistics struct {
	mu sync.Mutex
	Stats
}

func newStatistics() *statistics {
	return &statistics{Stats: Stats{
		Routes: map[string]int{}, Answers: map[int]int{}, Peak: map[string]int{}, DuplicateNames: []string{},
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
	now.DuplicateNames = append([]string{}, now.DuplicateNames...)
	return now
}

// load counts what is under way at once.
type load struct {
	mu     sync.Mutex
	method map[string]int
	making int // deploys and clones being answered
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
		if other != method && (other == "GET") == (method == "GET") {
			now += n
		}
	}
	return now, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.method[method]--
	}
}

// make counts a deploy in and says whether another is being answered.
func (l *load) make() (overlaps bool, leave func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.making++
	return l.making > 1, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.making--
	}
}
