package provider_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/compare"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"
	"github.com/hashicorp/terraform-plugin-testing/tfversion"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

// rule is an mdx_acl_rule on the segment backend.
func rule(protocol, source, sourcePort, destination, destinationPort string) string {
	return fmt.Sprintf(`
resource "mdx_acl_rule" "r" {
  segment_id       = %q
  protocol         = %q
  source_cidr      = %q
  source_port      = %s
  destination_cidr = %q
  destination_port = %s
}
`, backendSegment, protocol, source, sourcePort, destination, destinationPort)
}

// plans expects what becomes of a resource.
func plans(address string, action plancheck.ResourceActionType) resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(address, action)}}
}

// knowsIdentity lets a test run where Terraform knows identities.
var knowsIdentity = []tfversion.TerraformVersionCheck{tfversion.SkipBelow(tfversion.Version1_12_0)}

func TestAccRuleChangesInPlaceOrByReplacement(t *testing.T) {
	t.Parallel()
	w := startWorld(t, mdxsim.Config{})
	const id = "mdx_acl_rule.r"
	has := func(rules ...string) resource.TestCheckFunc { return w.hasRules(t, backendSegment, rules...) }
	sameID := statecheck.CompareValue(compare.ValuesSame())
	keepsID := func(more ...statecheck.StateCheck) []statecheck.StateCheck {
		return append(more, sameID.AddStateValue(id, tfjsonpath.New("id")))
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: providers(),
		Steps: []resource.TestStep{
			{
				Config: w.config(rule("TCP", "192.0.2.0/24", "null", "10.0.8.0/24", "443")),
				Check:  has("TCP 192.0.2.0/24 Any 10.0.8.0/24 443"), ConfigStateChecks: keepsID(
					statecheck.ExpectKnownValue(id, tfjsonpath.New("source_port"), knownvalue.StringExact("any"))),
			},
			{Config: w.config(rule("tcp", "192.0.2.9/24", `"ANY"`, "10.0.8.7/24", `"0443"`)), PlanOnly: true},
			{
				Config:           w.config(rule("UDP", "192.0.2.0/24", "1024", "10.0.8.0/24", "53")),
				ConfigPlanChecks: plans(id, plancheck.ResourceActionUpdate), ConfigStateChecks: keepsID(),
				Check: has("UDP 192.0.2.0/24 1024 10.0.8.0/24 53"),
			},
			{
				Config:           w.config(rule("ICMP", "192.0.2.0/24", "null", "10.0.8.0/24", "null")),
				ConfigPlanChecks: plans(id, plancheck.ResourceActionUpdate), ConfigStateChecks: keepsID(),
				Check: has("ICMP 192.0.2.0/24 Any 10.0.8.0/24 Any"),
			},
			{
				Config:           w.config(rule("ICMP", "198.51.100.0/24", "null", "10.0.8.0/24", "null")),
				ConfigPlanChecks: plans(id, plancheck.ResourceActionReplace),
				Check:            has("ICMP 198.51.100.0/24 Any 10.0.8.0/24 Any"),
			},
			{
				Config:           w.config(rule("ICMP", "2001:db8::/32", "null", "2001:2f8::/64", "null")),
				ConfigPlanChecks: plans(id, plancheck.ResourceActionReplace),
				Check:            has("ICMP 2001:db8::/32 Any 2001:2f8::/64 Any"),
			},
		},
		CheckDestroy: has(),
	})
	w.touchedNothing(t)
}

func TestAccRuleIsImportedByIDAndBySegment(t *testing.T) {
	t.Parallel()
	w := startWorld(t, mdxsim.Config{})
	const address = "mdx_acl_rule.r"
	imported := func(id func(rule string) string) resource.TestStep {
		return resource.TestStep{
			ResourceName: address, ImportState: true, ImportStateVerify: true,
			ImportStateIdFunc: func(s *terraform.State) (string, error) {
				return id(s.RootModule().Resources[address].Primary.ID), nil
			},
		}
	}
	wrong := func(id, sentence string) resource.TestStep {
		return resource.TestStep{ResourceName: address, ImportState: true, ImportStateId: id, ExpectError: says(sentence)}
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: providers(),
		Steps: []resource.TestStep{
			{Config: w.config(rule("TCP", "192.0.2.0/24", "null", "10.0.8.0/24", "443"))},
			imported(func(rule string) string { return rule }),
			imported(func(rule string) string { return "backend/" + rule }),
			imported(func(rule string) string { return backendSegment + "/" + rule }),
			wrong("backend/nobody", `No segment that was searched has an access rule with the id "nobody"`),
			wrong("bakend/nobody", `The project has no segment with the id or name "bakend". The nearest: "backend"`),
		},
	})
}

func TestAccRuleIsImportedByIdentity(t *testing.T) {
	t.Parallel()
	w := startWorld(t, mdxsim.Config{})
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: providers(),
		TerraformVersionChecks:   knowsIdentity,
		Steps: []resource.TestStep{
			{
				Config: w.config(rule("TCP", "192.0.2.0/24", "null", "10.0.8.0/24", "443")),
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectIdentityValueMatchesState("mdx_acl_rule.r", tfjsonpath.New("id")),
					statecheck.ExpectIdentityValueMatchesState("mdx_acl_rule.r", tfjsonpath.New("segment_id")),
				},
			},
			{ResourceName: "mdx_acl_rule.r", ImportState: true, ImportStateKind: resource.ImportBlockWithResourceIdentity},
		},
	})
}

