package mdx_test

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

// The simulator loses answers, before and after it has carried a change out. However that goes, each change happens once.
var lostAnswers = []mdxsim.FaultKind{mdxsim.ResetBefore, mdxsim.ResetAfter, mdxsim.Truncated, mdxsim.NotFound}

// window is how long the simulator may take to show something, in the time of its tests.
const window = 20 * mdx.DefaultPollInterval / benchSpeed

func losing(t *testing.T, route string, kind mdxsim.FaultKind) (*mdxsim.Sim, *mdx.Client, mdx.ProjectID) {
	t.Helper()
	return simulated(t, mdxsim.Config{Speed: benchSpeed, Faults: []mdxsim.Fault{{Route: route, Nth: 1, Kind: kind}}})
}

func TestADNATRuleIsMadeOnce(t *testing.T) {
	for _, kind := range lostAnswers {
		t.Run(string(kind), func(t *testing.T) {
			_, client, project := losing(t, "POST /api/dnat/", kind)
			_, segment := parts(t, client, project)
			free, err := client.AssignableAddresses(t.Context(), project)
			if err != nil || len(free) == 0 {
				t.Fatal(free, err)
			}
			request := mdx.DNATRequest{PoolAddress: free[0], Segment: segment.ID, DstAddress: netip.MustParseAddr("10.0.0.9")}
			on := func(ctx context.Context) ([]mdx.DNAT, error) {
				rules, err := client.DNATs(ctx, project)
				return slices.DeleteFunc(rules, func(rule mdx.DNAT) bool { return rule.PoolAddress != request.PoolAddress }), err
			}
			made, err := mdx.Change[mdx.DNAT]{
				What: "DNAT rule for", Object: request.PoolAddress.String(), ShowsWithin: window, Await: true,
				Send: func(ctx context.Context) (mdx.DNAT, error) { return mdx.DNAT{}, client.CreateDNAT(ctx, request) },
				Look: func(ctx context.Context) (mdx.DNAT, bool, error) {
					rules, err := on(ctx)
					if len(rules) == 0 {
						return mdx.DNAT{}, false, err
					}
					if rules[0].DstAddress != request.DstAddress {
						return mdx.DNAT{}, false, errTaken
					}
					return rules[0], true, nil
				},
			}.Do(t.Context(), client)
			if rules, listErr := on(t.Context()); err != nil || made.ID == "" || len(rules) != 1 || listErr != nil {
				t.Errorf("%+v, %v; the list has %v, %v", made, err, rules, listErr)
			}
		})
	}
}

func TestAnAccessRuleIsMadeOnce(t *testing.T) {
	rule := mdx.ACLRule{
		Protocol: mdx.TCP, Src: netip.MustParsePrefix("198.51.100.7/32"), Dst: netip.MustParsePrefix("10.0.0.9/32"),
		SrcPort: mdx.AnyPort, DstPort: "22",
	}
	for _, kind := range lostAnswers {
		t.Run(string(kind), func(t *testing.T) {
			_, client, project := losing(t, "POST /api/acl/", kind)
			_, segment := parts(t, client, project)
			alike := func(ctx context.Context) ([]mdx.ACLRule, error) {
				rules, err := client.ACLRules(ctx, segment.ID, rule.Family())
				return slices.DeleteFunc(rules, func(other mdx.ACLRule) bool { return !other.Same(rule) }), err
			}
			made, err := mdx.Change[mdx.ACLRule]{
				What: "access rule of", Object: segment.Name, ShowsWithin: window, Await: true,
				Send: func(ctx context.Context) (mdx.ACLRule, error) { return client.CreateACLRule(ctx, segment.ID, rule) },
				Look: func(ctx context.Context) (mdx.ACLRule, bool, error) {
					rules, err := alike(ctx)
					if err != nil || len(rules) == 0 {
						return mdx.ACLRule{}, false, err
					}
					return rules[0], true, nil
				},
			}.Do(t.Context(), client)
			if rules, listErr := alike(t.Context()); err != nil || made.ID == "" || len(rules) != 1 || listErr != nil {
				t.Errorf("%+v, %v; the list has %v, %v", made, err, rules, listErr)
			}
			// And it goes, although the portal denies it.
			if _, err := removalOf(client, segment.ID, made.ID).Do(t.Context(), client); err != nil {
				t.Error(err)
			}
			if rules, err := alike(t.Context()); err != nil || len(rules) > 0 {
				t.Errorf("%v, %v", rules, err)
			}
		})
	}
}

