package mdxsim

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Fault is something that goes wrong with a certain request: the Nth of a
// route. What the request was to do is done first or not, as its kind says.
type Fault struct {
	// Route is an endpoint as [Stats.Routes] spells it, e.g.
	// "POST /api/vm/deploy/", or "*" for whatever is asked.
	Route string `json:"route"`
	// Nth is which request of the route it meets, counted from 1.
	Nth int `json:"nth"`
	// Times is how many requests in a row it meets. Zero: 1.
	Times int `json:"times,omitempty"`
	// Kind is what goes wrong.
	Kind FaultKind `json:"kind"`
	// After has the request carried out before it is answered with a status or
	// a page of the fault's.
	After bool `json:"after,omitempty"`
	// Delay is how long a slow answer takes, in the portal's time. Zero: 30 s.
	Delay Span `json:"delay,omitempty"`
	// Element is which one a list leaves out, counted from 0: the last, where the
	// list is shorter.
	Element int `json:"element,omitempty"`
	// Fired is how many requests it has met.
	Fired int `json:"fired"`
}

// Span is a duration that JSON writes like "1m30s".
type Span time.Duration

// MarshalText writes the duration.
func (s Span) MarshalText() ([]byte, error) { return []byte(time.Duration(s).String()), nil }

// UnmarshalText reads a duration.
func (s *Span) UnmarshalText(text []byte) error {
	d, err := time.ParseDuration(string(text))
	*s = Span(d)
	return err
}

// FaultKind is what goes wrong.
type FaultKind string

// The kinds of faults.
const (
	ResetBefore  FaultKind = "reset-before"
	ResetAfter   FaultKind = "reset-after"
	NotFound     FaultKind = "not-found"
	TooMany      FaultKind = "429"
	Error500     FaultKind = "500"
	Error502     FaultKind = "502"
	Error503     FaultKind = "503"
	HTML         FaultKind = "html"
	Truncated    FaultKind = "truncated"
	Slow         FaultKind = "slow"
	TaskFails    FaultKind = "task-fails"
	NoAddress    FaultKind = "no-address"
	ListOmits    FaultKind = "list-omits"
	Unauthorized FaultKind = "unauthorized"
	TokenExpires FaultKind = "token-expires"
	SpotSleeps   FaultKind = "spot-sleeps"
)

type explainedKind struct {
	kind    FaultKind
	meaning string
}

var faultKinds = []explainedKind{
	{ResetBefore, "the connection is reset, nothing is done"},
	{ResetAfter, "all is done, the connection is reset before the answer"},
	{NotFound, "404 on something that exists"},
	{TooMany, "429, with a Retry-After of 0 s"},
	{Error500, "an internal error, as a page"},
	{Error502, "a bad gateway, as a page"},
	{Error503, "unavailable, as a page"},
	{HTML, "a page with status 200"},
	{Truncated, "all is done, the answer's JSON ends in the middle"},
	{Slow, "the answer takes \"delay\", all being done before it"},
	{TaskFails, "the task that the request starts fails; of several, the last"},
	{NoAddress, "the machine that the request starts never tells an address"},
	{ListOmits, "an element is missing from this answer's list: the first, or that of \"element\""},
	{Unauthorized, "401 once, though the token is good and can be refreshed"},
	{TokenExpires, "every token expires just before the request"},
	{SpotSleeps, "a running spot machine is put to sleep before the request"},
}

// FaultsHelp explains each kind of fault in a line, for a command's -help.
func FaultsHelp() string {
	var help strings.Builder
	for _, k := range faultKinds {
		fmt.Fprintf(&help, "  %-14s %s\n", k.kind, k.meaning)
	}
	return help.String()
}

func (f Fault) check() error {
	switch {
	case !slices.ContainsFunc(faultKinds, func(k explainedKind) bool { return k.kind == f.Kind }):
		return fmt.Errorf("fault: no kind is called %q", f.Kind)
	case f.Nth < 1:
		return fmt.Errorf("fault %s: nth counts from 1", f.Kind)
	case f.Element < 0:
		return fmt.Errorf("fault %s: element counts from 0", f.Kind)
	case f.Route == "":
		return fmt.Errorf("fault %s: no route; \"*\" is any", f.Kind)
	}
	return nil
}

// schedule is the faults that are yet to happen, and what has been asked.
type schedule struct {
	faults []*Fault
	asked  map[string]int
}

// newSchedule takes over faults in the order in which they are looked at: the
// first that meets a request is the one that happens.
func newSchedule(faults []Fault) (*schedule, error) {
	s := &schedule{asked: map[string]int{}}
	for _, f := range faults {
		if err := f.check(); err != nil {
			return nil, err
		}
		orDefault(&f.Times, 1)
		orDefault(&f.Delay, Span(30*time.Second))
		s.faults = append(s.faults, &f)
	}
	return s, nil
}

// meet counts a request and finds the fault that meets it.
func (s *schedule) meet(name string) (Fault, bool) {
	s.asked[name]++
	s.asked["*"]++
	for _, f := range s.faults {
		if f.Route != name && f.Route != "*" {
			continue
		}
		if n := s.asked[f.Route]; n >= f.Nth && n < f.Nth+f.Times {
			f.Fired++
			return *f, true
		}
	}
	return Fault{}, false
}

// Faults tells the schedule, what has happened of it included. Given to
// [Config.Faults] it replays.
func (s *Sim) Faults() []Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := []Fault{}
	for _, f := range s.schedule.faults {
		all = append(all, *f)
	}
	return all
}

// SetFaults replaces the schedule and counts requests anew; none means that
// nothing more goes wrong.
func (s *Sim) SetFaults(faults []Fault) error {
	next, err := newSchedule(faults)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.schedule = next
	return nil
}
