package portal

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

// rulesOn are the rules of ours that the segment backend has, as a collection.
func rulesOn(p *Portal) *collection[mdx.ACLRule] { return p.rulesOf(backendNet) }

func TestAnEntryThatWasThereBeforeIsNeverTakenForOneThatIsMade(t *testing.T) {
	t.Parallel()
	for name, kind := range map[string]mdxsim.FaultKind{"made": mdxsim.ResetAfter, "not made": mdxsim.ResetBefore} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, sim := simulated(t, mdxsim.Config{}, nil)
			putForeign(t, sim, campus("22"))
			have, err := p.Rules(t.Context(), backendNet)
			if err == nil {
				err = sim.SetFaults([]mdxsim.Fault{{Route: "POST /api/acl/", Kind: kind, Nth: 1}})
			}
			if err != nil {
				t.Fatal(err)
			}
			made, err := rulesOn(p).add(t.Context(), have, campus("22"))
			if err != nil || len(made) != 1 || withID(ruleIDs(have))(made[0]) {
				t.Errorf("made %v, and there were %v: %v", made, have, err)
			}
			if ours := textsIn(sim, false); len(ours) != 1 {
				t.Errorf("there are %q of ours, want one", ours)
			}
		})
	}
}

func TestManyEntriesAreMadeOnceThoughAnswersAreLost(t *testing.T) {
	t.Parallel()
	p, sim := simulated(t, mdxsim.Config{}, nil)
	var faults []mdxsim.Fault
	for n, kind := range []mdxsim.FaultKind{mdxsim.ResetAfter, mdxsim.ResetBefore, mdxsim.Truncated, mdxsim.Error502} {
		faults = append(faults, mdxsim.Fault{Route: "POST /api/acl/", Kind: kind, Nth: 3*n + 1})
	}
	if err := sim.SetFaults(faults); err != nil {
		t.Fatal(err)
	}
	want := manyRules(40, "22")
	made, err := rulesOn(p).add(t.Context(), nil, want)
	if err != nil || len(made) != len(want) {
		t.Fatalf("%d of %d are made: %v", len(made), len(want), err)
	}
	if got := textsIn(sim, false); !slices.Equal(got, sortedTexts(want)) {
		t.Errorf("there are %d, want %d, each once", len(got), len(want))
	}
	for i, rule := range made {
		if rule.ID == "" || !rule.Same(want[i]) {
			t.Errorf("%v was made of %v", rule, want[i])
		}
	}
}

func TestWhatNobodyCanTellIsInDoubt(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		faults []mdxsim.Fault
		doubt  bool
		rule   mdx.ACLRule
	}{
		"every answer is lost": {[]mdxsim.Fault{{Route: "POST /api/acl/", Kind: mdxsim.Error503, Nth: 1, Times: 3}}, true, campus("22")[0]},
		"an answer is lost, and the list is out of reach": {[]mdxsim.Fault{
			{Route: "POST /api/acl/", Kind: mdxsim.ResetAfter, Nth: 1},
			{Route: "GET /api/acl/segment/{segment}/", Kind: mdxsim.Unauthorized, Nth: 1, Times: 1000},
			{Route: "POST /api/refresh/", Kind: mdxsim.Unauthorized, Nth: 1, Times: 1000},
		}, true, campus("22")[0]},
		"it is refused": {nil, false, mdx.ACLRule{
			Protocol: "SCTP", SrcPort: mdx.AnyPort, DstPort: "22", Src: campus("22")[0].Src, Dst: campus("22")[0].Dst,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, sim := simulated(t, mdxsim.Config{}, nil)
			if err := sim.SetFaults(test.faults); err != nil {
				t.Fatal(err)
			}
			made, err := rulesOn(p).add(t.Context(), nil, []mdx.ACLRule{test.rule})
			if err == nil || len(made) > 0 || isDoubtful(err) != test.doubt {
				t.Errorf("made %v, in doubt: %v; %v", made, isDoubtful(err), err)
			}
		})
	}
}

