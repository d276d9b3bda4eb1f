package provider_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

// open is a rule as an element of acl, and as the portal has it.
func open(port int) string {
	return fmt.Sprintf(`{ protocol = "TCP", source_cidr = "192.0.2.0/24", destination_cidr = "10.0.8.0/24", destination_port = %d },`, port)
}

func opened(port int) string { return fmt.Sprintf("TCP 192.0.2.0/24 Any 10.0.8.0/24 %d", port) }

func byHand(port int) mdxsim.ACLRule {
	return mdxsim.ACLRule{
		Protocol: "TCP", SrcAddress: "192.0.2.0", SrcMask: "24", SrcPort: "any",
		DstAddress: "10.0.8.0", DstMask: "24", DstPort: strconv.Itoa(port),
	}
}

// backend is the network of the segment backend with these ports open.
func (w *world) backend(further string, ports ...int) string {
	var rules strings.Builder
	for _, port := range ports {
		rules.WriteString(open(port))
	}
	return w.config(network(fmt.Sprintf("segment_name = \"backend\"\nacl = [%s]\n%s", rules.String(), further)))
}

// put adds a rule to the segment backend by somebody else's hand.
func (w *world) put(t *testing.T, rule mdxsim.ACLRule) (id string) {
	t.Helper()
	id, err := w.PutACL(backendSegment, rule)
	if err != nil {
		t.Error(err)
	}
	return id
}

// idOf finds a rule of the segment backend.
func (w *world) idOf(text string) string {
	for id, rule := range w.rules(backendSegment) {
		if rule == text {
			return id
		}
	}
	return ""
}

func TestAccNetworkChangesOnlyWhatDiffers(t *testing.T) {
	t.Parallel()
	w := startWorld(t, mdxsim.Config{})
	has := func(rules ...string) resource.TestCheckFunc { return w.hasRules(t, backendSegment, rules...) }
	var id443 string
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: providers(),
		Steps: []resource.TestStep{
			{Config: w.backend("", 22, 443), Check: resource.ComposeTestCheckFunc(has(opened(22), opened(443)), func(*terraform.State) error {
				id443 = w.idOf(opened(443))
				return nil
			})},
			{
				Config: w.backend("", 443, 8443), ConfigPlanChecks: plans("mdx_network.n", plancheck.ResourceActionUpdate),
				Check: resource.ComposeTestCheckFunc(has(opened(443), opened(8443)), func(*terraform.State) error {
					if now := w.idOf(opened(443)); now != id443 {
						return fmt.Errorf("the rule that did not change is another one: %s, was %s", now, id443)
					}
					return nil
				}),
			},
			{
				PreConfig: func() { // somebody changes one of our rules, removes another, and adds one
					edited := byHand(23)
					edited.UUID = w.idOf(opened(443))
					w.put(t, edited)
					if err := w.DeleteACL(w.idOf(opened(8443))); err != nil {
						t.Error(err)
					}
					w.put(t, byHand(7))
				},
				Config: w.backend("", 443, 8443), ConfigPlanChecks: plans("mdx_network.n", plancheck.ResourceActionUpdate),
				Check: has(opened(443), opened(8443), opened(7)),
			},
			{
				Config: w.config(network(`segment_name = "backend"`)), // no rules of its own any more
				Check:  has(opened(7)),
			},
		},
		CheckDestroy: has(opened(7)),
	})
	w.touchedNothing(t)
}

func TestAccNetworkUsesRulesOfOthersAndLeavesThem(t *testing.T) {
	t.Parallel()
	w := startWorld(t, mdxsim.Config{})
	theirs := w.put(t, byHand(443))
	has := func(rules ...string) resource.TestCheckFunc { return w.hasRules(t, backendSegment, rules...) }
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: providers(),
		Steps: []resource.TestStep{
			{Config: w.backend("", 22, 443), Check: has(opened(22), opened(443))},
			{
				PreConfig: func() { // its owner does not need it any more, we still do
					if err := w.DeleteACL(theirs); err != nil {
						t.Error(err)
					}
				},
				Config: w.backend("", 22, 443), ConfigPlanChecks: plans("mdx_network.n", plancheck.ResourceActionUpdate),
				Check: has(opened(22), opened(443)),
			},
			{PreConfig: func() { w.put(t, byHand(22)) }, Config: w.backend("", 22, 443), PlanOnly: true},
		},
		CheckDestroy: has(opened(22)), // theirs, which says the same as ours did
	})
	w.touchedNothing(t)
}

