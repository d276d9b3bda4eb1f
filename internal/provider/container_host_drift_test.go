package provider_test

import (
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"
)

// fullNode asks for every step that a stand-in of a host can do.
func (l *lab) fullNode() string {
	_, controller := keyPair(l.t)
	return `
  hostname        = "node-a"
  authorized_keys = ["` + controller + ` controller"]
  dns_servers     = ["192.0.2.7"]
  ntp_servers     = ["192.0.2.8"]
  docker          = { insecure_registries = ["192.0.2.5:5000"], version = "26.1.4" }
  vc_controller   = { address = "192.0.2.5", id = "vc1" }
  base_container = {
    image           = "192.0.2.5:5000/vcp/base:1"
    environment     = { TZ = "Asia/Tokyo" }
    authorized_keys = ["` + l.public + `"]
    user_init_command = "#!/bin/sh\necho as $SERF_NODE_ID\n"
  }`
}

// TestAccContainerHostHealsDrift breaks one thing after the other on a node: the plan shows what, and the apply puts it
// right without making the node anew.
func TestAccContainerHostHealsDrift(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	config := l.node(l.host(), l.fullNode())
	steps := []resource.TestStep{{
		Config: config,
		ConfigStateChecks: []statecheck.StateCheck{
			statecheck.ExpectKnownValue(hostNode, tfjsonpath.New("state"), knownvalue.StringExact("RUNNING")),
			statecheck.ExpectKnownValue(hostNode, tfjsonpath.New("drift"), knownvalue.ListSizeExact(0)),
			statecheck.ExpectKnownValue(hostNode, tfjsonpath.New("docker_version"), knownvalue.StringExact("26.1.4")),
			statecheck.ExpectKnownValue(hostNode, tfjsonpath.New("container_id"), knownvalue.NotNull()),
		},
		Check: l.finds("hostname; docker ps | grep -c ' running '", "node-a\n1"),
	}}
	for _, broken := range []struct {
		script string
		drift  []string // steps
		state  string
		healed string // a script
		says   string
	}{
		{"docker rm -f base", []string{"base-container", "node-ready"}, "CONTAINER_ERROR", "docker ps | grep -c ' running   base'", "1"},
		{"docker stop base", []string{"base-container", "node-ready"}, "CONTAINER_ERROR", "docker ps | grep -c ' running   base'", "1"},
		{"sed -i /controller/d /home/mdxuser/.ssh/authorized_keys", []string{"authorized-keys"}, "RUNNING", "grep -c controller /home/mdxuser/.ssh/authorized_keys", "1"},
		{"hostnamectl set-hostname other", []string{"hostname"}, "RUNNING", "hostname", "node-a"},
		{"echo '{\"mtu\": 1400}' >/etc/docker/daemon.json", []string{"docker-config"}, "RUNNING", "grep -c -e 192.0.2.5:5000 -e 1400 /etc/docker/daemon.json", "2"},
		{"systemctl stop docker.service", []string{"docker-engine"}, "HOST_ERROR", "systemctl is-active docker.service", "active"},
		{"echo 'Port 2222' >>/etc/ssh/sshd_config && systemctl restart ssh", []string{"ssh-port"}, "RUNNING", "sshd -T | grep '^port '", "port 20022"},
		{"rm /etc/systemd/resolved.conf.d/*", []string{"dns-servers"}, "RUNNING", "grep -c DNS=192.0.2.7 /etc/systemd/resolved.conf.d/*", "1"},
		{"systemctl disable systemd-timesyncd", []string{"ntp-servers"}, "RUNNING", "systemctl is-enabled systemd-timesyncd", "enabled"},
		{"systemctl enable --now apt-daily.timer", []string{"apt-timers"}, "RUNNING", "systemctl is-active apt-daily.timer || true", "inactive"},
		{
			"apt-get install -y docker-ce=5:27.3.1-1~ubuntu.22.04~jammy",
			[]string{"docker-engine"},
			"RUNNING", "dpkg-query -W -f '${Version}' docker-ce", "5:26.1.4-1~ubuntu.22.04~jammy",
		},
	} {
		steps = append(steps, resource.TestStep{ // what a refresh tells, and the plan
			PreConfig: l.breaks(broken.script), RefreshState: true, ExpectNonEmptyPlan: true,
			Check: resource.ComposeTestCheckFunc(drifted(broken.drift), resource.TestCheckResourceAttr(hostNode, "state", broken.state)),
		}, resource.TestStep{
			Config: config,
			ConfigPlanChecks: resource.ConfigPlanChecks{
				PreApply:             []plancheck.PlanCheck{plancheck.ExpectResourceAction(hostNode, plancheck.ResourceActionUpdate)},
				PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
			},
			Check: resource.ComposeTestCheckFunc(l.finds(broken.healed, broken.says), drifted(nil), resource.TestCheckResourceAttr(hostNode, "state", "RUNNING")),
		})
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: providers(), Steps: steps,
		CheckDestroy: l.finds("docker ps | grep -c base || true; systemctl is-active docker.service", "0\nactive"),
	})
}