func TestAccRuleThatSomebodyMadeIsToldNotMadeTwice(t *testing.T) {
	t.Parallel()
	w := startWorld(t, mdxsim.Config{})
	id, err := w.PutACL(backendSegment, mdxsim.ACLRule{
		Protocol: "TCP", SrcAddress: "192.0.2.1", SrcMask: "24", SrcPort: "any", DstAddress: "10.0.8.0", DstMask: "24", DstPort: "443",
	})
	if err != nil {
		t.Fatal(err)
	}
	config := w.config(rule("TCP", "192.0.2.0/24", "null", "10.0.8.0/24", "443"))
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: providers(),
		Steps: []resource.TestStep{{
			Config: config,
			ExpectError: says(`Segment "backend" has the rule TCP 192.0.2.0/24 port any -> 10.0.8.0/24 port 443 already, made by ` +
				`somebody else or by another resource. If it is meant to be this one, import it: terraform import <address of ` +
				`this resource> ` + backendSegment + "/" + id),
		}},
	})
	if len(w.rules(backendSegment)) != 1 {
		t.Errorf("rules are %v, want the one that was there", w.rules(backendSegment))
	}
	w.touchedNothing(t)
}

func TestAccARuleForASegmentThatIsNotTheProjectsIsRefusedWhilePlanning(t *testing.T) {
	t.Parallel()
	w := startWorld(t, mdxsim.Config{})
	const dedicatedSegment = "5f0c8f3e-5d0b-4e55-8a63-51d5e1c0a003"
	access, global := rule("TCP", "192.0.2.0/24", "null", "10.0.8.0/24", "443"), dnat("a", "10.0.8.2", "")
	for name, config := range map[string]string{
		"access, a name":             strings.Replace(access, backendSegment, "backend", 1),
		"access, another project's":  strings.Replace(access, backendSegment, dedicatedSegment, 1),
		"address, a name":            strings.Replace(global, backendSegment, "backend", 1),
		"address, another project's": strings.Replace(global, backendSegment, dedicatedSegment, 1),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resource.Test(t, resource.TestCase{
				ProtoV6ProviderFactories: providers(),
				Steps: []resource.TestStep{{
					Config: w.config(config), PlanOnly: true,
					ExpectError: says(`Its segments: "default" (` + defaultSegment + `), "backend" (` + backendSegment + `).`),
				}},
			})
		})
	}
}

func TestAccRuleFollowsWhatOthersDoToIt(t *testing.T) {
	t.Parallel()
	w := startWorld(t, mdxsim.Config{})
	config := w.config(rule("tcp", "192.0.2.7/24", "null", "10.0.8.0/24", "443"))
	only := func() string {
		for id := range w.rules(backendSegment) {
			return id
		}
		return ""
	}
	edited := mdxsim.ACLRule{
		Protocol: "TCP", SrcAddress: "192.0.2.0", SrcMask: "24", SrcPort: "Any", DstAddress: "10.0.8.0", DstMask: "24", DstPort: "22",
	}
	wanted := w.hasRules(t, backendSegment, "TCP 192.0.2.0/24 Any 10.0.8.0/24 443")
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: providers(),
		Steps: []resource.TestStep{
			{Config: config, Check: wanted},
			{
				PreConfig: func() {
					edited.UUID = only()
					if _, err := w.PutACL(backendSegment, edited); err != nil {
						t.Error(err)
					}
				},
				// What still means the same is not told as a change.
				Config: config, ConfigPlanChecks: plans("mdx_acl_rule.r", plancheck.ResourceActionUpdate), Check: resource.ComposeTestCheckFunc(
					wanted, resource.TestCheckResourceAttr("mdx_acl_rule.r", "source_cidr", "192.0.2.7/24"),
					resource.TestCheckResourceAttr("mdx_acl_rule.r", "protocol", "tcp"),
				),
			},
			{
				PreConfig: func() {
					if err := w.DeleteACL(only()); err != nil {
						t.Error(err)
					}
				},
				Config: config, ConfigPlanChecks: plans("mdx_acl_rule.r", plancheck.ResourceActionCreate), Check: wanted,
			},
		},
	})
}

func TestAccManyRulesOfASegmentCostFewLists(t *testing.T) {
	t.Parallel()
	w := startWorld(t, mdxsim.Config{})
	config := w.config(fmt.Sprintf(`
resource "mdx_acl_rule" "many" {
  count            = 40
  segment_id       = %q
  protocol         = "TCP"
  source_cidr      = "192.0.2.0/24"
  destination_cidr = "10.0.8.${count.index}/32"
  destination_port = 443
}
`, backendSegment))
	const list = "GET /api/acl/segment/{segment}/"
	var before int
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: providers(),
		Steps: []resource.TestStep{
			{Config: config},
			{
				PreConfig: func() { before = w.asked(list) },
				Config:    config, PlanOnly: true,
			},
		},
	})
	// A test's plan is one of several runs that refresh; each may ask once or twice.
	if refreshed := w.asked(list) - before; refreshed > 60 {
		t.Errorf("%d lists were read to refresh and remove 40 rules", refreshed)
	}
}
