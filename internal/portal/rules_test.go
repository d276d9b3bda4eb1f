package portal

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/journal"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

// Ids of the simulator's world.
const (
	demoProject mdx.ProjectID = "7d6f4c1e-9c53-4a1b-8f6d-2f4f5b6c7d01"
	backendNet  mdx.SegmentID = "5f0c8f3e-5d0b-4e55-8a63-51d5e1c0a002"
	defaultNet  mdx.SegmentID = "5f0c8f3e-5d0b-4e55-8a63-51d5e1c0a001"
)

// tripper is a way to the portal that a test looks at, or steps into.
type tripper func(*http.Request) (*http.Response, error)

func (t tripper) RoundTrip(r *http.Request) (*http.Response, error) { return t(r) }

// simulated is a portal of the provider in front of a simulator of its own. on, if any, hears of each request before
// it is sent.
func simulated(tb testing.TB, cfg mdxsim.Config, on func(*http.Request)) (*Portal, *mdxsim.Sim) {
	tb.Helper()
	if cfg.Speed == 0 {
		cfg.Speed = 20000
	}
	sim, err := mdxsim.New(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	server := httptest.NewServer(sim.Handler())
	transport := &http.Transport{}
	client, err := mdx.New(mdx.Config{
		Endpoint: server.URL, Token: "demo", PollInterval: time.Millisecond, LockDir: tb.TempDir(), MaxRetries: 4,
		Transport: tripper(func(r *http.Request) (*http.Response, error) {
			if on != nil {
				on(r)
			}
			return transport.RoundTrip(r)
		}),
	})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		transport.CloseIdleConnections()
		server.Close()
		if err := sim.Close(); err != nil {
			tb.Error(err)
		}
	})
	notes := recorder{journal.At(tb.TempDir()), server.URL, "default", time.Now()}
	tb.Cleanup(func() {
		if err := notes.Close(); err != nil {
			tb.Error(err)
		}
	})
	return &Portal{Client: client, PollInterval: time.Millisecond, journal: notes}, sim
}

// rulesIn are a segment's rules as the simulator has them, hidden ones included.
func rulesIn(sim *mdxsim.Sim, segment mdx.SegmentID) []mdxsim.ACLRule {
	for _, organisation := range sim.World().Organisations {
		for _, project := range organisation.Projects {
			for _, s := range project.Segments {
				if s.UUID == string(segment) {
					return slices.Concat(s.ACL, s.ACLv6)
				}
			}
		}
	}
	return nil
}