func TestARuleInDoubtIsFoundByWhatItSays(t *testing.T) {
	t.Parallel()
	p, sim := simulated(t, mdxsim.Config{Durations: mdxsim.Durations{RuleVisible: 10 * time.Hour}}, nil)
	if err := sim.SetFaults([]mdxsim.Fault{{Route: "POST /api/acl/", Kind: mdxsim.ResetAfter, Nth: 1}}); err != nil {
		t.Fatal(err)
	}
	at := ACLRuleAt{Project: demoProject, Segment: backendNet, Rule: campus("22")[0]}
	ctx, cancel := context.WithCancel(t.Context())
	sim.Freeze() // it is not too late to show
	context.AfterFunc(t.Context(), sim.Thaw)
	go func() {
		for len(textsIn(sim, false)) == 0 {
			<-time.After(time.Millisecond)
		}
		cancel()
	}()
	rule, isAdopted, err := p.CreateRule(ctx, at)
	if !isDoubtful(err) || isAdopted || rule.ID != "" {
		t.Fatalf("%v, %v, %v", rule, isAdopted, err)
	}
	sim.Thaw()
	sim.Advance(11 * time.Hour)
	found, there, err := p.FindRule(t.Context(), at)
	if err != nil || !there || found.ID == "" {
		t.Errorf("%v, %v, %v", found, there, err)
	}
	_, _, err = p.CreateRule(t.Context(), at)
	exists, is := errors.AsType[*RuleExistsError](err)
	if !is || exists.Rule.ID != found.ID {
		t.Errorf("%v, want that %s exists", err, found.ID)
	}
}

func TestOneThatCanNotBeRemovedDoesNotKeepTheOthers(t *testing.T) {
	t.Parallel()
	var kept string
	p, sim := simulated(t, mdxsim.Config{}, nil)
	made, err := rulesOn(p).add(t.Context(), nil, campus("22", "80", "443"))
	if err != nil {
		t.Fatal(err)
	}
	kept = DescribeRule(made[1])
	remove := rulesOn(p)
	send := remove.delete
	remove.delete = func(ctx context.Context, rule mdx.ACLRule) error {
		if rule.ID == made[1].ID {
			return errors.New("refused")
		}
		return send(ctx, rule)
	}
	err = remove.remove(t.Context(), made)
	if left := textsIn(sim, false); err == nil || !strings.Contains(err.Error(), kept) || !slices.Equal(left, []string{kept}) {
		t.Errorf("left %q: %v", left, err)
	}
}

// A list in pages is believed when it omits an entry twice in a row, although it counts one more.
func TestARuleThatIsSaidToBeAbsentAndOmittedTwiceIsRemovedAllTheSame(t *testing.T) {
	t.Parallel()
	p, sim := simulated(t, mdxsim.Config{Durations: mdxsim.Durations{RuleVisible: -1}}, nil)
	made, err := rulesOn(p).add(t.Context(), nil, campus("22"))
	if err == nil {
		err = sim.SetFaults([]mdxsim.Fault{
			{Route: "DELETE /api/acl/{rule}/", Nth: 1, Kind: mdxsim.NotFound},
			{Route: "GET /api/acl/segment/{segment}/", Nth: 1, Times: 2, Kind: mdxsim.ListOmits},
		})
	}
	if err == nil {
		err = rulesOn(p).remove(t.Context(), made)
	}
	if left := textsIn(sim, false); err != nil || len(left) > 0 {
		t.Errorf("there are %q; %v", left, err)
	}
}

func TestAPublicAddressInDoubtIsTold(t *testing.T) {
	t.Parallel()
	p, sim := simulated(t, mdxsim.Config{}, nil)
	if err := sim.SetFaults([]mdxsim.Fault{{Route: "POST /api/dnat/", Kind: mdxsim.Error503, Nth: 1, Times: 3}}); err != nil {
		t.Fatal(err)
	}
	rule, isAdopted, err := p.Publish(t.Context(), published(anyFree, host(1)))
	if !isDoubtful(err) || isAdopted || rule.ID != "" || rule.PoolAddress != public10 || rule.DstAddress != host(1) {
		t.Errorf("%v, %v, %v", rule, isAdopted, err)
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
