package provider_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

// dnat is an mdx_dnat on the segment backend.
func dnat(name, destination, further string) string {
	return fmt.Sprintf(`
resource "mdx_dnat" %q {
  segment_id          = %q
  destination_address = %q
  %s
}
`, name, backendSegment, destination, further)
}

// worldDNAT is the DNAT rule that the world begins with, somebody else's.
const worldDNAT = "203.0.113.13 -> 10.0.0.2"

func TestAccDNATTakesFreeAddressesAndGivesThemBack(t *testing.T) {
	t.Parallel()
	w := startWorld(t, mdxsim.Config{})
	several := w.config(dnat("a", "10.0.8.1", "") + dnat("b", "10.0.8.2", "") + dnat("c", "10.0.8.3", ""))
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: providers(),
		Steps: []resource.TestStep{
			{
				Config: w.config(dnat("a", "10.0.8.1", "")),
				Check:  w.hasDNATs(t, "203.0.113.10 -> 10.0.8.1", worldDNAT),
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectKnownValue("mdx_dnat.a", tfjsonpath.New("pool_address"), knownvalue.StringExact("203.0.113.10")),
				},
			},
			{ResourceName: "mdx_dnat.a", ImportState: true, ImportStateVerify: true},
			{ResourceName: "mdx_dnat.a", ImportState: true, ImportStateVerify: true, ImportStateId: "203.0.113.10"},
			{
				ResourceName: "mdx_dnat.a", ImportState: true, ImportStateId: "203.0.113.99",
				ExpectError: says(`The project has no DNAT rule with the id or the public address "203.0.113.99"`),
			},
			{Config: w.config(dnat("a", "10.0.8.1", `pool_address = "203.0.113.10"`)), PlanOnly: true},
			{
				Config:           w.config(dnat("a", "10.0.8.1", `pool_address = "203.0.113.12"`)),
				ConfigPlanChecks: plans("mdx_dnat.a", plancheck.ResourceActionReplace),
				Check:            w.hasDNATs(t, "203.0.113.12 -> 10.0.8.1", worldDNAT),
			},
			{
				Config:           w.config(dnat("a", "10.0.8.9", `pool_address = "203.0.113.12"`)),
				ConfigPlanChecks: plans("mdx_dnat.a", plancheck.ResourceActionReplace),
				Check:            w.hasDNATs(t, "203.0.113.12 -> 10.0.8.9", worldDNAT),
			},
			{Config: several},
		},
		CheckDestroy: w.hasDNATs(t, worldDNAT),
	})
	w.touchedNothing(t)
	if refused := w.Stats().Answers[400]; refused > 0 {
		t.Errorf("%d requests were refused: two wanted the same address", refused)
	}
}

func TestAccDNATIsImportedByIdentity(t *testing.T) {
	t.Parallel()
	w := startWorld(t, mdxsim.Config{})
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: providers(),
		TerraformVersionChecks:   knowsIdentity,
		Steps: []resource.TestStep{
			{Config: w.config(dnat("a", "10.0.8.1", ""))},
			{ResourceName: "mdx_dnat.a", ImportState: true, ImportStateKind: resource.ImportBlockWithResourceIdentity},
		},
	})
}

func TestAccDNATTellsWhatIsInItsWay(t *testing.T) {
	t.Parallel()
	w := startWorld(t, mdxsim.Config{})
	t.Cleanup(func() { w.touchedNothing(t) })
	id, err := w.TakeGlobalAddress(backendSegment, "203.0.113.11", "10.0.8.1")
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ config, want string }{
		"an address that leads elsewhere": {
			dnat("a", "10.0.8.2", `pool_address = "203.0.113.11"`),
			`203.0.113.11 leads to 10.0.8.1 on segment "backend" already. Choose another, or leave pool_address out to have a free ` +
				`one. If that rule is meant to be this one, import it: terraform import <address of this resource> ` + id,
		},
		"a machine that has an address": {
			dnat("a", "10.0.8.1", ""),
			`203.0.113.11 leads to 10.0.8.1 on segment "backend" already. If that rule is meant to be this one, import it: terraform ` +
				`import <address of this resource> ` + id + `. For a second public address name it in pool_address.`,
		},
		"an address of somebody else's": {
			dnat("a", "10.0.8.2", `pool_address = "198.51.100.1"`), `198.51.100.1 is taken, or not the project's`,
		},
		"an address of the segment": {
			dnat("a", "10.0.8.2", `pool_address = "10.0.8.3"`), `10.0.8.3 is a private address; pool_address is the public one`,
		},
		"no address":      {dnat("a", "web", ""), `is not valid IPv4`},
		"an IPv6 address": {dnat("a", "2001:db8::1", ""), `string value must be IPv4`},
		"more machines than addresses": {
			dnat("a", "10.0.8.2", "") + dnat("b", "10.0.8.3", "") + dnat("c", "10.0.8.4", ""),
			`the project has no free public address: remove a DNAT rule that is not needed any more, or apply for more addresses`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resource.Test(t, resource.TestCase{
				ProtoV6ProviderFactories: providers(),
				Steps:                    []resource.TestStep{{Config: w.config(test.config), ExpectError: says(test.want)}},
			})
		})
	}
}

