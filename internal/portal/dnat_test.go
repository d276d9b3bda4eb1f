package portal

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

// Addresses of the simulator's world: four public ones, of which the last is in use.
var (
	public10, public11, public13 = netip.MustParseAddr("203.0.113.10"), netip.MustParseAddr("203.0.113.11"),
		netip.MustParseAddr("203.0.113.13")
	anyFree netip.Addr
)

func host(n int) netip.Addr { return netip.AddrFrom4([4]byte{10, 0, 8, byte(n)}) }

// dnatsIn are the project's DNAT rules as the simulator has them.
func dnatsIn(sim *mdxsim.Sim) []string {
	var all []string
	for _, organisation := range sim.World().Organisations {
		for _, project := range organisation.Projects {
			for _, d := range project.DNATs {
				all = append(all, d.PoolAddress+" -> "+d.DstAddress)
			}
		}
	}
	slices.Sort(all)
	return all
}

// published is a DNAT rule to a machine of the segment backend.
func published(pool, destination netip.Addr) DNATRuleAt {
	return DNATRuleAt{Project: demoProject, Segment: backendNet, Pool: pool, Destination: destination}
}

func TestThoseWhoTakePublicAddressesAtOnceNeverFightOverOne(t *testing.T) {
	t.Parallel()
	p, sim := simulated(t, mdxsim.Config{}, nil)
	var all sync.WaitGroup
	for n := range 3 {
		all.Go(func() {
			if _, _, err := p.Publish(t.Context(), published(anyFree, host(n))); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if got := dnatsIn(sim); len(got) != 4 {
		t.Errorf("rules are %q, want three new ones", got)
	}
	if stats := sim.Stats(); stats.Answers[http.StatusBadRequest] > 0 {
		t.Errorf("%d requests were refused: two wanted the same address", stats.Answers[http.StatusBadRequest])
	}
}

func TestAPublicAddressThatIsTakenMeanwhileIsReplacedByTheNext(t *testing.T) {
	t.Parallel()
	for _, quirk := range []string{"drf", "text", "html"} { // however the portal says it
		t.Run(quirk, func(t *testing.T) {
			t.Parallel()
			var sim *mdxsim.Sim
			var meanwhile sync.Once
			p, sim := simulated(t, mdxsim.Config{Quirks: mdxsim.Quirks{Errors: quirk}}, func(r *http.Request) {
				if r.Method == http.MethodPost && r.URL.Path == "/api/dnat/" {
					meanwhile.Do(func() {
						if _, err := sim.TakeGlobalAddress(string(defaultNet), public10.String(), "10.0.0.3"); err != nil {
							t.Error(err)
						}
					})
				}
			})
			made, _, err := p.Publish(t.Context(), published(anyFree, host(1)))
			if err != nil || made.PoolAddress != public11 {
				t.Errorf("got %s (%v), want %s", made.PoolAddress, err, public11)
			}
		})
	}
}

func TestPublicAddressesRunOut(t *testing.T) {
	t.Parallel()
	p, _ := simulated(t, mdxsim.Config{}, nil)
	for n := range 3 {
		if _, _, err := p.Publish(t.Context(), published(anyFree, host(n))); err != nil {
			t.Fatal(err)
		}
	}
	_, _, err := p.Publish(t.Context(), published(anyFree, host(9)))
	if err == nil || !strings.Contains(err.Error(), "no free public address") {
		t.Errorf("got %v, want an error that says that none is free", err)
	}
}

func TestATakenPublicAddressTellsWhoHasIt(t *testing.T) {
	t.Parallel()
	p, _ := simulated(t, mdxsim.Config{}, nil)
	_, _, err := p.Publish(t.Context(), published(public13, host(1)))
	taken, is := errors.AsType[*AddressTakenError](err)
	if !is || taken.By == nil || taken.By.DstAddress.String() != "10.0.0.2" {
		t.Errorf("got %v, want an error that names 10.0.0.2", err)
	}
}

func TestDNATEndsAsWantedWhateverGoesWrongOnTheWay(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]mdxsim.Fault{
		"the answer to the rule is lost":                   {Route: "POST /api/dnat/", Nth: 1, Kind: mdxsim.ResetAfter},
		"the request for the rule is lost":                 {Route: "POST /api/dnat/", Nth: 1, Kind: mdxsim.ResetBefore},
		"the rule is made and answered with an error":      {Route: "POST /api/dnat/", Nth: 1, Kind: mdxsim.Error500, After: true},
		"the rule is made and said to be absent":           {Route: "POST /api/dnat/", Nth: 1, Kind: mdxsim.NotFound, After: true},
		"the rule is turned away as absent":                {Route: "POST /api/dnat/", Nth: 1, Kind: mdxsim.NotFound},
		"the rule is answered with an error":               {Route: "POST /api/dnat/", Nth: 1, Kind: mdxsim.Error503},
		"a list leaves a rule out":                         {Route: "GET /api/dnat/project/{project}/", Nth: 3, Kind: mdxsim.ListOmits},
		"the rule that goes is said to be absent":          {Route: "DELETE /api/dnat/{dnat}/", Nth: 1, Kind: mdxsim.NotFound},
		"the answer to the removal is lost":                {Route: "DELETE /api/dnat/{dnat}/", Nth: 1, Kind: mdxsim.ResetAfter},
		"the list of free addresses is not to be had":      {Route: "GET /api/global_ip/project/{project}/assignable/", Nth: 1, Kind: mdxsim.Error502},
		"the answer to the rule comes when it is too late": {Route: "POST /api/dnat/", Nth: 1, Kind: mdxsim.Slow},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, sim := simulated(t, mdxsim.Config{}, nil)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			if err := sim.SetFaults([]mdxsim.Fault{fault}); err != nil {
				t.Fatal(err)
			}
			made, _, err := p.Publish(ctx, published(anyFree, host(1)))
			if err != nil {
				t.Fatal(err)
			}
			want := []string{fmt.Sprintf("%s -> %s", made.PoolAddress, host(1)), "203.0.113.13 -> 10.0.0.2"}
			if got := dnatsIn(sim); !slices.Equal(got, want) {
				t.Errorf("rules are %q, want %q", got, want)
			}
			done := fault.After || fault.Kind == mdxsim.ResetAfter
			if posts := sim.Stats().Routes["POST /api/dnat/"]; done && posts != 1 {
				t.Errorf("%d requests: one that was carried out was sent again", posts)
			}
			if err := p.Unpublish(ctx, DNATRuleAt{Project: demoProject, Segment: backendNet, ID: made.ID}); err != nil {
				t.Fatal(err)
			}
			if got := dnatsIn(sim); !slices.Equal(got, want[1:]) {
				t.Errorf("rules are %q afterwards, want %q", got, want[1:])
			}
			if sim.Faults()[0].Fired == 0 {
				t.Error("the fault did not happen: the test proves nothing")
			}
		})
	}
}

