//go:build e2e

package containerhost

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

// bareScript makes a host what a template without Docker is, with a time server of its own, an sshd that systemd starts
// by its socket, and a network that netplan can configure. netplan asks udev about adapters; there is none in a
// container, and no need. The boot loader, which a container lacks too, is a stand-in that leaves word.
const bareScript = `set -e
dpkg --remove --force-depends docker.io containerd runc
: >/etc/apt/sources.list
rm -f /etc/apt/sources.list.d/*
mkdir -p /etc/systemd/timesyncd.conf.d
printf '[Time]\nNTP=192.0.2.1\n' >/etc/systemd/timesyncd.conf.d/10-template.conf
systemctl disable --now ssh.service
systemctl enable --now ssh.socket
printf '#!/bin/sh\n' >/usr/bin/udevadm
printf '#!/bin/sh\necho "$0" >/var/log/update-grub.log\n' >/usr/sbin/update-grub
chmod 0755 /usr/bin/udevadm /usr/sbin/update-grub
systemctl enable --now systemd-networkd`

// TestE2ESystem is about the steps that change the system under a node: Docker from an apt repository, a port that a
// socket opens, a fixed address, name and time servers, the kernel's command line. That another cgroup version is in
// force after the reboot is shown on hosts in memory and in processes only.
func TestE2ESystem(t *testing.T) {
	bed := newTestbed(t)
	repository := bed.mirror(t)
	id, address := bed.host(t)
	in := func(script string) string {
		t.Helper()
		out, err := bed.backend.Exec(t.Context(), id, script)
		if err != nil {
			t.Fatalf("%s: %v\n%s", script, err, out)
		}
		return out
	}
	awaitSystem(t, bed, id)
	in(bareScript)
	if out, err := bed.backend.Exec(t.Context(), id, "command -v dockerd docker"); err == nil {
		t.Fatalf("the host has a Docker already: %s", out)
	}
	spec := bed.spec(id, address)
	at := address.As4()
	at[3] += 100
	spec.StaticAddress = netip.AddrFrom4(at)
	spec.DNSServers = []netip.Addr{netip.MustParseAddr("192.0.2.53"), netip.MustParseAddr("192.0.2.54")}
	spec.NTPServers = []string{"192.0.2.123", "ntp.example.org"}
	spec.Docker.RepositoryURL, spec.Docker.Version = repository, olderDocker

	t.Run("a host without Docker, on a socket's port, becomes a node at its fixed address", func(t *testing.T) {
		status, applied := mustConverge(t, spec)
		for _, step := range []string{"static-address", "dns-servers", "ntp-servers", "ssh-port", "docker-engine", "base-container"} {
			if !slices.Contains(applied, step) {
				t.Errorf("%s was not applied, but %v", step, applied)
			}
		}
		if status.Address != spec.StaticAddress.String() || status.Port != DefaultSSHPort {
			t.Errorf("%+v", status)
		}
		spec.HostKeyFingerprint = status.HostKeyFingerprint
	})
	if t.Failed() {
		t.FailNow()
	}
	for script, want := range map[string]string{
		"dpkg-query -W -f '${Version}' docker-ce":                                    "5:" + olderDocker + "-1~debian.12~bookworm",
		"dpkg-query -W -f '${Status}' docker.io | cut -d ' ' -f 3":                   "config-files",
		"systemctl is-active ssh.socket; systemctl is-enabled ssh.socket":            "active\nenabled",
		"systemctl show -p Listen --value ssh.socket":                                "[::]:20022 (Stream)",
		"ip -4 -br address show eth0 | awk '{print $3}'":                             netip.PrefixFrom(spec.StaticAddress, 22).String(),
		"resolvectl dns | sed -n 's/^Global: //p' | cut -d ' ' -f 1-2":               "192.0.2.53 192.0.2.54", // then the adapter's
		"timedatectl show-timesync -p SystemNTPServers --value":                      "192.0.2.123 ntp.example.org",
		"systemctl show -p NRestarts --value docker.service && ls /etc/apt/keyrings": "0\ndocker.asc",
	} {
		if got := in(script); got != want {
			t.Errorf("%s: %q, want %q", script, got, want)
		}
	}
	t.Run("a second run does nothing", func(t *testing.T) {
		if _, applied := mustConverge(t, spec); len(applied) > 0 {
			t.Errorf("applied %v", applied)
		}
	})
	t.Run("another version is installed, and a version that is not there is told", func(t *testing.T) {
		wrong := spec
		wrong.Docker.Version = "19.3.1"
		if _, err := Converge(t.Context(), wrong, nil); err == nil || !strings.Contains(err.Error(), "step docker-engine") ||
			!strings.Contains(err.Error(), "exit code 3") || !strings.Contains(err.Error(), newerDocker) {
			t.Errorf("%v", err)
		}
		in("echo '# ours' >>/etc/default/docker")
		spec.Docker.Version = newerDocker
		if _, applied := mustConverge(t, spec); !slices.Contains(applied, "docker-engine") {
			t.Errorf("applied %v", applied)
		}
		if got := in("dpkg-query -W -f '${Version}' docker-ce"); !strings.Contains(got, newerDocker) {
			t.Errorf("installed is %s", got)
		}
		if got := in("tail -n 1 /etc/default/docker"); got != "# ours" {
			t.Errorf("what the host's owner had changed became %q", got)
		}
	})
	t.Run("name and time servers that were overwritten are set again", func(t *testing.T) {
		in("rm /etc/systemd/resolved.conf.d/90-mdx-dns.conf && systemctl restart systemd-resolved && systemctl disable --now systemd-timesyncd")
		if _, applied := mustConverge(t, spec); !slices.Equal(applied, []string{"dns-servers", "ntp-servers"}) {
			t.Errorf("applied %v", applied)
		}
	})
	t.Run("all of it survives a power cycle", func(t *testing.T) {
		if err := bed.backend.Reboot(t.Context(), id, false); err != nil {
			t.Fatal(err)
		}
		awaitStatus(t, spec, func(s Status) bool { return s.State == Running && len(s.Drift) == 0 })
	})
	t.Run("the other cgroup version is written down, and the host rebooted", func(t *testing.T) {
		checkCgroup(t, bed, id, spec)
	})
}

