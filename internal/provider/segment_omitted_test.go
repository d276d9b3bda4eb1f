package provider_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

const listsSegments = "GET /api/segment/project/{project}/all/"

func TestASegmentThatTheListLeavesOutOnceIsNotGone(t *testing.T) {
	t.Parallel()
	const element = 1 // backend
	for name, test := range map[string]struct {
		resource string
		config   attributes
		faults   []mdxsim.Fault
		destroys bool
		twice    bool
	}{
		"a network is refreshed":                   {"mdx_network", opening(80), nil, false, false},
		"a network is refreshed, and two lists do": {"mdx_network", opening(80), nil, false, true},
		"a network is destroyed": {"mdx_network", opening(80), []mdxsim.Fault{
			{Route: "GET /api/acl/segment/{segment}/", Kind: mdxsim.NotFound, Nth: 1, Times: 50},
		}, true, false},
		"an access rule is refreshed": {"mdx_acl_rule", entering("80"), []mdxsim.Fault{
			{Route: "GET /api/acl/segment/{segment}/", Kind: mdxsim.NotFound, Nth: 1, Times: 50},
		}, false, false},
		"an access rule is destroyed": {"mdx_acl_rule", entering("80"), []mdxsim.Fault{
			{Route: "GET /api/acl/segment/{segment}/", Kind: mdxsim.NotFound, Nth: 1, Times: 50},
		}, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := startWorld(t, mdxsim.Config{Quirks: mdxsim.Quirks{Lists: "bare"}}) // no count tells that one is missing
			private := []byte{}
			p := w.networkPlugin(t, &private)
			p.resource = test.resource
			state, _ := p.refresh(p.make(test.config))
			p = w.networkPlugin(t, &private)
			p.resource = test.resource
			times := 1
			if test.twice { // its rules say that it is there
				times = 2
			}
			faults := slices.Concat(test.faults, []mdxsim.Fault{{Route: listsSegments, Kind: mdxsim.ListOmits, Element: element, Nth: 1, Times: times}})
			if err := w.SetFaults(faults); err != nil {
				t.Fatal(err)
			}
			do := p.refresh
			if test.destroys {
				do = p.destroy
			}
			after, said := do(state)
			if after == nil {
				t.Errorf("the state has nothing, and the segment %q: %s", w.opened(), said)
			}
			if all := w.Faults(); all[len(all)-1].Fired == 0 {
				t.Error("no list left it out")
			}
		})
	}
}

func TestRulesFindTheirSegmentThoughTheListLeavesItOutOnce(t *testing.T) {
	for name, do := range map[string]func(w *world, p *plugin, state attributes){
		"a DNAT rule is refreshed": func(_ *world, p *plugin, state attributes) {
			state, said := p.refresh(state)
			if plan := p.plan(state, publishing(nil)); !plan.empty() {
				p.t.Errorf("the plan changes %v and replaces for %v: %s %s", plan.changes(), plan.replaces, said, plan.said)
			}
		},
		"a DNAT rule is imported": func(_ *world, p *plugin, _ attributes) {
			if state, said := p.imported("203.0.113.10"); state["segment_id"] != backendSegment {
				p.t.Errorf("the state has %v: %s", state, said)
			}
		},
		"a DNAT rule that the state has lost is taken up": func(w *world, p *plugin, _ attributes) {
			plan := planned{config: publishing(nil), after: p.plan(nil, publishing(nil)).after}
			if state, said := p.apply(p.t.Context(), plan); !strings.Contains(said, "taken up") || w.ours() != 1 {
				p.t.Errorf("the state has %v, and there are %d: %s", state, w.ours(), said)
			}
		},
		"an access rule is planned": func(_ *world, p *plugin, _ attributes) {
			p.resource = "mdx_acl_rule"
			if said := p.plan(nil, entering("80")).said; said != "" {
				p.t.Error(said)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("MDX_JOURNAL_DIR", t.TempDir())
			w := startWorld(t, mdxsim.Config{Quirks: mdxsim.Quirks{Lists: "bare"}})
			state := w.rulePlugin(t, "mdx_dnat").make(publishing(nil))
			if err := w.SetFaults([]mdxsim.Fault{{Route: listsSegments, Kind: mdxsim.ListOmits, Element: 1, Nth: 1}}); err != nil {
				t.Fatal(err)
			}
			do(w, w.rulePlugin(t, "mdx_dnat"), state)
			if w.Faults()[0].Fired != 1 {
				t.Error("no list left it out")
			}
		})
	}
}