// drifted expects the state to list these steps as not holding.
func drifted(steps []string) resource.TestCheckFunc {
	return func(s *terraform.State) error {
		attributes := s.RootModule().Resources[hostNode].Primary.Attributes
		var told []string
		for i := range len(steps) + 1 {
			if entry, is := attributes["drift."+string(rune('0'+i))]; is {
				step, _, _ := strings.Cut(entry, ":")
				told = append(told, step)
			}
		}
		if strings.Join(told, " ") != strings.Join(steps, " ") {
			return fmt.Errorf("drift tells %v, want %v", told, steps)
		}
		return nil
	}
}

// TestAccContainerHostChangesInPlace is what an Update does to the Base container: nothing, unless something that it
// was made from changed.
func TestAccContainerHostChangesInPlace(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	at := l.host()
	full := l.fullNode()
	other := func(from, to string) string {
		if !strings.Contains(full, from) {
			t.Fatalf("%q is not there to be changed", from)
		}
		return l.node(at, strings.ReplaceAll(full, from, to))
	}
	var container string
	same := func(want bool) resource.TestCheckFunc {
		return func(s *terraform.State) error {
			now := s.RootModule().Resources[hostNode].Primary.Attributes["container_id"]
			if (now == container) != want {
				return fmt.Errorf("the Base container went from %s to %s", container, now)
			}
			container = now
			return nil
		}
	}
	inPlace := resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(hostNode, plancheck.ResourceActionUpdate)}}
	replaced := resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(hostNode, plancheck.ResourceActionDestroyBeforeCreate)}}
	triggered := func(value string) string { return l.node(at, full+"\ntriggers = { vm = \""+value+"\" }") }
	moved := func(port int) string {
		return l.node(at, fmt.Sprintf("ssh_port = %d\ntriggers = { vm = \"two\" }", port))
	}
	var taken net.Listener
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: providers(),
		Steps: []resource.TestStep{
			{Config: l.node(at, full), Check: same(false)},
			{Config: other(`hostname        = "node-a"`, `hostname = "node-b"`), ConfigPlanChecks: inPlace, Check: same(false)}, // SERF_NODE_ID
			{Config: other(`hostname        = "node-a"`, `hostname = "node-b"`), Check: same(true)},
			{Config: l.node(at, full), ConfigPlanChecks: inPlace, Check: same(false)},
			{Config: other(`"192.0.2.8"`, `"192.0.2.9"`), ConfigPlanChecks: inPlace, Check: same(true)},
			{Config: other("Asia/Tokyo", "UTC"), ConfigPlanChecks: inPlace, Check: same(false)},
			{Config: other("base:1", "base:2"), ConfigPlanChecks: inPlace, Check: same(false)},
			{Config: other("echo as", "echo now as"), ConfigPlanChecks: inPlace, Check: same(false)},
			{Config: triggered("one"), ConfigPlanChecks: inPlace, Check: same(false)}, // the script, again
			{Config: triggered("two"), ConfigPlanChecks: replaced, Check: same(false)},
			{Config: moved(2222), ConfigPlanChecks: inPlace, Check: resource.ComposeTestCheckFunc(
				resource.TestCheckNoResourceAttr(hostNode, "container_id"), l.finds("sshd -T | grep '^port '", "port 2222"),
			)},
			{ // a port that something else holds: the host stays where it is, and is found there
				PreConfig: func() { taken = l.takes(at, 2223) }, Config: moved(2223), ExpectError: says("step ssh-port: restarting sshd failed"),
			},
			{
				PreConfig: func() { _ = taken.Close() }, Config: moved(2223),
				ConfigPlanChecks: inPlace, Check: l.finds("sshd -T | grep '^port '", "port 2223"),
			},
		},
	})
}
