//go:build e2e

package containerhost

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// BenchmarkE2EBootstrap turns 1, 3 and 10 fresh hosts into nodes at once, and then runs again on the finished ones. It
// reports seconds from the first attempt to connect to the last node, those that a host waited for (booting, pulling,
// the node's sshd), the round trips of one host, and the seconds of the second run.
func BenchmarkE2EBootstrap(b *testing.B) {
	for _, n := range []int{1, 3, 10} {
		b.Run(fmt.Sprintf("hosts=%d", n), func(b *testing.B) {
			bed := newTestbed(b)
			for b.Loop() {
				bootstrap(b, bed, n)
			}
		})
	}
}

func bootstrap(b *testing.B, bed *testbed, n int) {
	b.Helper()
	b.StopTimer()
	specs := make([]Spec, n)
	ids := make([]string, n)
	for i := range n {
		id, address := bed.host(b)
		ids[i], specs[i] = id, bed.spec(id, address)
	}
	b.StartTimer()
	first, took := together(b, specs)
	b.StopTimer()
	b.ReportMetric(took.Seconds(), "s/bootstrap")
	var waited time.Duration
	trips := 0
	for _, e := range first {
		if e.Phase != Applied {
			continue
		}
		if slices.Contains([]string{"connect", "base-image", "node-ready"}, e.Step) {
			waited += e.Elapsed
		}
		trips += e.RoundTrips
	}
	b.ReportMetric(waited.Seconds()/float64(n), "s-waiting/host")
	b.ReportMetric(float64(trips)/float64(n), "roundtrips/host")
	_, took = together(b, specs)
	b.ReportMetric(took.Seconds(), "s/second-run")
	fmt.Fprintf(os.Stderr, "\n%d hosts:\n%s", n, table(first, n)) // the benchmark's own log is cut short
	for _, id := range ids {
		if err := bed.backend.Destroy(b.Context(), id); err != nil {
			b.Fatal(err)
		}
	}
	b.StartTimer()
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

// table gives the mean seconds and round trips of each step.
func table(events []Event, n int) string {
	type sum struct {
		elapsed time.Duration
		trips   int
	}
	sums := map[string]sum{}
	var order []string
	for _, e := range events {
		if e.Phase != Applied && e.Phase != Skipped {
			continue
		}
		if _, seen := sums[e.Step]; !seen {
			order = append(order, e.Step)
		}
		s := sums[e.Step]
		sums[e.Step] = sum{s.elapsed + e.Elapsed, s.trips + e.RoundTrips}
	}
	var text strings.Builder
	fmt.Fprintf(&text, "%-16s %8s %12s\n", "step", "seconds", "round trips")
	for _, step := range order {
		s := sums[step]
		fmt.Fprintf(&text, "%-16s %8.1f %12.1f\n", step, s.elapsed.Seconds()/float64(n), float64(s.trips)/float64(n))
	}
	return text.String()
}
