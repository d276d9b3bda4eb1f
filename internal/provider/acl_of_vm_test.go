package provider_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/config"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

// machine is a VM with further arguments.
func machine(name, arguments string) string {
	return fmt.Sprintf(`
data "mdx_catalog" "ubuntu" {
  name = "Ubuntu 22.04 (推奨版)"
}

resource "mdx_vm" %q {
  name           = %q
  catalog_id     = data.mdx_catalog.ubuntu.id
  pack_type      = "cpu"
  pack_num       = 2
  disk_size      = 40
  ssh_public_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJkGbJFxMzn0smuPKcukSHdOueVhpoI9Qwnl4dF/2U0W me"
  %s
}
`, name, name, arguments)
}

// replacedVM is an argument whose change needs another VM.
const replacedVM = `storage_network = "sr-iov"`

// scenario reads an example without its provider block, which the tests have their own for.
func scenario(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "examples", "scenarios", name, "main.tf"))
	if err != nil {
		t.Fatal(err)
	}
	const block = "provider \"mdx\" {}\n"
	_, body, found := strings.Cut(string(data), block)
	if !found {
		t.Fatalf("the scenario has no line %q", block)
	}
	return body
}

func TestAccPublishedVMIsReachedAsSaidAndLeavesNoTrace(t *testing.T) {
	t.Parallel()
	w := startWorld(t, mdxsim.Config{})
	key := filepath.Join(t.TempDir(), "id.pub")
	if err := os.WriteFile(key, []byte(publicKey), 0o600); err != nil {
		t.Fatal(err)
	}
	variables := config.Variables{
		"campus_cidr": config.StringVariable("192.0.2.0/24"), "ssh_public_key_path": config.StringVariable(key),
	}
	published := w.config(scenario(t, "published-vm"))
	replaced := strings.Replace(published, `service_level  = "guarantee"`, replacedVM, 1)
	var before string
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: providers(),
		Steps: []resource.TestStep{
			{
				Config: published, ConfigVariables: variables,
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectKnownOutputValue("public_address", knownvalue.StringExact("203.0.113.10")),
				},
				Check: resource.ComposeTestCheckFunc(
					w.opens(t, defaultSegment, "0.0.0.0/0", "443", "192.0.2.0/24", "22"),
					resource.TestCheckResourceAttrWith("mdx_vm.web", "id", func(id string) error { before = id; return nil }),
				),
			},
			{
				Config: replaced, ConfigVariables: variables,
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectResourceAction("mdx_vm.web", plancheck.ResourceActionReplace),
					plancheck.ExpectResourceAction("mdx_acl_rule.https", plancheck.ResourceActionReplace),
					plancheck.ExpectResourceAction("mdx_acl_rule.ssh", plancheck.ResourceActionReplace),
					plancheck.ExpectResourceAction("mdx_dnat.web", plancheck.ResourceActionReplace),
				}},
				Check: resource.ComposeTestCheckFunc(
					w.opens(t, defaultSegment, "0.0.0.0/0", "443", "192.0.2.0/24", "22"),
					resource.TestCheckResourceAttrWith("mdx_vm.web", "id", func(id string) error {
						if id == before {
							return errors.New("the VM was not replaced")
						}
						return nil
					}),
				),
			},
		},
		CheckDestroy: resource.ComposeTestCheckFunc(
			w.hasRules(t, defaultSegment, worldRule),
			w.hasDNATs(t, "203.0.113.13 -> 10.0.0.2"),
		),
	})
	w.touchedNothing(t)
}

// followingNetwork is a network whose rules follow a VM, which it changes in place.
func followingNetwork(further string) string {
	return fmt.Sprintf(`
resource "mdx_network" "n" {
  acl = [
    { protocol = "TCP", source_cidr = "192.0.2.0/24", destination_cidr = "10.0.0.0/21", destination_port = 80 },
    %s
  ]
}
`, further)
}

const toFollowed = `{ protocol = "TCP", source_cidr = "0.0.0.0/0", destination_cidr = "${mdx_vm.followed.ipv4_address}/32", destination_port = 443 }`

func TestAccRulesOfANetworkGoBeforeTheVMTheyFollow(t *testing.T) {
	t.Parallel()
	w := startWorld(t, mdxsim.Config{})
	const openNetwork = "TCP 192.0.2.0/24 Any 10.0.0.0/21 80"
	var kept string
	keeps := func(*terraform.State) error {
		for id, rule := range w.rules(defaultSegment) {
			if rule != openNetwork {
				continue
			}
			if kept != "" && kept != id {
				return fmt.Errorf("the rule that did not change is another one: %s, was %s", id, kept)
			}
			kept = id
		}
		return nil
	}
	opens := w.opens(t, defaultSegment, "0.0.0.0/0", "443")
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: providers(),
		Steps: []resource.TestStep{
			{
				Config: w.config(machine("followed", "") + followingNetwork(toFollowed)),
				Check:  resource.ComposeTestCheckFunc(opens, keeps),
			},
			{
				Config: w.config(machine("followed", replacedVM) + followingNetwork(toFollowed)),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectResourceAction("mdx_vm.followed", plancheck.ResourceActionReplace),
					plancheck.ExpectResourceAction("mdx_network.n", plancheck.ResourceActionUpdate),
				}},
				Check: resource.ComposeTestCheckFunc(opens, keeps),
			},
			{
				// The VM and the rule that follows it leave the configuration together.
				Config: w.config(followingNetwork("")),
				Check:  resource.ComposeTestCheckFunc(w.hasRules(t, defaultSegment, worldRule, openNetwork), keeps),
			},
		},
		CheckDestroy: w.hasRules(t, defaultSegment, worldRule),
	})
	w.touchedNothing(t)
}

