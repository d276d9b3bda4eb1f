package provider_test

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
)

const hostNode = "mdx_container_host.node"

// TestAccContainerHostIsToldItsNameAndTimeServers follows dns_servers and ntp_servers through a life: set, changed in
// place, overwritten on the host, left out.
func TestAccContainerHostIsToldItsNameAndTimeServers(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	at := l.host()
	const (
		asked = "grep -c . /run/systemd/resolve/resolv.conf; head -n 1 /run/systemd/resolve/resolv.conf"
		timed = "grep ^NTP= /etc/systemd/timesyncd.conf.d/90-mdx-ntp.conf"
	)
	inPlace := resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
		plancheck.ExpectResourceAction(hostNode, plancheck.ResourceActionUpdate),
	}}
	first := l.node(at, `dns_servers = ["192.0.2.7", "2001:db8::7"]
		ntp_servers = ["192.0.2.8", "ntp.example.ac.jp"]`)
	other := l.node(at, `dns_servers = ["192.0.2.9"]
		ntp_servers = ["192.0.2.9"]`)
	are := func(asks, times string) resource.TestCheckFunc {
		return resource.ComposeTestCheckFunc(l.finds(asked, asks), l.finds(timed, "NTP=\n"+times))
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: providers(),
		Steps: []resource.TestStep{
			{Config: first, Check: are("4\nnameserver 192.0.2.7", "NTP=192.0.2.8 ntp.example.ac.jp")},
			{Config: other, ConfigPlanChecks: inPlace, Check: are("3\nnameserver 192.0.2.9", "NTP=192.0.2.9")},
			{
				PreConfig: l.breaks("rm /etc/systemd/resolved.conf.d/* && printf '[Resolve]\nDNS=192.0.2.1\n' >/etc/systemd/resolved.conf.d/10-other.conf && " +
					"systemctl restart systemd-resolved && systemctl stop systemd-timesyncd"),
				Config: other, ConfigPlanChecks: inPlace,
				Check: are("3\nnameserver 192.0.2.9", "NTP=192.0.2.9"),
			},
			{Config: l.node(at, ""), Check: are("3\nnameserver 192.0.2.9", "NTP=192.0.2.9")},
		},
	})
}
