package provider

import (
	"strings"
	"testing"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/journal"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

func TestWhatAKilledRunHasLeftIsToldInAWarningForEachKind(t *testing.T) {
	first, second := dnatThing(backendNet, anyFree, host(1)), dnatThing(backendNet, anyFree, host(2))
	for name, test := range map[string]struct {
		vms, rules []string
		told       map[string]string // a part of the detail, by summary
	}{
		"a VM": {[]string{"web-1"}, nil, map[string]string{
			`VM "web-1" was left by an interrupted run`: `a VM named "web-1" at `,
		}},
		"a class of VMs": {[]string{"db", "web-1", "web-2", "web-3"}, nil, map[string]string{
			"4 VMs were left by an interrupted run": "\n  db\n  web-[1-3]\n",
		}},
		"a rule": {nil, []string{first}, map[string]string{
			"A rule was left by an interrupted run: " + first: "may have made the " + first,
		}},
		"VMs and rules": {[]string{"web-1", "web-2"}, []string{second, first}, map[string]string{
			"2 VMs were left by an interrupted run":   "\n  web-[1-2]\n",
			"2 rules were left by an interrupted run": "\n  " + first + "\n  " + second + "\n",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRuns(t, mdxsim.Config{})
			run, _ := r.run()
			for _, vm := range test.vms {
				r.note(run, r.ordered(run, vm))
			}
			for _, rule := range test.rules {
				entry := journal.Entry{Key: run.journal.key(leftProject, rule), Operation: createDNAT, Asked: run.Now()}
				if _, err := run.journal.Journal.Begin(entry); err != nil {
					t.Fatal(err)
				}
			}
			r.killed(run)
			_, warnings := r.run()
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
