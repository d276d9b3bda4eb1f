package campaign

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

// unruly adds what people do meanwhile, here and on the portal, and an overload in which its answers contradict each other.
func (s *scenario) unruly(seed uint64) *scenario {
	s.unruled = numbers(seed, 0x756e72756c65)
	return s
}

// nameOf is what the VM of a letter is called.
func (s *scenario) nameOf(letter string) string {
	if s.renamed[letter] {
		return "vm-" + letter + "-2"
	}
	return "vm-" + letter
}

// keyOf is the key of the rules to a VM, as in for_each.
func (s *scenario) keyOf(letter string) string {
	if s.moved[letter] {
		return letter + "_moved"
	}
	return letter
}

// nextUnruly changes names, keys, and what else leaves VMs as they are.
func (s *scenario) nextUnruly() {
	if s.unruled == nil {
		return
	}
	for range 1 + s.unruled.IntN(3) {
		what, which := s.unruled.IntN(6), s.unruled.IntN(5)
		letters := slices.Sorted(maps.Keys(s.vms))
		if len(letters) == 0 {
			continue
		}
		letter := letters[which%len(letters)]
		switch what {
		case 0:
			s.renamed[letter] = !s.renamed[letter] || s.heirs[letter] // a name that was handed on does not come back
		case 1, 2:
			s.moved[letter] = !s.moved[letter]
		case 3:
			s.second[letter] = !s.second[letter]
		case 4:
			if s.renamed[letter] && !s.heirs[letter] {
				s.heirs[letter] = true
			}
		case 5:
			of := []string{"open", "closed"}[which%2]
			s.patient[of] = !s.patient[of]
		}
	}
}

// dnatsTo are the DNAT rules to a VM: one, or two. Of two, each names its address: a second is never made but by name.
func (s *scenario) dnatsTo(letter, segment string) map[string]resource {
	to := func() object { return object{"segment_id": segment, "destination_address": addressOf(letter)} }
	one := to()
	rules := map[string]resource{"mdx_dnat." + s.keyOf(letter): {one}}
	if s.second[letter] {
		two := to()
		one["pool_address"], two["pool_address"] = named(2, letter), named(3, letter)
		rules["mdx_dnat.second_"+letter] = resource{two}
	}
	return rules
}

// named is a public address that the configuration names.
func named(tens int, letter string) string {
	return fmt.Sprintf("203.0.113.%d%d", tens, strings.Index("abcde", letter))
}

// roomy has public addresses for what is chosen by name, behind those that the provider chooses of; of these as many as
// there are while rules whose keys have changed come before the old ones go.
func roomy() *mdxsim.World {
	w := mdxsim.DefaultWorld()
	p := &w.Organisations[0].Projects[0]
	for _, free := range []int{14, 15, 16} {
		p.GlobalAddresses = append(p.GlobalAddresses, fmt.Sprint("203.0.113.", free))
	}
	for _, letter := range []string{"a", "b", "c", "d", "e"} {
		p.GlobalAddresses = append(p.GlobalAddresses, named(2, letter), named(3, letter))
	}
	return w
}

// whim is what befalls a step of an unruly course besides.
type whim struct {
	again  bool // the same configuration is applied under fire once more
	blind  bool // -refresh=false under fire
	dark   bool // and in peace, the first time
	slash  bool // the endpoint is spelled with a slash at its end
	deaf   bool // the strike is one between an answer and the state
	doubts bool // an import is planned, and thought better of
	deny   int  // which removal of a rule is answered with 404, the rule being there
	amid   int  // a rule is removed on the portal just before the nth change is applied; negative: none
	deeds  []deed
	faults []mdxsim.Fault
}

// deed is what somebody does between two runs: to the nth thing of the state that it can be done to.
type deed struct {
	kind string
	nth  int
	when moment
}

// moment is before which run somebody does something.
type moment int

// The moments of a step.
const (
	beforeFire moment = iota
	beforeMore        // if there is a second run under fire
	beforePeace
)

// The kinds of deeds.
const (
	renames  = "renames a VM on the portal"
	stops    = "stops a VM on the portal"
	removes  = "removes a rule on the portal"
	destroys = "destroys a VM on the portal"
	forgets  = "drops something from the state and imports it"
)

// befalls draws the same number of numbers for all steps.
func (s *scenario) befalls() whim {
	if s.unruled == nil {
		return whim{amid: -1}
	}
	one := func(in int) bool { return s.unruled.IntN(in) == 0 }
	w := whim{again: one(3), blind: one(3), dark: one(4), slash: one(3), deaf: one(6), doubts: one(2), amid: s.unruled.IntN(12) - 6}
	w.deny = max(0, s.unruled.IntN(8)-3)
	kinds := []string{renames, renames, stops, removes, removes, destroys, forgets, forgets}
	for range 4 {
		d, happens := deed{kinds[s.unruled.IntN(len(kinds))], s.unruled.IntN(24), moment(s.unruled.IntN(3))}, one(2)
		if happens {
			w.deeds = append(w.deeds, d)
		}
	}
	lists := []struct {
		route       string
		within, gap int // asked how often, and how often an answer is complete between two that are not
	}{
		{"GET /api/segment/project/{project}/all/", 3, 3},
		{"GET /api/dnat/project/{project}/", 5, 5},
		{"GET /api/acl/segment/{segment}/", 8, 5},
		{"GET /api/vm/project/{project}/", 10, 8},
	}
	for _, l := range lists {
		happens, nth := one(2), 1+s.unruled.IntN(l.within)
		for range 3 {
			if f := (mdxsim.Fault{Route: l.route, Nth: nth, Times: 1, Kind: mdxsim.ListOmits, Element: s.unruled.IntN(8)}); happens {
				w.faults = append(w.faults, f)
			}
			nth += 1 + l.gap + s.unruled.IntN(l.within)
		}
	}
	list, from, times := lists[s.unruled.IntN(len(lists))].route, 1+s.unruled.IntN(4), 1+s.unruled.IntN(8)
	if one(4) { // a list that is denied for a while
		w.faults = append(w.faults, mdxsim.Fault{Route: list, Nth: from, Times: times, Kind: mdxsim.NotFound})
	}
	for _, route := range []string{"DELETE /api/acl/{rule}/", "DELETE /api/dnat/{dnat}/"} {
		happens, nth, after, first := one(3), 1+s.unruled.IntN(4), one(2), one(2)
		if happens && first { // unavailable first
			w.faults = append(w.faults, mdxsim.Fault{Route: route, Nth: nth, Times: 1, Kind: mdxsim.Error503})
			nth++
		}
		if happens {
			w.faults = append(w.faults, mdxsim.Fault{Route: route, Nth: nth, Times: 1, Kind: mdxsim.NotFound, After: after})
		}
	}
	return w
}

// String tells it in a log.
func (w whim) String() string {
	var text strings.Builder
	fmt.Fprintf(&text, "again %v, blind %v, dark %v, slash %v, deaf %v, doubts %v, denied %d, amid %d", w.again, w.blind, w.dark, w.slash,
		w.deaf, w.doubts, w.deny, w.amid)
	for _, d := range w.deeds {
		fmt.Fprintf(&text, ", %s (%d, %d)", d.kind, d.nth, d.when)
	}
	for _, f := range w.faults {
		fmt.Fprintf(&text, ", %s %d times at request %d of %s", f.Kind, f.Times, f.Nth, f.Route)
	}
	return text.String()
}
