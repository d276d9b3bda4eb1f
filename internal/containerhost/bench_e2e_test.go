//go:build e2e

package containerhost

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// page takes the table of BenchmarkE2EBootstrap between its marks.
var page = flag.String("page", "", "page of the documentation that takes the table of container hosts")

const (
	pageBegin = "<!-- begin of what make generate-bench-hosts writes -->\n"
	pageEnd   = "<!-- end of what make generate-bench-hosts writes -->\n"
)

// BenchmarkE2EBootstrap turns 1, 3 and 10 fresh hosts into nodes at once, and then runs again on the finished ones.
func BenchmarkE2EBootstrap(b *testing.B) {
	var results []bootstrapped
	for _, n := range []int{1, 3, 10} {
		b.Run(fmt.Sprintf("hosts=%d", n), func(b *testing.B) {
			bed := newTestbed(b)
			b.ResetTimer() // the images may have had to be built
			for b.Loop() {
				results = append(results, bootstrap(b, bed, n))
			}
		})
	}
	text := tables(results)
	fmt.Print("\n", text)
	if *page != "" {
		if err := replaceMarked(*page, text); err != nil {
			b.Fatal(err)
		}
	}
}

// bootstrapped is what making some nodes at once took.
type bootstrapped struct {
	hosts         int
	first, second time.Duration
	events        []Event // of the first run
}

// waited are the steps in which the host has the work: it boots, it pulls, its container starts.
var waited = []string{"connect", "base-image", "node-ready"}

func bootstrap(b *testing.B, bed *testbed, n int) bootstrapped {
	b.Helper()
	b.StopTimer()
	specs := make([]Spec, n)
	ids := make([]string, n)
	for i := range n {
		id, address := bed.host(b)
		ids[i], specs[i] = id, bed.spec(id, address)
	}
	b.StartTimer()
	result := bootstrapped{hosts: n}
	result.events, result.first = together(b, specs)
	b.StopTimer()
	_, result.second = together(b, specs)
	for _, id := range ids {
		if err := bed.backend.Destroy(b.Context(), id); err != nil {
			b.Fatal(err)
		}
	}
	b.StartTimer()
	return result
}

// together converges all hosts at once, and gives their events.
func together(tb testing.TB, specs []Spec) ([]Event, time.Duration) {
	tb.Helper()
	var log eventLog
	var done sync.WaitGroup
	start := time.Now()
	for i := range specs {
		done.Go(func() {
			status, err := Converge(tb.Context(), specs[i], log.add)
			if err != nil {
				tb.Error(err)
			}
			specs[i].HostKeyFingerprint = status.HostKeyFingerprint
		})
	}
	done.Wait()
	if tb.Failed() {
		tb.FailNow()
	}
	return log.events, time.Since(start)
}

// mean is a step's time and round trips for one host; of those that were skipped, what asking cost.
func (r bootstrapped) mean(wanted func(step string) bool) (elapsed time.Duration, trips float64) {
	for _, e := range r.events {
		if (e.Phase == Applied || e.Phase == Skipped) && wanted(e.Step) {
			elapsed += e.Elapsed / time.Duration(r.hosts)
			trips += float64(e.RoundTrips) / float64(r.hosts)
		}
	}
	return elapsed, trips
}

// tables shows the runs, and then the steps of a host.
func tables(results []bootstrapped) string {
	var text strings.Builder
	text.WriteString("| hosts at once | fresh to node | of which waiting | SSH round trips of a host | second run |\n| ---: | ---: | ---: | ---: | ---: |\n")
	for _, r := range results {
		waiting, _ := r.mean(func(step string) bool { return slices.Contains(waited, step) })
		_, trips := r.mean(func(string) bool { return true })
		fmt.Fprintf(&text, "| %d | %.1f s | %.1f s | %.0f | %.1f s |\n", r.hosts, r.first.Seconds(), waiting.Seconds(), trips, r.second.Seconds())
	}
	text.WriteString("\n| step |")
	for _, r := range results {
		fmt.Fprintf(&text, " %d at once |", r.hosts)
	}
	text.WriteString(" round trips |\n| --- |" + strings.Repeat(" ---: |", len(results)+1) + "\n")
	var seen []string
	for _, e := range results[0].events {
		if slices.Contains(seen, e.Step) || e.Phase != Applied && e.Phase != Skipped {
			continue
		}
		seen = append(seen, e.Step)
		only := func(step string) bool { return step == e.Step }
		fmt.Fprintf(&text, "| `%s` |", e.Step)
		for _, r := range results {
			elapsed, _ := r.mean(only)
			fmt.Fprintf(&text, " %.1f s |", elapsed.Seconds())
		}
		_, trips := results[0].mean(only)
		fmt.Fprintf(&text, " %.0f |\n", trips)
	}
	return text.String()
}

// replaceMarked puts a text between the marks of a file.
func replaceMarked(file, text string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	before, rest, begun := strings.Cut(string(data), pageBegin)
	_, after, ended := strings.Cut(rest, pageEnd)
	if !begun || !ended {
		return fmt.Errorf("%s lacks the marks of its generated part", file)
	}
	return os.WriteFile(file, []byte(before+pageBegin+text+pageEnd+after), 0o600)
}
