package mdx_test

import (
	"slices"
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
