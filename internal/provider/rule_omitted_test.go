package provider_test

import (
	"strings"
	"testing"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

func TestARuleThatTheListLeavesOutOnceIsNotMadeAgain(t *testing.T) {
	t.Parallel()
	const last = 99
	for name, test := range map[string]struct {
		resource, lists string
		config          attributes
		want            string
	}{
		"an access rule":   {"mdx_acl_rule", "GET /api/acl/segment/{segment}/", entering("22"), "Rule exists already"},
		"a network's rule": {"mdx_network", "GET /api/acl/segment/{segment}/", opening(22), "Rules exist already"},
		"a DNAT rule":      {"mdx_dnat", "GET /api/dnat/project/{project}/", publishing(nil), "Public address exists already"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := startWorld(t, mdxsim.Config{Quirks: mdxsim.Quirks{Lists: "bare"}}) // no count tells that one is missing
			theirs := byHand(22)
			if test.resource == "mdx_acl_rule" {
				theirs.DstAddress, theirs.DstMask = "10.0.8.1", "32"
			}
			w.put(t, theirs)
			if _, err := w.TakeGlobalAddress(backendSegment, "203.0.113.12", "10.0.8.1"); err != nil {
				t.Fatal(err)
			}
			before := w.ours()
			p := w.networkPlugin(t, &[]byte{})
			p.resource = test.resource
			plan := p.plan(nil, test.config)
			if err := w.SetFaults([]mdxsim.Fault{{Route: test.lists, Kind: mdxsim.ListOmits, Element: last, Nth: 1}}); err != nil {
				t.Fatal(err)
			}
			_, said := p.apply(t.Context(), plan)
			if made := w.ours() - before; made > 0 || !strings.Contains(said, test.want) {
				t.Errorf("%d are made: %s", made, said)
			}
			if w.Faults()[0].Fired != 1 {
				t.Error("no list left it out")
			}
		})
	}
}

func TestAnExclusiveNetworkRemovesARuleThatTheListLeavesOutOnce(t *testing.T) {
	t.Parallel()
	for _, exists := range []bool{false, true} {
		w := startWorld(t, mdxsim.Config{Quirks: mdxsim.Quirks{Lists: "bare"}})
		private := []byte{}
		p := w.networkPlugin(t, &private)
		config := opening(80)
		config["exclusive"] = true
		var state attributes
		if exists {
			state, _ = p.refresh(p.make(config))
		}
		w.put(t, byHand(22))
		p = w.networkPlugin(t, &private)
		if exists {
			state, _ = p.refresh(state)
		}
		plan := p.plan(state, config)
		if err := w.SetFaults([]mdxsim.Fault{{Route: "GET /api/acl/segment/{segment}/", Kind: mdxsim.ListOmits, Element: 99, Nth: 1}}); err != nil {
			t.Fatal(err)
		}
		_, said := p.apply(t.Context(), plan)
		if w.Faults()[0].Fired != 1 || len(w.opened()) != 1 {
			t.Errorf("changed %v: the segment has %q: %s", exists, w.opened(), said)
		}
	}
}

func TestAnImportTakesARuleInHandThatTheListLeavesOutOnce(t *testing.T) {
	t.Parallel()
	w := startWorld(t, mdxsim.Config{Quirks: mdxsim.Quirks{Lists: "bare"}})
	w.put(t, byHand(22))
	if err := w.SetFaults([]mdxsim.Fault{{Route: "GET /api/acl/segment/{segment}/", Kind: mdxsim.ListOmits, Nth: 1}}); err != nil {
		t.Fatal(err)
	}
	p := w.networkPlugin(t, &[]byte{})
	if state, said := p.imported("backend"); w.Faults()[0].Fired != 1 || len(state["rule_ids"].([]any)) != 1 {
		t.Errorf("the state has %v: %s", state, said)
	}
}