func TestRulesThatAListLeavesOutOnceGoWithTheVMTheyLeadTo(t *testing.T) {
	t.Parallel()
	p, sim := simulated(t, mdxsim.Config{Quirks: mdxsim.Quirks{Lists: "bare"}}, nil) // no count tells that one is missing
	rules := campus("22")
	rules[0].Dst = netip.PrefixFrom(host(1), 32)
	putForeign(t, sim, rules)
	if _, err := sim.TakeGlobalAddress(string(backendNet), public10.String(), host(1).String()); err != nil {
		t.Fatal(err)
	}
	var faults []mdxsim.Fault
	for _, list := range []string{"GET /api/acl/segment/{segment}/", "GET /api/dnat/project/{project}/"} {
		faults = append(faults, mdxsim.Fault{Route: list, Kind: mdxsim.ListOmits, Nth: 1})
	}
	if err := sim.SetFaults(faults); err != nil {
		t.Fatal(err)
	}
	var removed []string
	vm := VMTarget{Project: demoProject, OnRulesRemoved: func(rules []string) { removed = rules }}
	err := p.removeRulesTo(t.Context(), vm, []mdx.ServiceNetwork{{SegmentName: "backend", IPv4: []netip.Addr{host(1)}}})
	if err != nil || len(removed) != 2 {
		t.Errorf("removed %q, %v", removed, err)
	}
	if left := textsIn(sim, true); len(left) > 0 || slices.Contains(dnatsIn(sim), public10.String()+" -> "+host(1).String()) {
		t.Errorf("the segment still has %q, the project %q", left, dnatsIn(sim))
	}
}

func TestRulesStayWithAVMThatKeepsItsSegmentThoughTheListLeavesThatOutOnce(t *testing.T) {
	t.Parallel()
	p, sim := simulated(t, mdxsim.Config{Quirks: mdxsim.Quirks{Lists: "bare"}}, nil)
	rules := len(rulesIn(sim, defaultNet))
	if err := sim.SetFaults([]mdxsim.Fault{{Route: "GET /api/segment/project/{project}/all/", Kind: mdxsim.ListOmits, Nth: 1}}); err != nil {
		t.Fatal(err)
	}
	err := p.leaveNetworks(t.Context(), VMChange{
		VMTarget:        VMTarget{Project: demoProject, ID: "e7a10000-0000-4000-8000-000000000001"},
		NetworkAdapters: []mdx.NetworkAdapter{{AdapterNumber: 1, Segment: defaultNet}, {AdapterNumber: 2, Segment: backendNet}},
	})
	if left := len(rulesIn(sim, defaultNet)); err != nil || left != rules || sim.Faults()[0].Fired != 1 {
		t.Errorf("%d of %d rules are left, %v", left, rules, err)
	}
}

func TestAddressesThatAnAdapterDoesNotTellAreThoseThatItHadLast(t *testing.T) {
	t.Parallel()
	on := func(adapter int, segment string, addresses ...netip.Addr) mdx.ServiceNetwork {
		return mdx.ServiceNetwork{AdapterNumber: adapter, SegmentName: segment, IPv4: addresses}
	}
	last := []mdx.ServiceNetwork{on(1, "default", host(1)), on(2, "backend", host(2))}
	for name, test := range map[string]struct{ tells, want []mdx.ServiceNetwork }{
		"off":                {[]mdx.ServiceNetwork{on(1, "default"), on(2, "backend")}, last},
		"one adapter is up":  {[]mdx.ServiceNetwork{on(1, "default", host(3)), on(2, "backend")}, []mdx.ServiceNetwork{on(1, "default", host(3)), last[1]}},
		"on another segment": {[]mdx.ServiceNetwork{on(1, "default", host(1)), on(2, "other")}, []mdx.ServiceNetwork{last[0], on(2, "other")}},
	} {
		if got := (VMTarget{LastNetworks: last}).networksOf(&mdx.VM{ServiceNetworks: test.tells}); !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}
