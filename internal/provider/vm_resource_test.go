package provider_test

import (
	"regexp"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

// helloVM is the smallest VM that a newcomer would write; %s are further attributes.
const helloVM = `
data "mdx_catalog" "ubuntu" {
  name = "Ubuntu 22.04 (推奨版)"
}

resource "mdx_vm" "hello" {
  name           = "hello"
  catalog_id     = data.mdx_catalog.ubuntu.id
  pack_type      = "cpu"
  pack_num       = 2
  disk_size      = 40
  ssh_public_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJkGbJFxMzn0smuPKcukSHdOueVhpoI9Qwnl4dF/2U0W me"
  power_state    = "running"
}
`

func TestAccVMIsCreatedStoppedStartedImportedAndDestroyed(t *testing.T) {
	w := startWorld(t, mdxsim.Config{})
	at := tfjsonpath.New[string]
	stopped := regexp.MustCompile(`"running"`).ReplaceAllString(helloVM, `"stopped"`)
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: providers(),
		Steps: []resource.TestStep{
			{
				Config: w.config(helloVM),
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectKnownValue("mdx_vm.hello", at("status"), knownvalue.StringExact("PowerON")),
					statecheck.ExpectKnownValue("mdx_vm.hello", at("ipv4_address"), knownvalue.StringRegexp(regexp.MustCompile(`^10\.`))),
					statecheck.ExpectKnownValue("mdx_vm.hello", at("login_username"), knownvalue.StringExact("mdxuser")),
				},
			},
			{
				Config: w.config(stopped),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectResourceAction("mdx_vm.hello", plancheck.ResourceActionUpdate),
				}},
			},
			{
				Config: w.config(helloVM),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectResourceAction("mdx_vm.hello", plancheck.ResourceActionUpdate),
				}},
			},
			{
				ResourceName:            "mdx_vm.hello",
				ImportState:             true,
				ImportStateVerify:       true,
				ImportStateVerifyIgnore: []string{"catalog_id", "ssh_public_key", "template_name", "login_username"},
			},
		},
	})
}
