package provider_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

// powers is a step's PreConfig that switches the host off or on.
func (l *lab) powers(on bool) func() {
	return func() {
		l.t.Helper()
		err := l.Stop(l.t.Context(), theHost, false)
		if on {
			_, err = l.Start(l.t.Context(), mdxsim.Host{ID: theHost})
		}
		if err != nil {
			l.t.Fatal(err)
		}
	}
}

// TestAccContainerHostThatIsOff stays in state as it was, with a warning; a destroy of it ends soon.
func TestAccContainerHostThatIsOff(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	config := l.node(l.host(), `base_container = { image = "192.0.2.5:5000/vcp/base:1" }`)
	var began time.Time
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: providers(),
		Steps: []resource.TestStep{
			{Config: config},
			{
				PreConfig: l.powers(false), RefreshState: true,
				Check: resource.ComposeTestCheckFunc(
					resource.TestCheckResourceAttr(hostNode, "state", "HOST_ERROR"), resource.TestCheckResourceAttrSet(hostNode, "container_id"),
				),
			},
			{Config: config, PlanOnly: true}, // an empty plan
			{
				PreConfig: l.powers(true), Config: config,
				Check: resource.TestCheckResourceAttr(hostNode, "state", "RUNNING"),
			},
			{PreConfig: func() { l.powers(false)(); began = time.Now() }, Config: config, PlanOnly: true},
		},
		CheckDestroy: func(*terraform.State) error {
			// Three refreshes and the destroy, each of which gives up when the ssh timeout of 10 seconds ends.
			if took := time.Since(began); took > 2*time.Minute {
				return fmt.Errorf("it took %s", took)
			}
			return nil
		},
	})
}

// TestAccContainerHostWithAnotherKey is a VM that was replaced behind Terraform's back: refused, and told what to do.
func TestAccContainerHostWithAnotherKey(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	at := l.host()
	config := l.node(at, "")
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: providers(),
		Steps: []resource.TestStep{
			{Config: config},
			{
				PreConfig: l.replaces(), Config: config,
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectResourceAction(hostNode, plancheck.ResourceActionUpdate),
				}},
				ExpectError: says("host key changed"),
			},
			{Config: config, ExpectError: says("terraform apply -replace=")},
			{
				Taint: []string{hostNode}, Config: config,
				Check: resource.TestCheckResourceAttr(hostNode, "state", "RUNNING"),
			},
		},
	})
}

// replaces is a step's PreConfig that gives the host another key, as a VM that was made anew at the same address has.
func (l *lab) replaces() func() {
	return func() {
		l.t.Helper()
		l.in("ssh-keygen -qA")
		if err := l.Reboot(l.t.Context(), theHost, false); err != nil {
			l.t.Fatal(err)
		}
	}
}

// TestAccContainerHostFailureNames where, in what, why, and what was said last.
func TestAccContainerHostFailureNames(t *testing.T) {
	l := newLab(t)
	at := l.host()
	for name, test := range map[string]struct {
		breakIt, arguments string
		wants              []string
	}{
		"a version that the repository lacks": {
			"true", `docker = { version = "1.2.3" }`,
			[]string{at.String(), "step docker-engine", "exit code 3", "docker-ce 1.2.3 is not in", "26.1.4", "run terraform apply again"},
		},
		"a daemon.json that is none": {
			"mkdir -p /etc/docker && echo '{' >/etc/docker/daemon.json", `docker = { insecure_registries = ["192.0.2.5:5000"] }`,
			[]string{at.String(), "step docker-config", "not JSON", "correct or remove it"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			resource.Test(t, resource.TestCase{
				ProtoV6ProviderFactories: providers(),
				Steps: []resource.TestStep{
					{PreConfig: l.breaks(test.breakIt), Config: l.node(at, test.arguments), ExpectError: inTurn(test.wants...)},
				},
			})
		})
	}
}

// inTurn matches sentences one after the other, as [says] does one.
func inTurn(sentences ...string) *regexp.Regexp {
	var parts []string
	for _, sentence := range sentences {
		parts = append(parts, says(sentence).String())
	}
	return regexp.MustCompile("(?s)" + strings.Join(parts, ".*"))
}

// TestAccContainerHostTimeLimitIsAnError and no warning: what depends on the node must not be made.
func TestAccContainerHostTimeLimitIsAnError(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	at := l.host()
	l.powers(false)()
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: providers(),
		Steps: []resource.TestStep{{
			Config: l.node(at, `timeouts = { create = "1s" }`), ExpectError: inTurn("Could not prepare host", "no login within 1s"),
		}},
	})
}

// TestAccContainerHostThatWasNeverReachedTakesNothingAway is a resource with the address of another's node, given by mistake.
func TestAccContainerHostThatWasNeverReachedTakesNothingAway(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	at := l.host()
	node := l.node(at, l.fullNode())
	mistake := fmt.Sprintf("resource \"mdx_container_host\" \"mistake\" {\n host = %q\n timeouts = { create = \"1us\" }\n}\n", at)
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: providers(),
		Steps: []resource.TestStep{
			{Config: node},
			{Config: node + mistake, ExpectError: says("Could not prepare host")},
			{Config: node, Check: resource.TestCheckResourceAttr(hostNode, "state", "RUNNING")}, // and then a plan that is empty
		},
	})
}
