package provider_test

import (
	"fmt"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"
)

// TestAccContainerHostIsTakenOver is a node that this state did not make: the first plan replaces nothing, the first
// apply changes nothing that is as configured, and the plan after it is empty.
func TestAccContainerHostIsTakenOver(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	at := l.host()
	config := l.node(at, l.fullNode()+"\ntriggers = { vm = \"one\" }")
	imported := func(id string) string {
		return config + fmt.Sprintf("import {\n  to = %s\n  id = %q\n}\n", hostNode, id)
	}
	var container string
	keeps := func(s *terraform.State) error {
		now := s.RootModule().Resources[hostNode].Primary.Attributes["container_id"]
		if container != "" && now != container {
			return fmt.Errorf("the Base container went from %s to %s", container, now)
		}
		container = now
		return nil
	}
	forgotten := l.provider() + "removed {\n  from = " + hostNode + "\n  lifecycle { destroy = false }\n}\n"
	steps := []resource.TestStep{{Config: config, Check: keeps}}
	for _, id := range []string{at.String(), "mdxuser@" + at.String() + ":20022"} {
		steps = append(steps, resource.TestStep{Config: forgotten}, resource.TestStep{
			Config: imported(id), Check: keeps,
			ConfigPlanChecks: resource.ConfigPlanChecks{
				PreApply:             []plancheck.PlanCheck{plancheck.ExpectResourceAction(hostNode, plancheck.ResourceActionUpdate)},
				PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
			},
		})
	}
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: providers(), Steps: steps})
}

func TestAccContainerHostImportTellsWhatIsWrong(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	at := l.host()
	config := l.node(at, "")
	wrong := func(id, want string) resource.TestStep {
		return resource.TestStep{ResourceName: hostNode, ImportState: true, ImportStateId: id, ExpectError: says(want)}
	}
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: providers(), Steps: []resource.TestStep{
		{Config: config},
		{ResourceName: hostNode, ImportState: true, ImportStateVerify: true},
		wrong("@"+at.String(), "is not a host. Give user@host:port"),
		wrong(at.String()+":ssh", `"ssh" in`),
		wrong("nobody@"+at.String(), "every key was refused"),
		wrong("127.0.0.1:1", "Check that the VM is running"),
	}})
}

// TestAccContainerHostIsImportedByIdentity also changes what the identity was made of: it stays what it was.
func TestAccContainerHostIsImportedByIdentity(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	at := l.host()
	identity := []statecheck.StateCheck{
		statecheck.ExpectIdentity(hostNode, map[string]knownvalue.Check{
			"host": knownvalue.StringExact(at.String()), "user": knownvalue.StringExact("mdxuser"), "ssh_port": knownvalue.Int64Exact(20022),
		}),
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: providers(),
		TerraformVersionChecks:   knowsIdentity,
		Steps: []resource.TestStep{
			{Config: l.node(at, ""), ConfigStateChecks: append(identity, statecheck.ExpectIdentityValueMatchesState(hostNode, tfjsonpath.New("host")))},
			{ResourceName: hostNode, ImportState: true, ImportStateKind: resource.ImportBlockWithResourceIdentity},
			{Config: l.node(at, "ssh_port = 2222"), ConfigStateChecks: identity},
		},
	})
}