// checkCgroup shows all of the step but its effect: a container runs on this machine's kernel, whose command line
// nobody here changes. So the step must say in the end that the version is still the old one. The rest of the reboot,
// once the host's systemd has been told to do it, is a power cycle here: a container doesn't come back by itself.
func checkCgroup(t *testing.T, bed *testbed, id string, spec Spec) {
	t.Helper()
	in := func(script string) []string {
		t.Helper()
		out, err := bed.backend.Exec(t.Context(), id, script)
		if err != nil {
			t.Fatalf("%s: %v\n%s", script, err, out)
		}
		return strings.Split(out, "\n")
	}
	const booted = "cut -d ' ' -f 22 /proc/1/stat"
	before := in("[ $(stat -fc %T /sys/fs/cgroup) = cgroup2fs ] && echo 2 || echo 1; " + booted)
	spec.CgroupVersion = 3 - int(before[0][0]-'0')
	var asked, state string
	var cycle error
	_, err := Converge(t.Context(), spec, func(e Event) {
		if e.Step != "reboot" || asked != "" {
			return
		}
		asked = e.Message
		state, _ = bed.backend.Exec(t.Context(), id, "systemctl is-system-running; cat /proc/1/comm")
		cycle = bed.backend.Reboot(t.Context(), id, false)
	})
	if want := "step cgroup: applied without an error, and still: the host runs cgroup version " + before[0]; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v", err)
	}
	if asked == "" || !strings.Contains(state, "stopping") && !strings.Contains(state, "systemd-shutdow") || cycle != nil {
		t.Fatalf("the reboot: %q, the host was %q, %v", asked, state, cycle)
	}
	after := in("cat /etc/default/grub.d/90-mdx-cgroup.cfg /var/log/update-grub.log; " + booted)
	want := []string{
		fmt.Sprintf(`GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX systemd.unified_cgroup_hierarchy=%d"`, spec.CgroupVersion-1), "/usr/sbin/update-grub",
	}
	if len(after) != 3 || !slices.Equal(after[:2], want) || after[2] == before[1] {
		t.Errorf("%q, want %q and another boot than %s", after, want, before[1])
	}
	spec.CgroupVersion = 0
	awaitStatus(t, spec, func(s Status) bool { return s.State == Running && len(s.Drift) == 0 })
}

// awaitSystem waits until a host's systemd has started everything, but for what this machine's kernel may lack.
func awaitSystem(t *testing.T, bed *testbed, id string) {
	t.Helper()
	if out, err := bed.backend.Exec(t.Context(), id, "timeout 60 sh -c 'until systemctl is-system-running --wait | grep -q -e running -e degraded; do sleep 0.1; done'"); err != nil {
		t.Fatalf("%s: %v", out, err)
	}
}
