package portal

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

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
			putForeign(rt, sim, added)
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