func TestAccExclusiveNetworkRemovesRulesOfOthersThatItsPlanShowed(t *testing.T) {
	t.Parallel()
	w := startWorld(t, mdxsim.Config{})
	w.put(t, byHand(7))
	has := func(rules ...string) resource.TestCheckFunc { return w.hasRules(t, backendSegment, rules...) }
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: providers(),
		Steps: []resource.TestStep{
			{Config: w.backend("", 22), Check: has(opened(22), opened(7))},
			{
				Config: w.backend("exclusive = true", 22), ConfigPlanChecks: plans("mdx_network.n", plancheck.ResourceActionUpdate),
				Check: has(opened(22)),
			},
			{
				PreConfig: func() { w.put(t, byHand(9)) },
				Config:    w.backend("exclusive = true", 22),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectResourceAction("mdx_network.n", plancheck.ResourceActionUpdate), aclBefore(2), // the plan shows it
				}},
				Check: has(opened(22)),
			},
			{
				ResourceName: "mdx_network.n", ImportState: true, ImportStateVerify: true, ImportStateId: backendSegment,
				ImportStateVerifyIgnore: []string{"exclusive"},
			},
			{Config: w.backend("exclusive = true"), Check: has()},
		},
		CheckDestroy: has(),
	})
}

func TestAccNetworkIsImportedByIdentity(t *testing.T) {
	t.Parallel()
	w := startWorld(t, mdxsim.Config{})
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: providers(),
		TerraformVersionChecks:   knowsIdentity,
		Steps: []resource.TestStep{
			{Config: w.backend("", 22)},
			{ResourceName: "mdx_network.n", ImportState: true, ImportStateKind: resource.ImportBlockWithResourceIdentity},
		},
	})
}

func TestAccNetworksAndRulesRefuseWhatCannotBe(t *testing.T) {
	t.Parallel()
	w := startWorld(t, mdxsim.Config{})
	t.Cleanup(func() {
		if changes := w.asked("POST /api/acl/") + w.asked("POST /api/acl_v6/"); changes > 0 {
			t.Errorf("%d rules were made of what cannot be", changes)
		}
	})
	element := func(protocol, source, sourcePort, destination, destinationPort string) string {
		return network(fmt.Sprintf(
			`acl = [{ protocol = %q, source_cidr = %q, source_port = %s, destination_cidr = %q, destination_port = %s }]`,
			protocol, source, sourcePort, destination, destinationPort))
	}
	for name, test := range map[string]struct {
		rule [5]string
		want string
	}{
		"an address without its length": {[5]string{"TCP", "192.0.2.1", "null", "10.0.8.0/24", "22"}, `for this address alone write "192.0.2.1/32"`},
		"no network":                    {[5]string{"TCP", "campus", "null", "10.0.8.0/24", "22"}, `"campus" is not a network in CIDR notation`},
		"any network":                   {[5]string{"TCP", "any", "null", "10.0.8.0/24", "22"}, `for every address write "0.0.0.0/0" or "::/0"`},
		"two IP versions":               {[5]string{"TCP", "::/0", "null", "10.0.8.0/24", "22"}, `are of different IP versions. Write two rules, one for each.`},
		"a port beyond all":             {[5]string{"TCP", "0.0.0.0/0", "null", "10.0.8.0/24", "65536"}, `"65536" is neither a port number from 1 to 65535 nor "any"`},
		"a range of ports":              {[5]string{"TCP", "0.0.0.0/0", `"1-9"`, "10.0.8.0/24", "22"}, `"1-9" is neither a port number`},
		"a port of ICMP":                {[5]string{"icmp", "0.0.0.0/0", "null", "10.0.8.0/24", "22"}, `destination_port is "22", but ICMP has no ports: leave it out.`},
		"an unknown protocol":           {[5]string{"SCTP", "0.0.0.0/0", "null", "10.0.8.0/24", "22"}, `"SCTP" is none of the portal's protocols: TCP, UDP, ICMP`},
	} {
		for kind, of := range map[string]func(protocol, source, sourcePort, destination, destinationPort string) string{
			"mdx_acl_rule": rule, "mdx_network": element,
		} {
			t.Run(name+" in "+kind, func(t *testing.T) {
				t.Parallel()
				w.refuses(t, of(test.rule[0], test.rule[1], test.rule[2], test.rule[3], test.rule[4]), test.want)
			})
		}
	}
	for name, test := range map[string]struct{ config, want string }{
		"a rule twice": {
			network(`acl = [` + open(22) + `{ protocol = "tcp", source_cidr = "192.0.2.9/24", destination_cidr = "10.0.8.1/24", destination_port = "022" }]`),
			`acl holds the rule TCP 192.0.2.0/24 port any -> 10.0.8.0/24 port 22 twice, written differently. Remove one of them.`,
		},
		"exclusive without rules": {network(`exclusive = true`), `Give the rules in acl, or acl = [] if the segment is to be closed.`},
		"an unknown segment":      {network(`segment_name = "bakend"`), `The project has no segment named "bakend". The nearest: "backend"`},
		"an unknown segment's id": {network(`segment_id = "nothing"`), `The project has no segment with the id "nothing".`},
		"a segment chosen twice": {
			network("segment_id = \"a\"\n segment_name = \"b\""), `Attribute "segment_name" cannot be specified when "segment_id" is specified`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w.refuses(t, test.config, test.want)
		})
	}
}

