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
	if _, err := run.begins(noteOfSet(backendSet(nil), rules)); err != nil {
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
				_, err := p.SetRules(t.Context(), backendSet(nil, campus("22")...))
				return err
			},
			func(p *Portal) error { _, err := p.CreateACLRule(t.Context(), backendNet, campus("22")[0]); return err },
		},
		"DNAT rule": {
			"POST /api/dnat/", "GET /api/dnat/project/{project}/",
			func(p *Portal) error {
				_, _, err := p.Publish(t.Context(), published(public10, host(1)))
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
	want := published(anyFree, host(1))
	if _, err := run.begins(claimOn(createDNAT, want.key())); err != nil {
		t.Fatal(err)
	}
	r.killed(run)
	over := r.late("GET /api/dnat/project/{project}/", func() error {
		return run.CreateDNAT(t.Context(), mdx.DNATRequest{PoolAddress: public10, Segment: backendNet, DstAddress: host(1)})
	})
	rule, isAdopted, err := r.run().Publish(t.Context(), want)
	over()
	if err != nil || !isAdopted || rule.PoolAddress != public10 {
		t.Errorf("adopted: %v, %v, %v", isAdopted, rule, err)
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
				return tooLate() || time.Since(begun) > 4*settling*run.pollInterval, nil
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
	keys := []string{aclRuleKey(backendNet, rules[0]), aclRuleKey(backendNet, rules[1]), aclRuleSetKey(backendNet), aclRuleSetKey(defaultNet)}
	var want []string
	for i, key := range keys {
		if _, err := run.begins(claimOn([]string{createACL, createACL, setACL, setACL}[i], key)); err != nil {
			t.Fatal(err)
		}
		want = append(want, describeKey(key))
	}
	r.killed(run)
	behind := r.run().LeftBehind()
	var told []string
	for _, one := range slices.Concat(behind.Rules, behind.RuleSets) {
		told = append(told, one.Name)
	}
	slices.Sort(want)
	slices.Sort(told)
	if !slices.Equal(told, want) || len(behind.Rules) != 2 || len(behind.VMs) != 0 {
		t.Errorf("told %v", behind)
	}
}
