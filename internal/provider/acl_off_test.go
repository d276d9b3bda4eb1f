package provider_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

func TestRulesToEveryAddressOfAVMThatIsOffGoWithIt(t *testing.T) {
	t.Parallel()
	w := startWorld(t, mdxsim.Config{})
	p := w.plugin(t)
	vm := func(power string) attributes {
		return smallVM(attributes{
			"network_adapters": []any{adapter(1, defaultSegment), adapter(2, backendSegment)}, "power_state": power,
		})
	}
	running := p.make(vm("running"))
	off := p.converge(running, vm("stopped"))
	if !reflect.DeepEqual(off["service_networks"], running["service_networks"]) {
		t.Fatalf("the state of a VM that is off has %v, want %v", off["service_networks"], running["service_networks"])
	}
	second := off["service_networks"].([]any)[1].(attributes)["ipv4_addresses"].([]any)[0].(string)
	rule := byHand(22)
	rule.DstAddress, rule.DstMask = second, "32"
	w.put(t, rule)
	if _, err := w.TakeGlobalAddress(backendSegment, "203.0.113.11", second); err != nil {
		t.Fatal(err)
	}
	if after, _ := p.destroy(off); after != nil {
		t.Errorf("%v is left", after)
	}
	if err := w.hasRules(t, backendSegment)(nil); err != nil {
		t.Error(err)
	}
	if err := w.hasDNATs(t, "203.0.113.13 -> 10.0.0.2")(nil); err != nil {
		t.Error(err)
	}
}

func TestRulesToAMemberThatIsOffGoWhenItLeavesTheSegment(t *testing.T) {
	t.Parallel()
	w := startWorld(t, mdxsim.Config{})
	p := w.plugin(t)
	p.resource = "mdx_vm_group"
	group := func(segment, power string) attributes {
		config := smallGroup("web", 1)
		config["network_adapters"], config["power_state"] = []any{adapter(1, segment)}, power
		return config
	}
	state := p.make(group(backendSegment, "running"))
	address, _ := state["ipv4_addresses"].([]any)[0].(string)
	state, said := p.apply(t.Context(), p.plan(state, group(backendSegment, "stopped")))
	if said != "" || address == "" {
		t.Fatal(said, address)
	}
	rule := byHand(22)
	rule.DstAddress, rule.DstMask = address, "32"
	w.put(t, rule)
	state, _ = p.refresh(state)
	if _, said := p.apply(t.Context(), p.plan(state, group(defaultSegment, "stopped"))); strings.Contains(said, "ERROR") {
		t.Fatal(said)
	}
	if err := w.hasRules(t, backendSegment)(nil); err != nil {
		t.Errorf("whoever gets %s next is exposed: %v", address, err)
	}
}

// A change that is refused gives no address up.
func TestRulesToAVMStayWhereItsAdaptersDo(t *testing.T) {
	t.Parallel()
	for name, meanwhile := range map[string]func(*plugin, colleague){
		"somebody has started it":    func(_ *plugin, c colleague) { c.starts(mdx.Spot) },
		"somebody has its next name": func(p *plugin, _ colleague) { p.make(smallVM(attributes{"name": "next"})) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := startWorld(t, mdxsim.Config{})
			p := w.plugin(t)
			config := smallVM(attributes{"network_adapters": []any{adapter(1, backendSegment)}})
			state := p.make(config)
			rule := byHand(22)
			rule.DstAddress, rule.DstMask = state["ipv4_address"].(string), "32"
			w.put(t, rule)
			if err := w.Sleep("web"); err != nil {
				t.Fatal(err)
			}
			state, _ = p.refresh(state)
			config["network_adapters"], config["name"] = []any{adapter(1, defaultSegment)}, "next"
			plan := p.plan(state, config)
			meanwhile(p, w.colleague(t))
			_, said := p.apply(t.Context(), plan)
			if !strings.Contains(said, "ERROR") || strings.Contains(said, "removed") {
				t.Error(said)
			}
			if rules := w.rules(backendSegment); len(rules) != 1 {
				t.Errorf("the rules are %v", rules)
			}
		})
	}
}
