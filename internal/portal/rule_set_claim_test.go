package portal

import (
	"slices"
	"testing"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/journal"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

// begins notes what a run is about to ask for.
func (p *Portal) begins(entry journal.Entry) (*journal.Intent, error) {
	entry.Key, entry.Asked = p.journal.key(leftProject, entry.Name), p.Now()
	return p.journal.Journal.Begin(entry)
}

// killedIn begins to make rules on a segment that a resource has some of its own on, and is killed after the first few.
func (r *runs) killedIn(own []mdx.ACLRuleID, rules []mdx.ACLRule, made int) {
	r.t.Helper()
	run := r.run()
	if _, err := run.begins(noteOfSet(backendSet(own), rules)); err != nil {
		r.t.Fatal(err)
	}
	for _, rule := range rules[:made] {
		if _, err := run.CreateACLRule(r.t.Context(), backendNet, rule); err != nil {
			r.t.Fatal(err)
		}
	}
	r.killed(run)
}

// reconciles brings the segment to what a resource wants, in a run of its own.
func (r *runs) reconciles(own []mdx.ACLRuleID, want ...mdx.ACLRule) RuleSetResult {
	r.t.Helper()
	run := r.run()
	result, err := run.SetRules(r.t.Context(), backendSet(own, want...))
	if err != nil {
		r.t.Fatal(err)
	}
	r.killed(run)
	return result
}

// refreshes has the journal forget what a state with rules accounts for, and tells how many entries remain.
func (r *runs) refreshes(own []mdx.ACLRuleID) int {
	r.t.Helper()
	run := r.run()
	have, err := run.Rules(r.t.Context(), backendNet)
	if err != nil {
		r.t.Fatal(err)
	}
	run.SettleRules(r.t.Context(), backendSet(own), have)
	return r.journaled(run, aclRuleSetKey(backendNet))
}

// hasRules checks which rules the segment has of ours: each once.
func (r *runs) hasRules(want ...mdx.ACLRule) {
	r.t.Helper()
	if got := textsIn(r.Sim, false); !slices.Equal(got, sortedTexts(want)) {
		r.t.Errorf("the segment has %q, want %q", got, sortedTexts(want))
	}
}

func TestRulesThatAKilledApplyHasMadeAreTheResourcesAndNotOthers(t *testing.T) {
	rules := campus("22", "80", "443", "8080", "8443")
	for name, made := range map[string]int{"before the first": 0, "in the middle": 3, "after the last": 5} {
		t.Run(name, func(t *testing.T) {
			r := newRuns(t, mdxsim.Config{})
			putForeign(t, r.Sim, campus("53"))
			r.killedIn(nil, rules, made)
			wanted := slices.Concat(rules, campus("53"))
			result := r.reconciles(nil, wanted...)
			r.hasRules(rules...)
			if len(result.Own) != len(rules) || len(result.Shared) != 1 {
				t.Fatalf("%d are its own and %d others', want %d and 1", len(result.Own), len(result.Shared), len(rules))
			}
			if left := r.refreshes(result.Own); left != 0 {
				t.Errorf("%d entries remain although the state has all", left)
			}
			r.reconciles(result.Own) // wants none any more
			r.hasRules()
			if others := textsIn(r.Sim, true); !slices.Contains(others, sortedTexts(campus("53"))[0]) {
				t.Errorf("others have %q", others)
			}
		})
	}
}

func TestRulesOfAKilledChangeThatNobodyWantsAnyMoreGo(t *testing.T) {
	r := newRuns(t, mdxsim.Config{})
	first := r.reconciles(nil, campus("22")...)
	r.refreshes(first.Own)
	r.killedIn(first.Own, campus("80", "443"), 2)
	second := r.reconciles(first.Own, campus("22", "443")...) // 80 was taken out of the configuration meanwhile
	r.hasRules(campus("22", "443")...)
	if left := r.refreshes(second.Own); len(second.Own) != 2 || left != 0 {
		t.Errorf("%d are its own, %d entries remain", len(second.Own), left)
	}
}

func TestRulesThatAnotherKilledResourceHasMadeAreLeftToIt(t *testing.T) {
	r := newRuns(t, mdxsim.Config{})
	first := r.reconciles(nil, campus("22")...)
	r.refreshes(first.Own)
	r.killedIn(nil, campus("80", "443"), 2) // of a resource that has none yet
	first = r.reconciles(first.Own, campus("22", "25")...)
	r.hasRules(campus("22", "25", "80", "443")...)
	if left := r.refreshes(first.Own); left != 1 {
		t.Errorf("%d entries, want that of the other", left)
	}
	second := r.reconciles(nil, campus("80", "443")...)
	if len(second.Own) != 2 || len(second.Shared) != 0 {
		t.Errorf("%d are its own and %d others'", len(second.Own), len(second.Shared))
	}
}

func TestRulesThatAnotherKilledResourceHasMadeAreToldUntilItHasThem(t *testing.T) {
	r := newRuns(t, mdxsim.Config{})
	r.killedIn(nil, campus("80"), 1)
	for _, change := range []struct {
		want  []mdx.ACLRule
		tells int
	}{{campus("22"), 1}, {campus("80"), 0}} {
		r.reconciles(nil, change.want...)
		if left := r.run().LeftBehind().RuleSets; len(left) != change.tells {
			t.Errorf("after %s was made, told %v, want %d sets", DescribeRule(change.want[0]), left, change.tells)
		}
	}
}

func TestRulesWhoseStateWasLostAfterTheApplyAreTakenUp(t *testing.T) {
	r := newRuns(t, mdxsim.Config{})
	for range 2 { // lost twice
		if result := r.reconciles(nil, campus("22", "80")...); len(result.Own) != 2 {
			t.Errorf("%d are its own", len(result.Own))
		}
	}
	r.hasRules(campus("22", "80")...)
}

func TestARuleThatNobodyKnowsWhetherItIsThereKeepsItsEntry(t *testing.T) {
	r := newRuns(t, mdxsim.Config{})
	r.killedIn(nil, campus("22"), 0)
	if left := r.refreshes(nil); left != 1 {
		t.Errorf("%d entries: the rule may show late", left)
	}
	if left := r.run().LeftBehind(); len(left.RuleSets) != 1 {
		t.Errorf("told %v", left)
	}
}

func TestRulesThatAKilledChangeHasMadeAreSeenByAPlanThatFindsAllInPlace(t *testing.T) {
	r := newRuns(t, mdxsim.Config{})
	first := r.reconciles(nil, campus("22")...)
	r.refreshes(first.Own)
	r.killedIn(first.Own, campus("80"), 1)
	run := r.run()
	var have []mdx.ACLRule
	err := run.Await(t.Context(), "both rules", func() (bool, error) {
		var err error
		have, err = run.Rules(t.Context(), backendNet)
		return len(have) == 2, err
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		project mdx.ProjectID
		own     []mdx.ACLRuleID
		want    bool
	}{
		"the state lacks one": {leftProject, first.Own, true},
		"the state has all":   {leftProject, ruleIDs(have), false},
		"another's":           {"another", first.Own, false},
	} {
		set := backendSet(test.own, campus("22", "80")...)
		set.Project = test.project
		if got := run.hasLeftRules(set, have); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