func TestWhatIsWrongInARuleOfANetworkIsToldOnce(t *testing.T) {
	t.Parallel()
	p := startWorld(t, mdxsim.Config{}).plugin(t)
	p.resource = "mdx_network"
	said := p.plan(nil, attributes{"acl": []any{
		attributes{"protocol": "TCP", "source_cidr": "192.0.2.1", "destination_cidr": "10.0.8.0/24", "destination_port": "70000"},
		attributes{"protocol": "ICMP", "source_cidr": "any", "destination_cidr": "10.0.8.0/24"},
	}}).said
	if n := strings.Count(said, "ERROR"); n != 3 {
		t.Errorf("%d errors, want 3:\n%s", n, said)
	}
	for _, want := range []string{
		`: Invalid source_cidr: "192.0.2.1" has no prefix length`, `: Invalid destination_port: "70000" is neither`,
		`: Invalid source_cidr: "any" is not a network`,
	} {
		if !strings.Contains(said, want) {
			t.Errorf("%q is not in:\n%s", want, said)
		}
	}
}

// refuses expects that a configuration is refused while it is planned.
func (w *world) refuses(t *testing.T, config, want string) {
	t.Helper()
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: providers(),
		Steps:                    []resource.TestStep{{Config: w.config(config), PlanOnly: true, ExpectError: says(want)}},
	})
}

func TestRuleIDsArePlannedToStayOnlyWhereNothingElseChanges(t *testing.T) {
	t.Parallel()
	w := startWorld(t, mdxsim.Config{})
	private := []byte{}
	p := w.networkPlugin(t, &private)
	state, _ := p.refresh(p.make(opening(80)))
	p = w.networkPlugin(t, &private)
	config := opening(80)
	config["timeouts"] = attributes{"update": "30m"}
	plan := p.plan(state, config)
	for id := range w.rules(backendSegment) { // somebody removes it between plan and apply
		if err := w.DeleteACL(id); err != nil {
			t.Fatal(err)
		}
	}
	state, said := p.apply(t.Context(), plan)
	if said != "" {
		t.Error(said)
	}
	plan.checkKept(t, state)
}

func TestWhatWasPlannedOfASegmentIsAnsweredThoughThePortalSaysOtherwiseSince(t *testing.T) {
	t.Parallel()
	w := startWorld(t, mdxsim.Config{})
	private := []byte{}
	p := w.networkPlugin(t, &private)
	var state attributes
	for _, ports := range [][]int{{80}, {80, 443}} { // created, and changed
		config := opening(ports...)
		config["segment_name"], config["segment_id"] = nil, backendSegment
		plan := p.plan(state, config)
		plan.after["name"], plan.after["segment_name"], plan.after["vlan_id"] = "before", "before", 1
		var said string
		if state, said = p.apply(t.Context(), plan); said != "" {
			t.Error(said)
		}
		plan.checkKept(t, state)
		if state, _ = p.refresh(state); state["name"] != "backend" || state["vlan_id"] != 584 {
			t.Errorf("refreshed to %v", state)
		}
	}
}
