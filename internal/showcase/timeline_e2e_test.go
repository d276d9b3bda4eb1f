//go:build e2e

package showcase

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

// timeline is when an apply worked on what, by its own events.
type timeline []span

type span struct {
	address    string
	start, end time.Time
}

// event is a line of terraform apply -json.
type event struct {
	Type string    `json:"type"`
	At   time.Time `json:"@timestamp"`
	Hook struct {
		Resource struct{ Addr string } `json:"resource"`
	} `json:"hook"`
}

func readTimeline(t *testing.T, events []byte) timeline {
	t.Helper()
	begun := map[string]time.Time{}
	var all timeline
	for line := range bytes.Lines(events) {
		var e event
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		switch addr := e.Hook.Resource.Addr; e.Type {
		case "apply_start":
			begun[addr] = e.At
		case "apply_complete":
			all = append(all, span{addr, begun[addr], e.At})
		}
	}
	return all
}

// table says where the time went until the page was served. What runs at the same time overlaps.
func (l timeline) table(total time.Duration) string {
	if len(l) == 0 {
		return "nothing was applied"
	}
	first := l[0].start
	for _, s := range l {
		if s.start.Before(first) {
			first = s.start
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%-46s %8s %8s %8s\n", "", "from", "to", "took")
	var last time.Duration
	for _, row := range []struct{ what, prefix string }{
		{"VMs, on the simulated portal", "mdx_vm"},
		{"public address and access rules", "mdx_dnat|mdx_acl_rule"},
		{"first login, Docker, Base containers", "mdx_container_host"},
		{"swarm: manager", "terraform_data.swarm"},
		{"swarm: workers join", "terraform_data.member"},
		{"stack: images pulled, services up", "terraform_data.stack"},
	} {
		var from, to time.Duration
		for _, s := range l {
			if !hasPrefix(s.address, row.prefix) {
				continue
			}
			if start := s.start.Sub(first); from == 0 && to == 0 || start < from {
				from = start
			}
			to = max(to, s.end.Sub(first))
		}
		last = max(last, to)
		fmt.Fprintf(&b, "%-46s %7.1fs %7.1fs %7.1fs\n", row.what, from.Seconds(), to.Seconds(), (to - from).Seconds())
	}
	fmt.Fprintf(&b, "%-46s %26.1fs\n", "terraform itself, and the page's first answer", (total - last).Seconds())
	return b.String()
}

func hasPrefix(address, alternatives string) bool {
	for prefix := range strings.SplitSeq(alternatives, "|") {
		if strings.HasPrefix(address, prefix) {
			return true
		}
	}
	return false
}
