package provider_test

import (
	"maps"
	"testing"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

// carriedOut are answers after which nobody knows what became of a request, all of them given to one that was carried out.
var carriedOut = map[string]mdxsim.Fault{
	"lost answer":        {Kind: mdxsim.ResetAfter},
	"internal error":     {Kind: mdxsim.Error500, After: true},
	"bad gateway":        {Kind: mdxsim.Error502, After: true},
	"service no more":    {Kind: mdxsim.Error503, After: true},
	"answer cut short":   {Kind: mdxsim.Truncated},
	"page of the portal": {Kind: mdxsim.HTML, After: true},
}

// A request whose outcome is open is resolved by asking the portal. Were it simply sent again, the portal would count it.
func TestWhatWasCarriedOutIsNotAskedForAgainWhateverTheAnswer(t *testing.T) {
	t.Parallel()
	copied := attributes{"name": "copy", "source_vm_id": satoVM, "pack_num": 1, "disk_size": 40}
	bigger := attributes{"allow_stopping_for_update": true, "pack_num": 4}
	for what, test := range map[string]struct {
		route       string
		first, then attributes // what is there before, and what it is to become: nil for nothing
		underLoad   bool       // the portal answers it with 404 when it has too much to do
	}{
		"deploy":      {"POST /api/vm/deploy/", nil, smallVM(nil), true},
		"clone":       {"POST /api/vm/{vm}/clone/", nil, copied, true},
		"start":       {"POST /api/vm/{vm}/power_on/", smallVM(attributes{"power_state": "stopped"}), smallVM(nil), false},
		"shut down":   {"POST /api/vm/{vm}/shutdown/", smallVM(nil), smallVM(attributes{"power_state": "stopped"}), false},
		"reconfigure": {"POST /api/vm/{vm}/reconfigure/", smallVM(nil), smallVM(bigger), false},
		"rename":      {"POST /api/vm/{vm}/rename/", smallVM(nil), smallVM(attributes{"name": "web2"}), false},
		"power off":   {"POST /api/vm/{vm}/power_off/", smallVM(nil), nil, false},
		"destroy":     {"POST /api/vm/{vm}/destroy/", smallVM(nil), nil, false},
	} {
		faults := maps.Clone(carriedOut)
		if test.underLoad {
			faults["not found, under load"] = mdxsim.Fault{Kind: mdxsim.NotFound, After: true}
		}
		for answer, fault := range faults {
			t.Run(what+", "+answer, func(t *testing.T) {
				t.Parallel()
				w := startWorld(t, mdxsim.Config{})
				p := w.plugin(t)
				var state attributes
				if test.first != nil {
					state = p.make(test.first)
				}
				fault.Route, fault.Nth = test.route, 1
				before := w.asked(test.route)
				if err := w.SetFaults([]mdxsim.Fault{fault}); err != nil {
					t.Fatal(err)
				}
				var said string
				if test.then == nil {
					_, said = p.destroy(state)
				} else {
					_, said = p.apply(t.Context(), p.plan(state, test.then))
				}
				if said != "" {
					t.Error(said)
				}
				if asked := w.asked(test.route) - before; asked != 1 {
					t.Errorf("asked %d times", asked)
				}
				if stats := w.Stats(); len(stats.DuplicateNames) > 0 || w.Faults()[0].Fired != 1 {
					t.Errorf("asked for again: %q; the fault happened %d times", stats.DuplicateNames, w.Faults()[0].Fired)
				}
			})
		}
	}
}
