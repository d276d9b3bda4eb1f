//go:build linux

package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// What bounds a row.
const (
	boundByDeploys       = "the portal: deploys take turns, then the address"
	boundBySingleDeploys = "the portal: ten deploys, one after the other"
	boundByWaves         = "Terraform: ten at a time, so ten waves; use a group"
	boundByPower         = "the portal: power off, then destroy, five requests at a time"
	boundByLoops         = "its own ten at a time, and a loop of polls for each VM"
	boundByDetails       = "the portal: a detail of each VM, thirty at a time"
	boundByCore          = "Terraform and the provider, without a word to the portal but for names"
	boundByTen           = "Terraform's ten at a time"
)

// columns are the table's.
var columns = []struct {
	name string
	cell func(result) string
}{
	{"time / floor", func(r result) string { return fmt.Sprintf("%.3f", r.ratio()) }},
	{"time", func(r result) string { return fmt.Sprintf("%.0f s", r.wall.Seconds()*r.speed) }},
	{"deploy requests", func(r result) string { return countOf(r.stats.Routes["POST /api/vm/deploy/"]) }},
	{"requests", func(r result) string { return countOf(r.stats.Requests) }},
	{"GETs per minute", func(r result) string { return fmt.Sprintf("%.0f", r.getsPerMinute()) }},
	{"provider memory", func(r result) string { return megabytes(r.rss) }},
	{"provider CPU", func(r result) string { return seconds(r.cpu) }},
}

// table writes results as Markdown. Times are the portal's: what took a second at ten times its speed took ten.
func table(results []result) string {
	var b strings.Builder
	b.WriteString("| what |")
	for _, c := range columns {
		fmt.Fprintf(&b, " %s |", c.name)
	}
	fmt.Fprintf(&b, " bound by |\n| --- |%s --- |\n", strings.Repeat(" ---: |", len(columns)))
	for _, r := range results {
		fmt.Fprintf(&b, "| %s |", r.name)
		for _, c := range columns {
			fmt.Fprintf(&b, " %s |", c.cell(r))
		}
		fmt.Fprintf(&b, " %s |\n", r.bound)
	}
	return b.String()
}

func (r result) ratio() float64 { return r.wall.Seconds() / r.floor.Seconds() }

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

// countOf writes a number with its thousands apart.
func countOf(n int) string {
	if n < 1000 {
		return strconv.Itoa(n)
	}
	return fmt.Sprintf("%d,%03d", n/1000, n%1000)
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
	return fmt.Sprintf("%.1f s", d.Seconds())
}
