package kit

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/portal"
)

// Terraform shows the first only of warnings with one summary.
func TestWhatAKilledRunHasLeftIsToldInAWarningForEachKind(t *testing.T) {
	const first, second = `DNAT rule to 10.0.0.1 on segment "a"`, `DNAT rule to 10.0.0.2 on segment "a"`
	names := func(names ...string) (all []portal.Left) {
		for _, name := range names {
			all = append(all, portal.Left{Name: name, Asked: time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC)})
		}
		return all
	}
	for name, test := range map[string]struct {
		behind portal.LeftBehind
		told   map[string]string // a part of the detail, by summary
	}{
		"nothing": {portal.LeftBehind{}, nil},
		"a VM": {portal.LeftBehind{VMs: names("web-1")}, map[string]string{
			`VM "web-1" was left by an interrupted run`: `a VM named "web-1" at `,
		}},
		"a class of VMs": {portal.LeftBehind{VMs: names("db", "web-1", "web-2", "web-3")}, map[string]string{
			"4 VMs were left by an interrupted run": "\n  db\n  web-[1-3]\n",
		}},
		"a rule": {portal.LeftBehind{Rules: names(first)}, map[string]string{
			"A rule was left by an interrupted run: " + first: "may have made the " + first,
		}},
		"VMs and rules": {portal.LeftBehind{VMs: names("web-1", "web-2"), Rules: names(second, first)}, map[string]string{
			"2 VMs were left by an interrupted run":   "\n  web-[1-2]\n",
			"2 rules were left by an interrupted run": "\n  " + first + "\n  " + second + "\n",
		}},
		"sets of rules": {portal.LeftBehind{RuleSets: names("access rules on a", "access rules on b")}, map[string]string{
			"Rules were left by an interrupted run: access rules on a": "on a",
			"Rules were left by an interrupted run: access rules on b": "on b",
		}},
		"what nobody can read": {portal.LeftBehind{Damaged: errors.New("no right")}, map[string]string{
			"Journal not readable in full": "no right",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			var warnings diag.Diagnostics
			warnLeftBehind(t.Context(), test.behind, &warnings)
			for _, warning := range warnings {
				if part, ok := test.told[warning.Summary()]; !ok || !strings.Contains(warning.Detail(), part) {
					t.Errorf("told %v", warning)
				}
			}
			if len(warnings) != len(test.told) {
				t.Errorf("%d warnings", len(warnings))
			}
		})
	}
}
