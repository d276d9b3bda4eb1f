package provider_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

// project is the project that acceptance tests work in, as the portal has it.
func (w *world) project() mdxsim.Project {
	for _, organisation := range w.World().Organisations {
		for _, project := range organisation.Projects {
			if project.Name == "demo" {
				return project
			}
		}
	}
	return mdxsim.Project{}
}

// rules lists a segment's rules by their ids.
func (w *world) rules(segment string) map[string]string {
	rules := map[string]string{}
	for _, s := range w.project().Segments {
		if s.UUID != segment {
			continue
		}
		for _, r := range slices.Concat(s.ACL, s.ACLv6) {
			rules[r.UUID] = strings.ReplaceAll(fmt.Sprintf("%s %s/%s %s %s/%s %s",
				r.Protocol, r.SrcAddress, r.SrcMask, r.SrcPort, r.DstAddress, r.DstMask, r.DstPort), " any", " Any")
		}
	}
	return rules
}

// hasRules checks that a segment has these rules and no others.
func (w *world) hasRules(t *testing.T, segment string, want ...string) resource.TestCheckFunc {
	t.Helper()
	return func(*terraform.State) error {
		var got []string
		for _, rule := range w.rules(segment) {
			got = append(got, rule)
		}
		slices.Sort(got)
		if diff := cmp.Diff(slices.Sorted(slices.Values(want)), got); diff != "" {
			return fmt.Errorf("rules of the segment (-want +got):\n%s", diff)
		}
		return nil
	}
}

// touchedNothing checks that nothing of others was touched, and that no rule ever led to an address without its VM.
func (w *world) touchedNothing(t *testing.T) {
	t.Helper()
	stats := w.Stats()
	if len(stats.Touched) > 0 {
		t.Errorf("touched what is others': %s", strings.Join(stats.Touched, ", "))
	}
	w.noRuleOutlivedItsVM(t)
}

func (w *world) noRuleOutlivedItsVM(t *testing.T) {
	t.Helper()
	for _, v := range w.Stats().Violations {
		t.Errorf("%s: rule %s to %s of VM %s", v.What, v.Rule, v.Address, v.VM)
	}
}

// worldRule is the rule that the world begins with, somebody else's.
const worldRule = "TCP 192.0.2.0/24 Any 10.0.0.2/32 22"

const publicKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJkGbJFxMzn0smuPKcukSHdOueVhpoI9Qwnl4dF/2U0W me\n"

// opens checks that the rules which lead to a machine of ours are exactly these, given as source and port in turn.
func (w *world) opens(t *testing.T, segment string, sourcesAndPorts ...string) resource.TestCheckFunc {
	t.Helper()
	return func(*terraform.State) error {
		var want, got []string
		for pair := range slices.Chunk(sourcesAndPorts, 2) {
			want = append(want, pair[0]+" "+pair[1])
		}
		for _, vm := range w.project().VMs {
			for _, adapter := range vm.Adapters {
				if vm.Foreign || adapter.SegmentID != segment {
					continue
				}
				for _, rule := range w.rules(segment) {
					if fields := strings.Fields(rule); fields[3] == adapter.IPv4+"/32" {
						got = append(got, fields[1]+" "+fields[4])
					}
				}
			}
		}
		slices.Sort(want)
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			return fmt.Errorf("rules to our machines (-want +got):\n%s", diff)
		}
		return nil
	}
}

// hasDNATs checks that the project has these DNAT rules and no others.
func (w *world) hasDNATs(t *testing.T, want ...string) resource.TestCheckFunc {
	t.Helper()
	return func(*terraform.State) error {
		var got []string
		for _, d := range w.project().DNATs {
			got = append(got, d.PoolAddress+" -> "+d.DstAddress)
		}
		slices.Sort(got)
		if diff := cmp.Diff(slices.Sorted(slices.Values(want)), got); diff != "" {
			return fmt.Errorf("DNAT rules of the project (-want +got):\n%s", diff)
		}
		return nil
	}
}

// aclBefore expects a plan that shows so many rules before the change.
type aclBefore int

// CheckPlan counts the elements of acl.
func (n aclBefore) CheckPlan(_ context.Context, req plancheck.CheckPlanRequest, resp *plancheck.CheckPlanResponse) {
	for _, change := range req.Plan.ResourceChanges {
		before, _ := change.Change.Before.(map[string]any)
		if rules, _ := before["acl"].([]any); change.Type == "mdx_network" && len(rules) != int(n) {
			resp.Error = fmt.Errorf("the plan shows %d rules before the change, want %d", len(rules), n)
		}
	}
}
