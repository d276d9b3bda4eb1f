package provider_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

// opening is an mdx_network that opens ports of the segment backend.
func opening(ports ...int) attributes {
	acl := []any{}
	for _, port := range ports {
		acl = append(acl, attributes{
			"protocol": "TCP", "source_cidr": "192.0.2.0/24", "destination_cidr": "10.0.8.0/24", "destination_port": strconv.Itoa(port),
		})
	}
	return attributes{"segment_name": "backend", "acl": acl}
}

// networkPlugin is a run of Terraform about one mdx_network, of which private is known from the runs before.
func (w *world) networkPlugin(t *testing.T, private *[]byte) *plugin {
	t.Helper()
	p := w.plugin(t)
	p.resource, p.private = "mdx_network", private
	return p
}

// opened lists the rules of the segment backend.
func (w *world) opened() []string {
	var rules []string
	for _, rule := range w.rules(backendSegment) {
		rules = append(rules, rule)
	}
	slices.Sort(rules)
	return rules
}

// journalOfTheKilled goes on with a journal that has what is written now, and nobody who is alive.
func journalOfTheKilled(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	entries, err := filepath.Glob(filepath.Join(os.Getenv("MDX_JOURNAL_DIR"), "*.json"))
	if err != nil || len(entries) == 0 {
		t.Fatalf("the journal has %v: %v", entries, err)
	}
	for _, entry := range entries {
		data, err := os.ReadFile(entry)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, filepath.Base(entry)), data, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("MDX_JOURNAL_DIR", dir)
}

const (
	makesRules   = "POST /api/acl/"
	removesRules = "DELETE /api/acl/{rule}/"
)

func TestADestroyRemovesWhatAnInterruptedRunHasMadeAndNothingOfOthers(t *testing.T) {
	for name, test := range map[string]struct {
		first, then []int // the ports before the interrupted run, and those that it is to open
		fault       mdxsim.Fault
		when        func(*world) bool
		killed      bool // which leaves the state as it was; else it is Ctrl-C
	}{
		"Ctrl-C while the portal makes the first rules": {
			then:  []int{80, 443, 8080, 8443, 9443, 9090},
			fault: mdxsim.Fault{Route: makesRules, Kind: mdxsim.Slow, Delay: mdxsim.Span(800e9), Nth: 1, Times: 6},
			when:  func(w *world) bool { return len(w.opened()) > 4 },
		},
		"Ctrl-C when no answer has come": {
			then:  []int{80, 443, 8443},
			fault: mdxsim.Fault{Route: makesRules, Kind: mdxsim.ResetAfter, Nth: 1, Times: 2},
			when:  func(w *world) bool { return len(w.opened()) > 4 },
		},
		"Ctrl-C in a change of which no answer has come": {
			first: []int{22}, then: []int{22, 80, 443, 8443},
			fault: mdxsim.Fault{Route: makesRules, Kind: mdxsim.ResetAfter, Nth: 1, Times: 2},
			when:  func(w *world) bool { return len(w.opened()) > 5 },
		},
		"killed while a change makes rules": {
			first: []int{22, 25}, then: []int{25, 80, 443, 8443},
			fault:  mdxsim.Fault{Route: makesRules, Kind: mdxsim.Slow, Delay: mdxsim.Span(800e9), Nth: 1, Times: 2},
			when:   func(w *world) bool { return len(w.opened()) > 6 },
			killed: true,
		},
		"killed while a change removes some of its rules": {
			first: []int{22, 25}, then: []int{25, 80, 443},
			fault:  mdxsim.Fault{Route: removesRules, Kind: mdxsim.Slow, Delay: mdxsim.Span(eternity), Nth: 1},
			when:   func(w *world) bool { return !slices.Contains(w.opened(), opened(22)) },
			killed: true,
		},
		"killed when a change has removed all of its rules": {
			first: []int{22}, then: []int{80, 443},
			fault:  mdxsim.Fault{Route: removesRules, Kind: mdxsim.Slow, Delay: mdxsim.Span(eternity), Nth: 1},
			when:   func(w *world) bool { return !slices.Contains(w.opened(), opened(22)) },
			killed: true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("MDX_JOURNAL_DIR", t.TempDir())
			w := startWorld(t, mdxsim.Config{})
			w.put(t, byHand(53))
			w.put(t, byHand(443)) // as the resource wants it, too
			var another []byte
			other := w.networkPlugin(t, &another)
			other.refresh(other.make(opening(8181)))
			others := w.opened()

			private := []byte{}
			p := w.networkPlugin(t, &private)
			var state attributes
			if test.first != nil {
				state = p.make(opening(test.first...))
				state, _ = p.refresh(state)
			}
			if err := w.SetFaults([]mdxsim.Fault{test.fault}); err != nil {
				t.Fatal(err)
			}
			before, plan := private, p.plan(state, opening(test.then...))
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var after attributes
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				after, _ = p.apply(ctx, plan)
			}()
			until(t, func() bool { return test.when(w) })
			if test.killed {
				journalOfTheKilled(t)
			}
			cancel()
			<-ended
			if !test.killed {
				state = after
			} else {
				private = before
			}
			if err := w.SetFaults(nil); err != nil {
				t.Fatal(err)
			}
			if rules := w.opened(); len(rules) <= len(others) {
				t.Fatalf("nothing is left to remove: %v", rules)
			}

			next := w.networkPlugin(t, &private)
			state, said := next.refresh(state)
			if said != "" {
				t.Fatal(said)
			}
			if _, said = next.destroy(state); strings.Contains(said, "ERROR") {
				t.Error(said)
			}
			if got := w.opened(); !slices.Equal(got, others) {
				t.Errorf("after the destroy there are %q, want those of others, %q", got, others)
			}
			if left, _ := filepath.Glob(filepath.Join(os.Getenv("MDX_JOURNAL_DIR"), "*.json")); len(left) > 0 {
				t.Errorf("the journal still has %v", left)
			}
		})
	}
}

