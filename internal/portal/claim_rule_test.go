package portal

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/journal"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

// late has the portal carry out a request of a killed run only when the next run has looked for what comes of it more
// often than for something that the portal has in its list, or when that run is over. Its time stands until then, so that
// no request is too old.
func (r *runs) late(list string, send func() error) (over func()) {
	r.t.Helper()
	r.Freeze()
	before := r.Stats().Routes[list]
	ended := make(chan struct{})
	var portal sync.WaitGroup
	portal.Go(func() {
		defer r.Thaw()
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for waits := true; waits && r.Stats().Routes[list] < before+5*settling; {
			select {
			case <-tick.C:
			case <-ended:
				waits = false
			}
		}
		if err := send(); err != nil {
			r.t.Error(err)
		}
	})
	return func() {
		close(ended)
		portal.Wait()
	}
}

func TestRulesThatThePortalMakesLongAfterTheKillAreMadeOnce(t *testing.T) {
	r := newRuns(t, mdxsim.Config{})
	run := r.run()
	rules := campus("22", "80")
	if _, err := run.noteRules(leftProject, backendNet, RuleOwner{}, rules); err != nil {
		t.Fatal(err)
	}
	r.killed(run)
	over := r.late("GET /api/acl/segment/{segment}/", func() error {
		_, err := run.CreateACLRule(t.Context(), backendNet, rules[0])
		return err
	})
	result := r.reconciles(nil, rules...)
	over()
	r.hasRules(rules...)
	if len(result.Own) != len(rules) || len(result.Shared) > 0 {
		t.Errorf("%d are its own, %d others', want all %d its own", len(result.Own), len(result.Shared), len(rules))
	}
}

func TestRulesWhoseRequestIsLostAreNotAskedForAgainWhileThePortalMayBeAtWork(t *testing.T) {
	dnat := mdx.DNATRequest{PoolAddress: public10, Segment: backendNet, DstAddress: host(1)}
	for name, test := range map[string]struct {
		post, list string
		ask        func(*Portal) error
		carriedOut func(*Portal) error
	}{
		"access rule": {
			"POST /api/acl/", "GET /api/acl/segment/{segment}/",
			func(p *Portal) error {
				_, err := p.SetRules(t.Context(), leftProject, backendNet, campus("22"), RuleOwner{}, NoRule)
				return err
			},
			func(p *Portal) error { _, err := p.CreateACLRule(t.Context(), backendNet, campus("22")[0]); return err },
		},
		"DNAT rule": {
			"POST /api/dnat/", "GET /api/dnat/project/{project}/",
			func(p *Portal) error {
				_, err := p.Publish(t.Context(), leftProject, backendNet, public10, host(1), ignoreAddress)
				return err
			},
			func(p *Portal) error { return p.CreateDNAT(t.Context(), dnat) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRuns(t, mdxsim.Config{})
			if err := r.SetFaults([]mdxsim.Fault{{Route: test.post, Nth: 1, Kind: mdxsim.NotFound}}); err != nil {
				t.Fatal(err)
			}
			run := r.run()
			over := r.late(test.list, func() error { return test.carriedOut(run) })
			err := test.ask(run)
			over()
			if posts := r.Stats().Routes[test.post]; err != nil || posts != 2 {
				t.Errorf("%v; %d requests, want the one that was lost and that of the portal at work", err, posts)
			}
		})
	}
}

func TestADNATRuleThatThePortalMakesLongAfterTheKillIsTakenUp(t *testing.T) {
	r := newRuns(t, mdxsim.Config{})
	run := r.run()
	thing := DNATThing(backendNet, anyFree, host(1))
	if _, err := run.journal.Journal.Begin(journal.Entry{Key: run.journal.key(leftProject, thing), Operation: OperationCreateDNAT, Asked: run.Now()}); err != nil {
		t.Fatal(err)
	}
	r.killed(run)
	over := r.late("GET /api/dnat/project/{project}/", func() error {
		return run.CreateDNAT(t.Context(), mdx.DNATRequest{PoolAddress: public10, Segment: backendNet, DstAddress: host(1)})
	})
	next := r.run()
	found, err := next.LeftRule(t.Context(), leftProject, func() (bool, bool, error) {
		there, err := next.DNATRules(t.Context(), leftProject, 0)
		return slices.ContainsFunc(there, func(rule mdx.DNAT) bool { return rule.DstAddress == host(1) }), false, err
	}, thing)
	over()
	if err != nil || !found {
		t.Errorf("taken up: %v, %v", found, err)
	}
}

func TestHowLongARuleOfAnInterruptedRunIsLookedFor(t *testing.T) {
	for name, test := range map[string]struct {
		outcome journal.Outcome
		age     time.Duration
		long    bool
	}{
		"killed just now":                     {journal.Open, time.Second, true},
		"killed before many others were made": {journal.Open, 20 * time.Minute, true},
		"killed long ago":                     {journal.Open, 2 * madeWithin, false},
		"nobody heard the answer":             {journal.Lost, time.Second, true},
		"made, and the state was lost":        {journal.Accepted, time.Second, false},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRuns(t, mdxsim.Config{})
			run := r.run()
			r.Freeze()
			if _, err := run.DNATs(t.Context(), leftProject); err != nil { // which tells the portal's time
				t.Fatal(err)
			}
			tooLate := run.tooLateFor([]journal.Entry{{Outcome: test.outcome, Asked: run.Now().Add(-test.age)}})
			begun := time.Now()
			err := run.Await(t.Context(), "it to be too late", func() (bool, error) {
				return tooLate() || time.Since(begun) > 4*settling*run.PollInterval, nil
			})
			if err != nil || tooLate() == test.long {
				t.Errorf("too late after %s: %v, %v", time.Since(begun), tooLate(), err)
			}
			r.Advance(run.requestTimeout + time.Minute)
			if _, err := run.DNATs(t.Context(), leftProject); err != nil || !tooLate() {
				t.Errorf("looked for when no answer can come any more: %v", err)
			}
		})
	}
}

func TestWhatIsLeftIsToldByKind(t *testing.T) {
	r := newRuns(t, mdxsim.Config{})
	run := r.run()
	rules := campus("22", "443")
	things := []string{ACLThing(backendNet, rules[0]), ACLThing(backendNet, rules[1]), aclsThing(backendNet), aclsThing(defaultNet)}
	for i, thing := range things {
		operation := []string{OperationCreateACL, OperationCreateACL, setACL, setACL}[i]
		_, err := run.journal.Journal.Begin(journal.Entry{Key: run.journal.key(leftProject, thing), Operation: operation, Asked: run.Now()})
		if err != nil {
			t.Fatal(err)
		}
	}
	r.killed(run)
	behind := r.run().LeftBehind()
	var told []string
	for _, one := range slices.Concat(behind.Rules, behind.RuleSets) {
		told = append(told, one.Name)
	}
	slices.Sort(things)
	slices.Sort(told)
	if !slices.Equal(told, things) || len(behind.Rules) != 2 || len(behind.VMs) != 0 {
		t.Errorf("told %v", behind)
	}
}