func TestAccDNATFollowsWhatOthersDoToIt(t *testing.T) {
	t.Parallel()
	w := startWorld(t, mdxsim.Config{})
	config := w.config(dnat("a", "10.0.8.1", ""))
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: providers(),
		Steps: []resource.TestStep{
			{Config: config},
			{
				PreConfig: func() {
					for _, d := range w.project().DNATs {
						if !d.Foreign {
							if err := w.DeleteDNAT(d.UUID); err != nil {
								t.Error(err)
							}
						}
					}
				},
				Config: config, ConfigPlanChecks: plans("mdx_dnat.a", plancheck.ResourceActionCreate),
				Check: w.hasDNATs(t, "203.0.113.10 -> 10.0.8.1", worldDNAT),
			},
		},
	})
}

func TestAccDNATWhoseTimeWasUpIsFoundAgainByTheNextApply(t *testing.T) {
	t.Parallel()
	w := startWorld(t, mdxsim.Config{Durations: mdxsim.Durations{RuleVisible: 2 * time.Hour}})
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: providers(),
		Steps: []resource.TestStep{
			{
				Config:      w.config(dnat("a", "10.0.8.1", `timeouts = { create = "300ms" }`)),
				ExpectError: says("Run terraform apply again to continue"),
			},
			{
				PreConfig: func() { w.Advance(2 * time.Hour) },
				Config:    w.config(dnat("a", "10.0.8.1", "")),
				Check:     w.hasDNATs(t, "203.0.113.10 -> 10.0.8.1", worldDNAT), // not a second one
			},
		},
		CheckDestroy: w.hasDNATs(t, worldDNAT),
	})
}

func TestAccSegmentsAndAddressesAreLookedUp(t *testing.T) {
	t.Parallel()
	w := startWorld(t, mdxsim.Config{})
	at := tfjsonpath.New[string]
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: providers(),
		Steps: []resource.TestStep{
			{
				Config: w.config(`
data "mdx_segment" "default" {}
data "mdx_segment" "named" { name = "backend" }
data "mdx_segments" "all" {}
data "mdx_global_addresses" "all" {}
`),
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectKnownValue("data.mdx_segment.default", at("id"), knownvalue.StringExact(defaultSegment)),
					statecheck.ExpectKnownValue("data.mdx_segment.named", at("ip_range"), knownvalue.StringExact("10.0.8.0/24")),
					statecheck.ExpectKnownValue("data.mdx_segments.all", at("segments"), knownvalue.ListExact([]knownvalue.Check{
						segmentOf(defaultSegment, "default", true, 583, "10.0.0.0/21"),
						segmentOf(backendSegment, "backend", false, 584, "10.0.8.0/24"),
					})),
					statecheck.ExpectKnownValue("data.mdx_global_addresses.all", at("free"), knownvalue.ListExact([]knownvalue.Check{
						knownvalue.StringExact("203.0.113.10"), knownvalue.StringExact("203.0.113.11"), knownvalue.StringExact("203.0.113.12"),
					})),
					statecheck.ExpectKnownValue("data.mdx_global_addresses.all", at("by_dnat").AtSliceIndex(0), knownvalue.ObjectExact(
						map[string]knownvalue.Check{
							"address": knownvalue.StringExact("203.0.113.13"), "dnat_id": knownvalue.StringExact(foreignDNAT),
							"segment_name": knownvalue.StringExact("default"), "destination_address": knownvalue.StringExact("10.0.0.2"),
						})),
					statecheck.ExpectKnownValue("data.mdx_global_addresses.all", at("by_vm").AtSliceIndex(0), knownvalue.ObjectPartial(
						map[string]knownvalue.Check{
							"address": knownvalue.StringExact("203.0.113.13"), "vm_name": knownvalue.StringExact("sato-notebook"),
						})),
				},
			},
			{
				Config:      w.config(`data "mdx_segment" "typo" { name = "standard" }`),
				ExpectError: says(`The project has no segment named "standard". The nearest:`),
			},
			{
				Config:      w.config(`data "mdx_segment" "gone" { id = "nothing" }`),
				ExpectError: says(`no segment with the id "nothing". Its segments: "default" (` + defaultSegment + `)`),
			},
		},
	})
}

func segmentOf(id, name string, isDefault bool, vlan int64, network string) knownvalue.Check {
	return knownvalue.ObjectExact(map[string]knownvalue.Check{
		"id": knownvalue.StringExact(id), "name": knownvalue.StringExact(name), "is_default": knownvalue.Bool(isDefault),
		"vlan_id": knownvalue.Int64Exact(vlan), "vni": knownvalue.Int64Exact(vlan), "ip_range": knownvalue.StringExact(network),
	})
}