func TestARuleThatTheListLeavesOutOnceStaysTheResources(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		nth  int // which look leaves it out
		then func(*plugin, attributes) (attributes, string)
		want []int
	}{
		"refreshed": {1, func(p *plugin, state attributes) (attributes, string) { return p.refresh(state) }, []int{80}},
		"planned": {1, func(p *plugin, state attributes) (attributes, string) {
			return state, strings.Join(p.plan(state, opening(80)).changes(), " ")
		}, []int{80}},
		"changed": {2, func(p *plugin, state attributes) (attributes, string) {
			return p.apply(p.t.Context(), p.plan(state, opening(80, 443)))
		}, []int{80, 443}},
		"destroyed": {1, (*plugin).destroy, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := startWorld(t, mdxsim.Config{Quirks: mdxsim.Quirks{Lists: "bare"}}) // no count tells that one is missing
			private := []byte{}
			first := w.networkPlugin(t, &private)
			state, _ := first.refresh(first.make(opening(80))) // after which no journal knows of the rule
			p := w.networkPlugin(t, &private)
			if err := w.SetFaults([]mdxsim.Fault{{Route: "GET /api/acl/segment/{segment}/", Kind: mdxsim.ListOmits, Nth: test.nth}}); err != nil {
				t.Fatal(err)
			}
			state, said := test.then(p, state)
			if said != "" || w.Faults()[0].Fired != 1 {
				t.Errorf("said %q, left out %d times", said, w.Faults()[0].Fired)
			}
			var want []string
			for _, port := range test.want {
				want = append(want, opened(port))
			}
			slices.Sort(want)
			if ids, _ := state["rule_ids"].([]any); !slices.Equal(w.opened(), want) || len(ids) != len(want) {
				t.Errorf("the segment has %q, of which %v are the resource's; want %q", w.opened(), ids, want)
			}
		})
	}
}

func TestARuleWhoseStateWasLostIsNotForgottenForAListThatLeavesItOutOnce(t *testing.T) {
	t.Setenv("MDX_JOURNAL_DIR", t.TempDir())
	w := startWorld(t, mdxsim.Config{Quirks: mdxsim.Quirks{Lists: "bare"}}) // no count tells that one is missing
	private := []byte{}
	p := w.networkPlugin(t, &private)
	state, _ := p.refresh(p.make(opening(22)))
	before := private
	p.apply(t.Context(), p.plan(state, opening(22, 80))) // after which Terraform was killed
	private = before
	p = w.networkPlugin(t, &private)
	if err := w.SetFaults([]mdxsim.Fault{{Route: "GET /api/acl/segment/{segment}/", Kind: mdxsim.ListOmits, Element: 1, Nth: 1}}); err != nil {
		t.Fatal(err)
	}
	state, _ = p.refresh(state)
	if _, said := p.destroy(state); said != "" || len(w.opened()) > 0 {
		t.Errorf("the segment still has %q: %s", w.opened(), said)
	}
}
