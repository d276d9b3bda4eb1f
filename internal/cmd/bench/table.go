//go:build linux

package main

import (
	"fmt"
	"strings"
	"time"
)

// table writes results as Markdown. Times are the portal's: what took a second at ten times its speed took ten.
func table(results []result, speed float64) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Round trip %s, the portal's time run %g times faster (plans: at its real pace), polls every 5 s of it.\n\n",
		roundTrip, speed)
	b.WriteString("| what | time / floor | deploy requests | requests | GETs per minute | provider memory | provider CPU | bound by |\n")
	b.WriteString("| --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |\n")
	for _, r := range results {
		fmt.Fprintf(&b, "| %s | %.3f | %d | %d | %.0f | %s | %s | %s |\n", r.name, r.ratio(), r.deploys(), r.stats.Requests,
			r.getsPerMinute(), megabytes(r.rss), seconds(r.cpu), r.bound)
	}
	return b.String()
}

func (r result) ratio() float64 { return r.wall.Seconds() / r.floor.Seconds() }

func (r result) deploys() int { return r.stats.Routes["POST /api/vm/deploy/"] }

// getsPerMinute is the load on the portal, in its own minutes.
func (r result) getsPerMinute() float64 {
	gets := 0
	for route, n := range r.stats.Routes {
		if strings.HasPrefix(route, "GET ") {
			gets += n
		}
	}
	return float64(gets) / (r.wall.Minutes() * r.speed)
}

func megabytes(n int64) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%d MB", n>>20)
}

func seconds(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return fmt.Sprintf("%.2f s", d.Seconds())
}
