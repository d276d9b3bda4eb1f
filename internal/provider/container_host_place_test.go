package provider_test

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
)

// TestAccContainerHostThatWasOffIsFoundAtItsFormerPort changes port and address of a host while its VM is off, which
// the host can't know of: it is found where it was, by the update, the refresh and the destroy that come after.
func TestAccContainerHostThatWasOffIsFoundAtItsFormerPort(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	at := l.host()
	fixed := at.Next()
	node := func(power string, port int, fixed netip.Addr) string {
		arguments := fmt.Sprintf("power_state = %q\nssh_port = %d\nbase_container = { image = \"192.0.2.5:5000/vcp/base:1\" }", power, port)
		if fixed.IsValid() {
			arguments += fmt.Sprintf("\nstatic_ipv4_address = %q", fixed)
		}
		return l.node(at, arguments)
	}
	inPlace := resource.ConfigPlanChecks{
		PreApply:             []plancheck.PlanCheck{plancheck.ExpectResourceAction(hostNode, plancheck.ResourceActionUpdate)},
		PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
	}
	is := func(state string) resource.TestCheckFunc {
		return resource.TestCheckResourceAttr(hostNode, "state", state)
	}
	answers := func(at netip.Addr, port int) resource.TestCheckFunc {
		return resource.ComposeTestCheckFunc(is("RUNNING"), drifted(nil),
			l.finds("sshd -T | grep '^port '", fmt.Sprintf("port %d", port)),
			l.finds("ip -j -4 address show | grep -c '\""+at.String()+"\"'", "1"))
	}
	dhcp := netip.Addr{}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: providers(),
		Steps: []resource.TestStep{
			{Config: node("running", 22022, dhcp), Check: answers(at, 22022)},

			// several changes while it is off, and one with the switching on
			{PreConfig: l.powers(false), Config: node("stopped", 22023, dhcp), ConfigPlanChecks: inPlace, Check: is("POWER_OFF")},
			{Config: node("stopped", 22024, fixed), ConfigPlanChecks: inPlace, Check: is("POWER_OFF")},
			{PreConfig: l.powers(true), Config: node("running", 22025, fixed), ConfigPlanChecks: inPlace, Check: answers(fixed, 22025)},

			// it comes up later than it is waited for: the next refresh finds it, and tells what is left to do
			{PreConfig: l.powers(false), Config: node("stopped", 22026, fixed), ConfigPlanChecks: inPlace, Check: is("POWER_OFF")},
			{Config: node("running", 22026, fixed), ExpectError: says("Check that the VM is running")},
			{PreConfig: l.powers(true), RefreshState: true, ExpectNonEmptyPlan: true, Check: drifted([]string{"ssh-port"})},
			{Config: node("running", 22026, fixed), ConfigPlanChecks: inPlace, Check: answers(fixed, 22026)},

			// a destroy of what was never moved
			{PreConfig: l.powers(false), Config: node("stopped", 22027, fixed), ConfigPlanChecks: inPlace, Check: is("POWER_OFF")},
			{Config: node("running", 22027, fixed), ExpectError: says("Check that the VM is running")},
			{PreConfig: l.powers(true), RefreshState: true, ExpectNonEmptyPlan: true, Check: is("RUNNING")},
		},
		CheckDestroy: resource.ComposeTestCheckFunc(
			l.finds("sshd -T | grep '^port '", "port 22026"), l.finds("docker ps -a | grep -c base || true", "0"),
		),
	})
}

// TestAccContainerHostThatWasAlwaysOffIsFoundWhereItBegan is a node that was made and changed with its VM off: it is
// reached for the first time when the VM is on.
func TestAccContainerHostThatWasAlwaysOffIsFoundWhereItBegan(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	at := l.host()
	l.powers(false)()
	node := func(power string, port int) string {
		return l.node(at, fmt.Sprintf("power_state = %q\nssh_port = %d", power, port))
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: providers(),
		Steps: []resource.TestStep{
			{Config: node("stopped", 22022), Check: drifted([]string{"connect"})},
			{Config: node("stopped", 22023), Check: resource.TestCheckResourceAttr(hostNode, "state", "POWER_OFF")},
			{PreConfig: l.powers(true), Config: node("running", 22024), Check: l.finds("sshd -T | grep '^port '", "port 22024")},
		},
	})
}