// removalOf removes a rule.
func removalOf(client *mdx.Client, segment mdx.SegmentID, id mdx.ACLRuleID) mdx.Change[struct{}] {
	return mdx.Change[struct{}]{
		What: "end of access rule", Object: string(id), Repeatable: true, Await: true, Doubtful: mdx.IsNotFound,
		Send: func(ctx context.Context) (struct{}, error) {
			return struct{}{}, client.DeleteACLRule(ctx, mdx.ACLv4, id)
		},
		Look: func(ctx context.Context) (struct{}, bool, error) {
			rules, err := client.ACLRules(ctx, segment, mdx.ACLv4, mdx.Expecting(id))
			there := slices.ContainsFunc(rules, func(rule mdx.ACLRule) bool { return rule.ID == id })
			return struct{}{}, err == nil && !there, err
		},
	}
}

func TestARuleThatThePortalDeniesIsRemovedAllTheSame(t *testing.T) {
	_, client, project := simulated(t, mdxsim.Config{Speed: benchSpeed, Faults: []mdxsim.Fault{
		{Route: "DELETE /api/acl/{rule}/", Nth: 1, Times: 3, Kind: mdxsim.NotFound},
	}})
	_, segment := parts(t, client, project)
	rules, err := client.ACLRules(t.Context(), segment.ID, mdx.ACLv4)
	if err != nil || len(rules) == 0 {
		t.Fatal(rules, err)
	}
	if _, err := removalOf(client, segment.ID, rules[0].ID).Do(t.Context(), client); err != nil {
		t.Error(err)
	}
	after, err := client.ACLRules(t.Context(), segment.ID, mdx.ACLv4)
	if err != nil || len(after) != len(rules)-1 {
		t.Errorf("%d rules of %d are left, %v", len(after), len(rules), err)
	}
}

// A rename is looked for in the list, a start in the state, and what is sent again does no harm: the portal refuses it.
func TestAVMIsRenamedWhateverBecomesOfTheAnswer(t *testing.T) {
	for _, kind := range []mdxsim.FaultKind{mdxsim.ResetBefore, mdxsim.ResetAfter, mdxsim.Truncated} {
		t.Run(string(kind), func(t *testing.T) {
			_, client, project := losing(t, "POST /api/vm/{vm}/rename/", kind)
			vms, err := client.VMs(t.Context(), project)
			if err != nil || len(vms) == 0 {
				t.Fatal(vms, err)
			}
			vm := vms[0]
			tasks, err := mdx.Change[[]mdx.TaskID]{
				What: "name of VM", Object: vm.Name, ShowsWithin: window, Sends: 2,
				Send: func(ctx context.Context) ([]mdx.TaskID, error) { return client.Rename(ctx, vm.ID, "renamed") },
				Look: func(ctx context.Context) ([]mdx.TaskID, bool, error) {
					now, err := client.VMs(ctx, project, mdx.Expecting(vm.ID))
					return nil, slices.ContainsFunc(now, func(other mdx.VMSummary) bool {
						return other.ID == vm.ID && other.Name == "renamed"
					}), err
				},
			}.Do(t.Context(), client)
			for _, task := range tasks {
				if err == nil {
					_, err = client.WaitTask(t.Context(), project, task)
				}
			}
			if found, findErr := client.VMByName(t.Context(), project, "renamed"); err != nil || findErr != nil || found.ID != vm.ID {
				t.Errorf("%+v, %v, %v", found, err, findErr)
			}
		})
	}
}

// What a change may not be sent again for is told as what nobody knows.
func TestAChangeThatIsNotSentAgainIsReported(t *testing.T) {
	_, client, project := losing(t, "POST /api/vm/{vm}/rename/", mdxsim.ResetBefore)
	vms, err := client.VMs(t.Context(), project)
	if err != nil || len(vms) == 0 {
		t.Fatal(vms, err)
	}
	start := time.Now()
	_, err = mdx.Change[[]mdx.TaskID]{
		What: "task of VM", Object: vms[0].Name, ShowsWithin: window, Sends: 1,
		Send: func(ctx context.Context) ([]mdx.TaskID, error) { return client.Rename(ctx, vms[0].ID, "renamed") },
		Look: func(context.Context) ([]mdx.TaskID, bool, error) { return nil, false, nil },
	}.Do(t.Context(), client)
	if !mdx.IsAmbiguous(err) || errors.Is(err, context.DeadlineExceeded) || time.Since(start) < window {
		t.Errorf("after %s: %v", time.Since(start), err)
	}
}
