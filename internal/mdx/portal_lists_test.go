package mdx_test

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

// listLengths are how many entries each list of the simulated portal shows.
func listLengths(t *testing.T, cfg mdxsim.Config) map[string]int {
	t.Helper()
	cfg.Speed = benchSpeed
	_, client, project := simulated(t, cfg)
	ctx := t.Context()
	_, segment := parts(t, client, project)
	lengths := map[string]int{}
	note := func(what string, n int, err error) {
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
		lengths[what] = n
	}
	vms, err := client.VMs(ctx, project)
	note("VMs", len(vms), err)
	segments, err := client.Segments(ctx, project)
	note("segments", len(segments), err)
	rules, err := client.ACLRules(ctx, segment.ID, mdx.ACLv4)
	note("access rules", len(rules), err)
	dnats, err := client.DNATs(ctx, project)
	note("DNAT rules", len(dnats), err)
	free, err := client.AssignableAddresses(ctx, project)
	note("free addresses", len(free), err)
	catalogs, err := client.Catalogs(ctx, project)
	note("catalogs", len(catalogs), err)
	projects, err := client.Projects(ctx)
	note("projects", len(projects), err)
	_, err = client.Segment(ctx, segment.ID)
	note("segment", 1, err)
	return lengths
}

var listRoutes = []string{
	"GET /api/vm/project/{project}/", "GET /api/segment/project/{project}/all/", "GET /api/acl/segment/{segment}/",
	"GET /api/dnat/project/{project}/", "GET /api/global_ip/project/{project}/assignable/",
	"GET /api/catalog/project/{project}/", "GET /api/project/assigned/",
}

// The simulator omits an entry of every list, or denies it, the first time that it is asked for.
func TestNoListOfTheSimulatedPortalIsShortForAFault(t *testing.T) {
	for _, form := range []string{"paged", "bare"} {
		want := listLengths(t, mdxsim.Config{Quirks: mdxsim.Quirks{Lists: form}})
		for _, kind := range []mdxsim.FaultKind{mdxsim.ListOmits, mdxsim.NotFound, mdxsim.Error502} {
			t.Run(fmt.Sprint(form, " ", kind), func(t *testing.T) {
				var faults []mdxsim.Fault
				for _, route := range append(listRoutes, "GET /api/segment/{segment}/summary/") {
					faults = append(faults, mdxsim.Fault{Route: route, Nth: 1, Kind: kind})
				}
				got := listLengths(t, mdxsim.Config{Quirks: mdxsim.Quirks{Lists: form}, Faults: faults})
				for what, n := range want {
					if got[what] != n {
						t.Errorf("%s: %d, and there are %d", what, got[what], n)
					}
				}
			})
		}
	}
}

// 240 rules are written a hundred at a time, and others read them meanwhile.
func TestRulesThatManyWriteCanBeReadMeanwhile(t *testing.T) {
	const rules = 240
	_, client, project := simulated(t, mdxsim.Config{Speed: benchSpeed})
	_, segment := parts(t, client, project)
	before, err := client.ACLRules(t.Context(), segment.ID, mdx.ACLv4)
	if err != nil {
		t.Fatal(err)
	}
	ctx, done := context.WithCancel(t.Context())
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			for ctx.Err() == nil {
				if _, err := client.ACLRules(t.Context(), segment.ID, mdx.ACLv4, mdx.Expecting(idsOf(before, ruleID)...)); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	var mu sync.Mutex
	var made []mdx.ACLRuleID
	var writers errgroup.Group
	writers.SetLimit(100)
	for i := range rules {
		writers.Go(func() error {
			host := netip.PrefixFrom(netip.AddrFrom4([4]byte{198, 51, 100, byte(i)}), 32)
			rule, err := client.CreateACLRule(t.Context(), segment.ID, mdx.ACLRule{
				Protocol: mdx.TCP, Src: host, Dst: netip.MustParsePrefix("10.0.0.9/32"), SrcPort: mdx.AnyPort, DstPort: "22",
			})
			mu.Lock()
			defer mu.Unlock()
			made = append(made, rule.ID)
			return err
		})
	}
	if err := writers.Wait(); err != nil {
		t.Error(err)
	}
	done()
	readers.Wait()
	after, err := client.ACLRules(t.Context(), segment.ID, mdx.ACLv4, mdx.Expecting(made...))
	if err != nil {
		t.Fatal(err)
	}
	ids := idsOf(after, ruleID)
	for _, id := range made {
		if !slices.Contains(ids, string(id)) {
			t.Errorf("rule %s is missing", id)
		}
	}
}

func ruleID(rule mdx.ACLRule) mdx.ACLRuleID { return rule.ID }