func TestAccRulesMayBeSpelledAnewWhenTheVMTheyFollowIsReplaced(t *testing.T) {
	t.Parallel()
	w := startWorld(t, mdxsim.Config{})
	respelled := strings.Replace(followingNetwork(toFollowed), "192.0.2.0/24", "192.0.2.7/24", 1)
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: providers(),
		Steps: []resource.TestStep{
			{Config: w.config(machine("followed", "") + followingNetwork(toFollowed))},
			{
				Config: w.config(machine("followed", replacedVM) + respelled),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectResourceAction("mdx_vm.followed", plancheck.ResourceActionReplace),
				}},
			},
		},
	})
}

func TestAccRulesFollowAVMToAnotherSegment(t *testing.T) {
	t.Parallel()
	w := startWorld(t, mdxsim.Config{})
	on := func(segment string) string {
		return w.config(machine("moved", fmt.Sprintf(`
  allow_stopping_for_update = true
  network_adapters          = [{ adapter_number = 1, segment_id = %q }]`, segment)) + fmt.Sprintf(`
resource "mdx_acl_rule" "https" {
  segment_id       = %[1]q
  protocol         = "TCP"
  source_cidr      = "0.0.0.0/0"
  destination_cidr = "${mdx_vm.moved.ipv4_address}/32"
  destination_port = 443
}

resource "mdx_network" "n" {
  segment_id = %[1]q
  acl        = [{ protocol = "UDP", source_cidr = "0.0.0.0/0", destination_cidr = "${mdx_vm.moved.ipv4_address}/32", destination_port = 53 }]
}
`, segment))
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: providers(),
		Steps: []resource.TestStep{
			{Config: on(defaultSegment), Check: w.opens(t, defaultSegment, "0.0.0.0/0", "443", "0.0.0.0/0", "53")},
			{
				Config: on(backendSegment),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectResourceAction("mdx_vm.moved", plancheck.ResourceActionUpdate),
					plancheck.ExpectResourceAction("mdx_acl_rule.https", plancheck.ResourceActionReplace),
				}},
				Check: resource.ComposeTestCheckFunc(
					w.opens(t, backendSegment, "0.0.0.0/0", "443", "0.0.0.0/0", "53"),
					w.hasRules(t, defaultSegment, worldRule),
				),
			},
		},
		CheckDestroy: w.hasRules(t, backendSegment),
	})
	w.touchedNothing(t)
}

func TestAccRuleMadeByHandForAVMGoesWithIt(t *testing.T) {
	t.Parallel()
	w := startWorld(t, mdxsim.Config{})
	var address string
	byHand := func() {
		for _, r := range []mdxsim.ACLRule{
			{Protocol: "TCP", SrcAddress: "0.0.0.0", SrcMask: "0", SrcPort: "Any", DstAddress: address, DstMask: "32", DstPort: "22"},
			{Protocol: "TCP", SrcAddress: "0.0.0.0", SrcMask: "0", SrcPort: "Any", DstAddress: "10.0.0.0", DstMask: "21", DstPort: "22"},
			{Protocol: "TCP", SrcAddress: address, SrcMask: "32", SrcPort: "Any", DstAddress: "10.0.0.2", DstMask: "32", DstPort: "22"},
		} {
			if _, err := w.PutACL(defaultSegment, r); err != nil {
				t.Error(err)
			}
		}
		if _, err := w.TakeGlobalAddress(defaultSegment, "203.0.113.11", address); err != nil {
			t.Error(err)
		}
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: providers(),
		Steps: []resource.TestStep{
			{
				Config: w.config(machine("open", `power_state = "running"`)),
				Check: resource.TestCheckResourceAttrWith("mdx_vm.open", "ipv4_address", func(value string) error {
					address = value
					return nil
				}),
			},
			// A VM that is off shows no address: what state remembers tells which rules are to go.
			{PreConfig: byHand, Config: w.config(machine("open", `power_state = "stopped"`))},
		},
		CheckDestroy: func(s *terraform.State) error {
			return resource.ComposeTestCheckFunc(
				w.hasRules(t, defaultSegment, worldRule, "TCP 0.0.0.0/0 Any 10.0.0.0/21 22", "TCP "+address+"/32 Any 10.0.0.2/32 22"),
				w.hasDNATs(t, "203.0.113.13 -> 10.0.0.2"),
			)(s)
		},
	})
}
