package kit

import (
	"testing"
)

func TestNearListsTheLikeliestNamesFirst(t *testing.T) {
	for name, test := range map[string]struct {
		wanted string
		have   []string
		want   string
	}{
		"nothing to offer":    {"x", nil, "There is none at all that you may see."},
		"a typing error":      {"proyect-a", []string{"zzz", "project-b", "project-a"}, `The nearest: "project-a", "project-b", "zzz".`},
		"letter case":         {"UBUNTU", []string{"Rocky", "ubuntu"}, `The nearest: "ubuntu", "Rocky".`},
		"a part of the name":  {"22.04", []string{"Rocky 9", "Ubuntu 22.04 (推奨版)"}, `The nearest: "Ubuntu 22.04 (推奨版)", "Rocky 9".`},
		"doubles once":        {"a", []string{"a1", "a1"}, `The nearest: "a1".`},
		"the rest is counted": {"n1", []string{"n1x", "n2", "n3", "n4", "n5", "n6", "n7"}, `The nearest: "n1x", "n2", "n3", "n4", "n5" and 2 more.`},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Near(test.wanted, test.have); got != test.want {
				t.Errorf("near(%q) = %s, want %s", test.wanted, got, test.want)
			}
		})
	}
}
