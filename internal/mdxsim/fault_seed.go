package mdxsim

import (
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// seededRequests is how many requests of each route a seeded schedule covers.
const seededRequests = 400

// SeededFaults makes a schedule: the same for the same seed, and for each route
// independent of how the others are asked. About one read in twenty-five and
// one write in six goes wrong, none after the 400th of its route.
func SeededFaults(seed int64) []Fault {
	var all []Fault
	for _, e := range new(Sim).endpoints() {
		name := e.name()
		hash := fnv.New64a()
		_, _ = hash.Write([]byte(name))                             // never fails
		random := rand.New(rand.NewPCG(uint64(seed), hash.Sum64())) //nolint:gosec // to be replayed, not to be secret
		kinds, gap := readFaults(name), 50
		if e.method != "GET" {
			kinds, gap = writeFaults(name), 12
		}
		for nth := random.IntN(gap) + 1; nth <= seededRequests; nth += random.IntN(gap) + 1 {
			f := Fault{Route: name, Nth: nth, Times: 1, Kind: kinds[random.IntN(len(kinds))]}
			switch f.Kind {
			case Error500, Error502, Error503, HTML:
				f.After = e.method != "GET" && random.IntN(2) == 0
				f.Times = 1 + random.IntN(2)
			case Slow:
				f.Delay = Span(time.Duration(5+random.IntN(60)) * time.Second)
			case NotFound, TooMany:
				f.Times = 1 + random.IntN(2)
			}
			all = append(all, f)
		}
	}
	return all
}

func readFaults(name string) []FaultKind {
	kinds := []FaultKind{ResetBefore, ResetAfter, NotFound, TooMany, Error500, Error502, Error503, HTML, Truncated, Slow, Unauthorized}
	if strings.HasSuffix(name, "/api/vm/project/{project}/") {
		kinds = append(kinds, ListOmits, ListOmits, SpotSleeps)
	}
	return kinds
}

func writeFaults(name string) []FaultKind {
	kinds := []FaultKind{ResetBefore, ResetAfter, ResetAfter, TooMany, Error500, Error502, Error503, HTML, Truncated, Slow, Unauthorized}
	switch {
	case strings.HasSuffix(name, "/refresh/"), strings.HasSuffix(name, "/login/"):
		kinds = slices.DeleteFunc(kinds, func(k FaultKind) bool { return k == Unauthorized })
	case strings.Contains(name, "/api/vm/"):
		kinds = append(kinds, TaskFails, TaskFails, NotFound)
	}
	if strings.HasSuffix(name, "/deploy/") || strings.HasSuffix(name, "/power_on/") {
		kinds = append(kinds, NoAddress)
	}
	return kinds
}
