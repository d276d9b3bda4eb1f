package mdx_test

import (
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

func TestExpandNamesTakesTheSafeGrammarOnly(t *testing.T) {
	for name, want := range map[string][]string{
		"web":          {"web"},
		"web-[1-3]":    {"web-1", "web-2", "web-3"},
		"[0-1]x":       {"0x", "1x"},
		"web-[1-3]-db": {"web-1-db", "web-2-db", "web-3-db"},
		"":             nil,
		"web-[3-1]":    nil, // backwards
		"web-[1-1]":    nil, // one machine
		"web-[1-10]":   nil, // two digits
		"web-[01-03]":  nil, // padded
		"web-1[0-3]":   {"web-10", "web-11", "web-12", "web-13"},
		"web-[1-3]0":   nil, // 10, 20, 30: two digits
		"[1-2]-[1-2]":  nil, // two ranges
		"web-[1-3":     nil,
		"web-1-3]":     nil,
		"web-[a-c]":    nil,
		"[":            nil,
	} {
		got, err := mdx.ExpandNames(name)
		if (err == nil) != (want != nil) || !slices.Equal(got, want) {
			t.Errorf("ExpandNames(%q) = %q, %v; want %q", name, got, err, want)
		}
	}
}

func TestPlanNamesAsksForAsLittleAsPossible(t *testing.T) {
	for _, tc := range []struct{ names, want []string }{
		{nil, nil},
		{[]string{"web"}, []string{"web"}},
		{[]string{"n-3", "n-1", "n-2"}, []string{"n-[1-3]"}},
		{[]string{"n-1", "n-2", "n-4", "n-5", "n-7"}, []string{"n-[1-2]", "n-[4-5]", "n-7"}},
		{[]string{"n-8", "n-9", "n-10", "n-11"}, []string{"n-1[0-1]", "n-[8-9]"}},
		{[]string{"a1x", "a2x", "a3x", "a2y"}, []string{"a[1-3]x", "a2y"}},
		{[]string{"1-1", "1-2", "2-1", "2-2"}, []string{"1-[1-2]", "2-[1-2]"}},
		{[]string{"[1-2]", "x[1-2]"}, []string{"[1-2]", "x[1-2]"}}, // refused when it is expanded
		{[]string{"a1", "b2", "a2"}, []string{"a[1-2]", "b2"}},
		{[]string{"n-1", "n-1"}, []string{"n-1"}},
		{[]string{"n-10", "n-20", "n-30"}, []string{"n-10", "n-20", "n-30"}},
		{[]string{"r1-n5", "r2-n5", "r3-n5", "r3-n6"}, []string{"r[1-3]-n5", "r3-n6"}},
	} {
		var got []string
		for _, p := range mdx.PlanNames(tc.names) {
			got = append(got, p.VMName)
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("PlanNames(%q): %s", tc.names, diff)
		}
	}
}

func TestPlanNamesOfANumberedGroupTakesARequestForEveryTen(t *testing.T) {
	for _, tc := range []struct{ first, last, want int }{{0, 9, 1}, {0, 99, 10}, {1, 100, 11}, {1, 30, 4}, {95, 104, 2}} {
		var names []string
		for i := tc.first; i <= tc.last; i++ {
			names = append(names, "n-"+strconv.Itoa(i))
		}
		made := map[string]int{}
		plan := mdx.PlanNames(names)
		for _, p := range plan {
			expanded, err := mdx.ExpandNames(p.VMName)
			if err != nil || !slices.Equal(expanded, p.Names) {
				t.Errorf("%q expands to %q, %v; planned %q", p.VMName, expanded, err, p.Names)
			}
			for _, name := range expanded {
				made[name]++
			}
		}
		if len(plan) != tc.want {
			t.Errorf("n-%d to n-%d: %d requests, want %d", tc.first, tc.last, len(plan), tc.want)
		}
		for _, name := range names {
			if made[name] != 1 {
				t.Errorf("%s is made %d times", name, made[name])
			}
		}
		if len(made) != len(names) {
			t.Errorf("%d machines are made of %d", len(made), len(names))
		}
	}
}
