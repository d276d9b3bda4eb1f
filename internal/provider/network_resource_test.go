package provider_test

import (
	"fmt"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

// Ids of the world that every acceptance test starts with.
const (
	defaultSegment = "5f0c8f3e-5d0b-4e55-8a63-51d5e1c0a001"
	backendSegment = "5f0c8f3e-5d0b-4e55-8a63-51d5e1c0a002"
	foreignRule    = "c0ffee00-0000-4000-8000-000000000001" // TCP 192.0.2.0/24 -> 10.0.0.2/32 port 22
	foreignDNAT    = "d0a70000-0000-4000-8000-000000000001" // 203.0.113.13 -> 10.0.0.2
)

func network(arguments string) string {
	return "resource \"mdx_network\" \"n\" {\n" + arguments + "\n}\n"
}

// campusRules are two rules, one of each IP version.
const campusRules = `
  acl = [
    { protocol = "TCP", source_cidr = "192.0.2.0/24", destination_cidr = "10.0.0.0/21", destination_port = "443" },
    { protocol = "ICMP", source_cidr = "2001:db8::/32", destination_cidr = "2001:2f8:1041:223::/64" },
  ]`

// campusRulesOtherwise are the same, in other words.
const campusRulesOtherwise = `
  acl = [
    { protocol = "icmp", source_cidr = "2001:DB8:0::/32", destination_cidr = "2001:2f8:1041:223:0::1/64", source_port = "any" },
    { protocol = "Tcp", source_cidr = "192.0.2.7/24", source_port = "Any", destination_cidr = "10.0.1.0/21", destination_port = 443 },
  ]`

func TestAccNetworkPutsRulesOnTheDefaultSegmentAndTakesThemAway(t *testing.T) {
	t.Parallel()
	w := startWorld(t, mdxsim.Config{})
	at := tfjsonpath.New[string]
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: providers(),
		Steps: []resource.TestStep{
			{
				Config: w.config(network(campusRules)),
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectKnownValue("mdx_network.n", at("id"), knownvalue.StringExact(defaultSegment)),
					statecheck.ExpectKnownValue("mdx_network.n", at("segment_name"), knownvalue.StringExact("default")),
					statecheck.ExpectKnownValue("mdx_network.n", at("ip_range"), knownvalue.StringExact("10.0.0.0/21")),
					statecheck.ExpectKnownValue("mdx_network.n", at("vlan_id"), knownvalue.Int64Exact(583)),
					statecheck.ExpectKnownValue("mdx_network.n", at("is_default"), knownvalue.Bool(true)),
				},
				Check: w.hasRules(t, defaultSegment,
					"TCP 192.0.2.0/24 Any 10.0.0.2/32 22",
					"TCP 192.0.2.0/24 Any 10.0.0.0/21 443",
					"ICMP 2001:db8::/32 Any 2001:2f8:1041:223::/64 Any"),
			},
			{Config: w.config(network(campusRulesOtherwise)), PlanOnly: true},
			{Config: w.config(network(campusRulesOtherwise + "\n  segment_name = \"default\"")), PlanOnly: true},
			{
				ResourceName: "mdx_network.n", ImportState: true, ImportStateId: "default", ImportStateVerify: true,
				ImportStateVerifyIgnore: []string{"acl", "rule_ids"}, // an import takes all rules in hand
			},
			{
				Config: w.config(network(`segment_name = "backend"` + campusRules)),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectResourceAction("mdx_network.n", plancheck.ResourceActionReplace),
				}},
				Check: w.hasRules(t, defaultSegment, "TCP 192.0.2.0/24 Any 10.0.0.2/32 22"),
			},
		},
		CheckDestroy: w.hasRules(t, backendSegment),
	})
	w.touchedNothing(t)
}

func TestAccNetworkKeepsEachRuleAsItIsWritten(t *testing.T) {
	t.Parallel()
	w := startWorld(t, mdxsim.Config{})
	rules := func(secondPort int) string {
		return w.config(network(fmt.Sprintf(`
  segment_name = "backend"
  acl = [
    { protocol = "TCP", source_cidr = "192.0.2.0/24", source_port = "Any", destination_cidr = "10.0.8.0/24", destination_port = 22 },
    { protocol = "tcp", source_cidr = "192.0.2.7/24", source_port = "any", destination_cidr = "10.0.8.1/24", destination_port = %d },
  ]`, secondPort)))
	}
	has := func(secondPort int) resource.TestCheckFunc {
		return w.hasRules(t, backendSegment, opened(22), opened(secondPort))
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: providers(),
		Steps: []resource.TestStep{
			{Config: rules(443), Check: has(443)},
			{Config: rules(8443), Check: has(8443), ConfigPlanChecks: plans("mdx_network.n", plancheck.ResourceActionUpdate)},
		},
	})
	w.touchedNothing(t)
}
