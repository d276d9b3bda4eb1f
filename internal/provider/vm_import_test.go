package provider_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"
	"github.com/hashicorp/terraform-plugin-testing/tfversion"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

// importSato imports the VM that a colleague made by hand, by an import block.
const importSato = `
import {
  to = mdx_vm.test
  id = %q
}
`

func TestAccVMIsImportedAndItsOriginTakenOver(t *testing.T) {
	for name, id := range map[string]string{"by id": satoVM, "by name": "demo/sato-notebook"} {
		t.Run(name, func(t *testing.T) {
			w := startWorld(t, mdxsim.Config{})
			// The origin is what the portal cannot tell; all else is as the portal has it.
			config := attributes{
				"name": "sato-notebook", "service_level": "guarantee", "catalog_id": ubuntuCatalog, "ssh_public_key": myKey,
				"pack_type": "cpu", "pack_num": 8, "disk_size": 40,
			}
			var posts int
			resource.ParallelTest(t, resource.TestCase{
				ProtoV6ProviderFactories: providers(),
				Steps: []resource.TestStep{
					{
						Config: w.vm(config) + fmt.Sprintf(importSato, id),
						ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
							plancheck.ExpectResourceAction(testVM, plancheck.ResourceActionUpdate),
							changesOnly(testVM, "catalog_id", "ssh_public_key", "template_name"),
						}},
						ConfigStateChecks: []statecheck.StateCheck{
							statecheck.ExpectKnownValue(testVM, tfjsonpath.New("id"), knownvalue.StringExact(satoVM)),
							statecheck.ExpectKnownValue(testVM, tfjsonpath.New("login_username"), knownvalue.StringExact("mdxuser")),
							statecheck.ExpectKnownValue(testVM, tfjsonpath.New("catalog_id"), knownvalue.StringExact(ubuntuCatalog)),
						},
					},
					{
						PreConfig: func() { posts = w.changes() },
						Config:    w.vm(config),
						ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
							plancheck.ExpectEmptyPlan(),
						}},
					},
					{
						// It is somebody else's: let go of it, do not destroy it.
						Config: w.config("removed {\n  from = mdx_vm.test\n  lifecycle {\n    destroy = false\n  }\n}\n"),
					},
				},
			})
			if posts != 0 || w.changes() != 0 {
				t.Errorf("taking a VM over took %d requests that change something", w.changes())
			}
		})
	}
}

// changes counts the requests that change something at the portal.
func (w *world) changes() int {
	n := 0
	for route, times := range w.Stats().Routes {
		if !strings.HasPrefix(route, "GET ") && !strings.Contains(route, "refresh") {
			n += times
		}
	}
	return n
}

func TestAccVMIsImportedByIdentity(t *testing.T) {
	w := startWorld(t, mdxsim.Config{})
	config := smallVM(nil)
	resource.ParallelTest(t, resource.TestCase{
		// Identities came with Terraform 1.12.
		TerraformVersionChecks:   []tfversion.TerraformVersionCheck{tfversion.SkipBelow(tfversion.Version1_12_0)},
		ProtoV6ProviderFactories: providers(),
		Steps: []resource.TestStep{
			{
				Config: w.vm(config),
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectIdentityValueMatchesState(testVM, tfjsonpath.New("id")),
					statecheck.ExpectIdentityValueMatchesState(testVM, tfjsonpath.New("project_id")),
				},
			},
			{
				ResourceName: testVM, ImportState: true, ImportStateKind: resource.ImportBlockWithResourceIdentity,
				ExpectNonEmptyPlan: true,
				ImportPlanChecks: resource.ImportPlanChecks{PreApply: []plancheck.PlanCheck{
					changesOnly(testVM, "catalog_id", "ssh_public_key", "template_name"),
				}},
			},
		},
	})
}

func TestAccVMImportVerifies(t *testing.T) {
	w := startWorld(t, mdxsim.Config{})
	unknowable := []string{"catalog_id", "ssh_public_key", "template_name"}
	resource.ParallelTest(t, resource.TestCase{
		ProtoV6ProviderFactories: providers(),
		Steps: []resource.TestStep{
			{Config: w.vm(smallVM(nil))},
			{ResourceName: testVM, ImportState: true, ImportStateVerify: true, ImportStateVerifyIgnore: unknowable},
			{
				ResourceName: testVM, ImportState: true, ImportStateId: "demo/web", ImportStateVerify: true,
				ImportStateVerifyIgnore: unknowable,
			},
			{
				ResourceName: testVM, ImportState: true, ImportStateId: "demo/wep",
				ExpectError: regexp.MustCompile(`(?s)no VM named "wep".*"web"`),
			},
			{
				ResourceName: testVM, ImportState: true, ImportStateId: "deno/web",
				ExpectError: regexp.MustCompile(`(?s)no project named "deno".*"demo"`),
			},
			{
				ResourceName: testVM, ImportState: true, ImportStateId: "nobody",
				ExpectError: regexp.MustCompile(`(?s)has a VM with the\s+id\s+"nobody".*project_name/vm_name`),
			},
		},
	})
}

// A configuration that Terraform generates while importing plans nothing but the import.
func TestAccVMGeneratedConfigurationPlansEmpty(t *testing.T) {
	for name, config := range map[string]attributes{"a VM of packs": smallVM(nil), "a VM of a dedicated project": dedicatedVM(nil)} {
		t.Run(name, func(t *testing.T) {
			w := startWorld(t, mdxsim.Config{})
			resource.ParallelTest(t, resource.TestCase{
				ProtoV6ProviderFactories: providers(),
				Steps: []resource.TestStep{
					{Config: w.vm(config)},
					{ResourceName: testVM, ImportState: true, ImportStateKind: resource.ImportBlockWithID, GenerateConfig: true},
				},
			})
		})
	}
}

// The state of every version of the schema that was ever released is read by this one; see testdata/vm_state.
func TestTheStateOfEarlierVersionsIsRead(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/vm_state/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal("there is no state to read", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var old struct {
				SchemaVersion int64           `json:"schema_version"`
				Attributes    json.RawMessage `json:"attributes"`
			}
			if err := json.Unmarshal(content, &old); err != nil {
				t.Fatal(err)
			}
			w := startWorld(t, mdxsim.Config{})
			p := w.plugin(t)
			upgraded, err := p.server.UpgradeResourceState(t.Context(), &tfprotov6.UpgradeResourceStateRequest{
				TypeName: "mdx_vm", Version: old.SchemaVersion, RawState: &tfprotov6.RawState{JSON: old.Attributes},
			})
			if err != nil || len(upgraded.Diagnostics) > 0 {
				t.Fatal(err, said(upgraded.Diagnostics))
			}
			// The state is of sato-notebook, which is still as it was.
			state, said := p.refresh(p.state(upgraded.UpgradedState))
			if said != "" || state["name"] != "sato-notebook" {
				t.Fatal(said, state)
			}
			config := attributes{
				"name": "sato-notebook", "catalog_id": ubuntuCatalog, "ssh_public_key": myKey, "pack_type": "cpu", "pack_num": 8,
				"disk_size": 40, "service_level": "guarantee",
			}
			if plan := p.plan(state, config); !plan.empty() || slices.Contains(plan.replaces, "catalog_id") {
				t.Errorf("the plan is not empty: %s %v", plan.said, plan.changes())
			}
		})
	}
}