// texts describes rules, sorted.
func texts(rules []mdx.ACLRule) []string {
	all := []string{}
	for _, rule := range rules {
		if text := DescribeRule(rule); !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	slices.Sort(all)
	return all
}

// textsIn describes the rules of the segment backend that are ours, or others'.
func textsIn(sim *mdxsim.Sim, foreign bool) []string {
	all := []string{}
	for _, r := range rulesIn(sim, backendNet) {
		if r.Foreign != foreign {
			continue
		}
		all = append(all, DescribeRule(mdx.ACLRule{
			Protocol: mdx.Protocol(r.Protocol), SrcPort: mdx.Port(r.SrcPort), DstPort: mdx.Port(r.DstPort),
			Src: netip.MustParsePrefix(r.SrcAddress + "/" + r.SrcMask), Dst: netip.MustParsePrefix(r.DstAddress + "/" + r.DstMask),
		}))
	}
	slices.Sort(all)
	return all
}

// putForeign adds rules by somebody else's hand.
func putForeign(t interface{ Fatal(...any) }, sim *mdxsim.Sim, segment mdx.SegmentID, rules []mdx.ACLRule) {
	for _, r := range rules {
		_, err := sim.PutACL(string(segment), mdxsim.ACLRule{
			Protocol: string(r.Protocol), SrcPort: string(r.SrcPort), DstPort: string(r.DstPort),
			SrcAddress: r.Src.Addr().String(), SrcMask: prefixLength(r.Src), DstAddress: r.Dst.Addr().String(), DstMask: prefixLength(r.Dst),
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func prefixLength(p netip.Prefix) string { return p.String()[strings.IndexByte(p.String(), '/')+1:] }

// Any set of rules, changed to any other, ends as wanted, over HTTP, on a portal that shows everything late and writes
// masks and ports as it likes, and where others add rules of their own in between.
func TestAnySetOfRulesBecomesAnyOtherWithForeignRulesUntouched(t *testing.T) {
	t.Parallel()
	p, sim := simulated(t, mdxsim.Config{Quirks: mdxsim.Quirks{ACLBody: "none"}}, nil)
	var foreign []mdx.ACLRule
	var own []mdx.ACLRuleID
	rapid.Check(t, func(rt *rapid.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		added := without(rapid.SliceOfN(someRule, 0, 1).Draw(rt, "foreign"), sameAsAny(foreign))
		if len(foreign) < 4 {
			foreign = append(foreign, added...)
			putForeign(rt, sim, backendNet, added)
		}
		want := someRules.Draw(rt, "want")
		result, err := p.SetRules(ctx, backendSet(own, want...))
		if err != nil {
			rt.Fatal(err)
		}
		own = result.Own
		if got := textsIn(sim, true); !slices.Equal(got, sortedTexts(foreign)) {
			rt.Fatalf("rules of others are %q, were %q", got, sortedTexts(foreign))
		}
		// Ours are those wanted that nobody else had made when they were first wanted; together they are all.
		got := slices.Compact(slices.Sorted(slices.Values(slices.Concat(textsIn(sim, false), sortedTexts(only(foreign, sameAsAny(want)))))))
		if !slices.Equal(got, texts(want)) {
			rt.Fatalf("the segment lets through %q, want %q", got, texts(want))
		}
		if mine := textsIn(sim, false); len(slices.Compact(slices.Clone(mine))) != len(mine) {
			rt.Fatalf("made twice: %q", mine)
		}
	})
	if touched := sim.Stats().Touched; len(touched) > 0 {
		t.Errorf("touched what is others': %q", touched)
	}
}

func sortedTexts(rules []mdx.ACLRule) []string {
	all := []string{}
	for _, rule := range rules {
		all = append(all, DescribeRule(rule))
	}
	slices.Sort(all)
	return all
}

// backendSet is a set on the segment backend, of an owner whose state has the rules own.
func backendSet(own []mdx.ACLRuleID, want ...mdx.ACLRule) RuleSet {
	return RuleSet{Project: demoProject, Segment: backendNet, Owner: RuleOwner{Own: own}, Want: want}
}

// campus are rules to change from and to.
func campus(ports ...mdx.Port) []mdx.ACLRule {
	var rules []mdx.ACLRule
	for _, port := range ports {
		rules = append(rules, mdx.ACLRule{
			Protocol: mdx.TCP, SrcPort: mdx.AnyPort, DstPort: port,
			Src: netip.MustParsePrefix("192.0.2.0/24"), Dst: netip.MustParsePrefix("10.0.8.0/24"),
		})
	}
	return rules
}

func TestRulesEndAsWantedWhateverGoesWrongOnTheWay(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]mdxsim.Fault{
		"the answer to a new rule is lost":               {Route: "POST /api/acl/", Nth: 2, Kind: mdxsim.ResetAfter},
		"the request for a new rule is lost":             {Route: "POST /api/acl/", Nth: 2, Kind: mdxsim.ResetBefore},
		"a new rule is made and answered with an error":  {Route: "POST /api/acl/", Nth: 1, Kind: mdxsim.Error500, After: true},
		"a new rule is answered with an error":           {Route: "POST /api/acl/", Nth: 1, Kind: mdxsim.Error502},
		"a new rule is made and said to be absent":       {Route: "POST /api/acl/", Nth: 1, Kind: mdxsim.NotFound, After: true},
		"a new rule is turned away as absent":            {Route: "POST /api/acl/", Nth: 2, Kind: mdxsim.NotFound},
		"the answer to a new rule is cut short":          {Route: "POST /api/acl/", Nth: 3, Kind: mdxsim.Truncated},
		"the portal answers a new rule with maintenance": {Route: "POST /api/acl/", Nth: 1, Kind: mdxsim.HTML},
		"too many requests":                              {Route: "POST /api/acl/", Nth: 1, Times: 3, Kind: mdxsim.TooMany},
		"a rule that goes is said to be absent":          {Route: "DELETE /api/acl/{rule}/", Nth: 1, Kind: mdxsim.NotFound},
		"the answer to a removal is lost":                {Route: "DELETE /api/acl/{rule}/", Nth: 1, Kind: mdxsim.ResetAfter},
		"a list leaves a rule out":                       {Route: "GET /api/acl/segment/{segment}/", Nth: 3, Kind: mdxsim.ListOmits},
		"a list is refused for a moment":                 {Route: "GET /api/acl/segment/{segment}/", Nth: 2, Kind: mdxsim.Error503},
		"the token is not taken":                         {Route: "POST /api/acl/", Nth: 2, Kind: mdxsim.Unauthorized},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, sim := simulated(t, mdxsim.Config{}, nil)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			if err := sim.SetFaults([]mdxsim.Fault{fault}); err != nil {
				t.Fatal(err)
			}
			first, err := p.SetRules(ctx, backendSet(nil, campus("22", "80", "443")...))
			if err != nil {
				t.Fatal(err)
			}
			second, err := p.SetRules(ctx, backendSet(first.Own, campus("443", "8443")...))
			if err != nil {
				t.Fatal(err)
			}
			if got, want := textsIn(sim, false), sortedTexts(campus("443", "8443")); !slices.Equal(got, want) {
				t.Errorf("the segment has %q, want %q", got, want)
			}
			if len(second.Own) != 2 {
				t.Errorf("%d rules are known as ours, want 2", len(second.Own))
			}
			if fired := sim.Faults()[0].Fired; fired == 0 {
				t.Error("the fault did not happen: the test proves nothing")
			}
			done := fault.After || fault.Kind == mdxsim.ResetAfter || fault.Kind == mdxsim.Truncated
			if posts := sim.Stats().Routes["POST /api/acl/"]; done && posts != 4 {
				t.Errorf("%d requests for 4 rules: one that was carried out was sent again", posts)
			}
		})
	}
}

func TestARemovalThatAnOverloadedPortalDidNotCarryOutIsAskedForAgain(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		route          string
		makes, removes func(context.Context, *Portal) error
	}{
		"access rule": {
			"DELETE /api/acl/{rule}/",
			func(ctx context.Context, p *Portal) error {
				_, err := p.CreateACLRule(ctx, backendNet, campus("22")[0])
				return err
			},
			func(ctx context.Context, p *Portal) error {
				have, err := p.Rules(ctx, backendNet)
				return errors.Join(err, p.rulesOf(backendNet).remove(ctx, have))
			},
		},
		"DNAT rule": {
			"DELETE /api/dnat/{dnat}/",
			func(ctx context.Context, p *Portal) error {
				_, _, err := p.Publish(ctx, published(public10, host(1)))
				return err
			},
			func(ctx context.Context, p *Portal) error {
				return p.Unpublish(ctx, published(public10, host(1)))
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, sim := simulated(t, mdxsim.Config{Durations: mdxsim.Durations{RuleVisible: -1}}, nil)
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			if err := test.makes(ctx, p); err != nil {
				t.Fatal(err)
			}
			err := sim.SetFaults([]mdxsim.Fault{
				{Route: test.route, Nth: 1, Kind: mdxsim.Error503}, {Route: test.route, Nth: 2, Kind: mdxsim.NotFound},
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := test.removes(ctx, p); err != nil {
				t.Error(err)
			}
			if left := slices.Concat(textsIn(sim, false), dnatsIn(sim)); len(left) != 1 {
				t.Errorf("there are %q, want the one of others", left)
			}
		})
	}
}

func TestARuleThatIsSaidToBeAbsentAndLeftOutOnceIsRemovedAllTheSame(t *testing.T) {
	t.Parallel()
	p, sim := simulated(t, mdxsim.Config{Quirks: mdxsim.Quirks{Lists: "bare"}, Durations: mdxsim.Durations{RuleVisible: -1}}, nil)
	made, err := p.CreateACLRule(t.Context(), backendNet, campus("22")[0])
	if err != nil {
		t.Fatal(err)
	}
	global, _, err := p.Publish(t.Context(), published(public10, host(1)))
	if err != nil {
		t.Fatal(err)
	}
	err = sim.SetFaults([]mdxsim.Fault{
		{Route: "DELETE /api/acl/{rule}/", Nth: 1, Kind: mdxsim.NotFound},
		{Route: "GET /api/acl/segment/{segment}/", Nth: 1, Kind: mdxsim.ListOmits},
		{Route: "DELETE /api/dnat/{dnat}/", Nth: 1, Kind: mdxsim.NotFound},
		{Route: "GET /api/dnat/project/{project}/", Nth: 1, Kind: mdxsim.ListOmits, Element: 1},
	})
	if err == nil {
		err = errors.Join(p.rulesOf(backendNet).remove(t.Context(), []mdx.ACLRule{made}), p.dnatsOf(demoProject, backendNet).remove(t.Context(), []mdx.DNAT{global}))
	}
	if left := slices.Concat(textsIn(sim, false), dnatsIn(sim)); err != nil || len(left) != 1 {
		t.Errorf("there are %q, want the one of others; %v", left, err)
	}
}

func TestASegmentIsNeverClosedWhileItsRulesChange(t *testing.T) {
	t.Parallel()
	var sim *mdxsim.Sim
	closed := 0
	p, sim := simulated(t, mdxsim.Config{}, func(r *http.Request) {
		if r.Method != http.MethodDelete {
			return
		}
		// At the first removal everything that is wanted must be there, and show.
		for _, want := range sortedTexts(campus("443", "8443")) {
			if !slices.Contains(textsIn(sim, false), want) {
				closed++
			}
		}
	})
	first, err := p.SetRules(t.Context(), backendSet(nil, campus("22", "443")...))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.SetRules(t.Context(), backendSet(first.Own, campus("443", "8443")...)); err != nil {
		t.Fatal(err)
	}
	if closed > 0 {
		t.Errorf("%d times a rule was removed before what replaces it was there", closed)
	}
}

func TestOneRefusedRuleNeitherKeepsOthersFromBeingAddedNorRemovesAny(t *testing.T) {
	t.Parallel()
	p, sim := simulated(t, mdxsim.Config{}, nil)
	first, err := p.SetRules(t.Context(), backendSet(nil, campus("22")...))
	if err != nil {
		t.Fatal(err)
	}
	bad := campus("443", "443")
	bad[1].Protocol = "SCTP" // the portal knows no such protocol
	result, err := p.SetRules(t.Context(), backendSet(first.Own, bad...))
	if err == nil || !strings.Contains(err.Error(), "SCTP 192.0.2.0/24") {
		t.Errorf("got %v, want an error that names the rule", err)
	}
	if got, want := textsIn(sim, false), sortedTexts(campus("22", "443")); !slices.Equal(got, want) {
		t.Errorf("the segment has %q, want %q", got, want)
	}
	if got, want := texts(result.Holds), sortedTexts(campus("22", "443")); !slices.Equal(got, want) || len(result.Own) != 2 {
		t.Errorf("said to hold %q (%d of its own), want %q", got, len(result.Own), want)
	}
}

func TestTwoResourcesNeverMakeTheSameRuleTwice(t *testing.T) {
	t.Parallel()
	p, sim := simulated(t, mdxsim.Config{}, nil)
	errs := make(chan error, 8)
	for range cap(errs) {
		go func() {
			_, err := p.SetRules(t.Context(), backendSet(nil, campus("443")...))
			errs <- err
		}()
	}
	for range cap(errs) {
		if err := <-errs; err != nil && !strings.Contains(err.Error(), "another resource makes the same rule") {
			t.Error(err)
		}
	}
	if got := textsIn(sim, false); len(got) != 1 {
		t.Errorf("the segment has %q, want one rule", got)
	}
}
