package process_test

import (
	"io"
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/pkg/sftp"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

// The first login is as sshd and PAM have it: nothing but a new password, asked
// for on a terminal.
func TestFirstLogin(t *testing.T) {
	m := fresh(t, nil)
	if r := m.run("hostname"); r.code != 1 || r.out != "" || !strings.Contains(r.complaints, "Password change required but no TTY available.") {
		t.Fatalf("a command without a terminal: %+v", r)
	}
	if heard, err := m.dialogue("a-long-password", "another-password"); err == nil || !strings.Contains(heard, "passwords do not match") {
		t.Fatalf("a password that is not repeated: %v: %s", err, heard)
	}
	if heard, err := m.dialogue("short", "a-long-password", "a-long-password"); err != nil ||
		!strings.Contains(heard, "You must choose a longer password.") || !strings.Contains(heard, "passwd: password updated successfully") {
		t.Fatalf("a password that is too short, then one that will do: %v: %s", err, heard)
	}
	if r := m.run("hostname"); r.code != 0 || r.out != "ubuntu-2204-server\n" {
		t.Fatalf("afterwards: %+v", r)
	}
	if _, err := m.dialogue(); err == nil {
		t.Error("a terminal is had afterwards, which no stand-in has")
	}
}

// Only the deployed key and the login user get in.
func TestWhoGetsIn(t *testing.T) {
	m := ready(t, nil)
	stranger, line := newKey(t)
	for user, key := range map[string]bool{"mdxuser": false, "root": true, "ubuntu": true} {
		who := stranger
		if key {
			who = m.key
		}
		if client, err := m.login(user, 22, who); err == nil {
			_ = client.Close()
			t.Errorf("%s got in", user)
		}
	}
	m.root("echo '" + strings.TrimSpace(line) + "' >> /home/mdxuser/.ssh/authorized_keys")
	client, err := m.login("mdxuser", 22, stranger)
	if err != nil {
		t.Fatalf("a key that was added does not get in: %v", err)
	}
	_ = client.Close()
}

// What commands find, and that their files are the host's and not this
// machine's.
func TestCommands(t *testing.T) {
	m := ready(t, nil)
	for _, c := range [][2]string{
		{"whoami", "root"},
		{"cat /etc/hostname", "ubuntu-2204-server"},
		{"dpkg --print-architecture", "amd64"},
		{". /etc/os-release; echo $ID", "ubuntu"},
		{"stat -fc %T /sys/fs/cgroup", "cgroup2fs"},
		{"getent passwd mdxuser | cut -d: -f6", "/home/mdxuser"},
		{"mkdir -p /no/such/place && touch /no/such/place/x && ls /no/such/place", "x"},
		{"printf 'a\\nb\\n' >/etc/list && grep -c . /etc/list", "2"},
		{"grep -l a /etc/l*", "/etc/list"},
		{"sed -i '/a/d' /etc/list && cat /etc/list", "b"},
		{"umask 077; install -d -m 0700 -o root /srv/x && ls /srv", "x"},
		{"command -v curl", "/usr/bin/curl"},
		{"command -v dockerd || echo none", "none"},
		{"readlink -f /etc/resolv.conf && cat /etc/resolv.conf | head -n 1", "/run/systemd/resolve/stub-resolv.conf\nnameserver 127.0.0.53"},
		{
			"mkdir -p /etc/systemd/resolved.conf.d && printf '[Resolve]\nDNS=192.0.2.7 192.0.2.8\n' >/etc/systemd/resolved.conf.d/x.conf && " +
				"systemctl restart systemd-resolved && cat /run/systemd/resolve/resolv.conf",
			"nameserver 192.0.2.7\nnameserver 192.0.2.8\nnameserver 192.0.2.53\nsearch example.jp",
		},
		{
			"printf '[Resolve]\nDNS=\nDNS=192.0.2.9\n' >/etc/systemd/resolved.conf.d/y.conf && " +
				"systemctl restart systemd-resolved && cat /run/systemd/resolve/resolv.conf",
			"nameserver 192.0.2.9\nnameserver 192.0.2.53\nsearch example.jp",
		},
		{
			"touch -d '1 hour' /etc/mark && systemctl restart systemd-timesyncd && since=$(systemctl show -p ActiveEnterTimestamp --value systemd-timesyncd) && " +
				"[ $(date -u -d \"$since\" +%s) -lt $(stat -c %Y /etc/mark) ] && touch -d '1 hour ago' /etc/mark && " +
				"[ $(date -u -d \"$since\" +%s) -gt $(stat -c %Y /etc/mark) ] && echo compares",
			"compares",
		},
		{"systemctl cat chrony >/dev/null 2>&1 || echo none", "none"},
		{"systemctl is-enabled apt-daily.timer", "enabled"},
		{"systemctl disable --now apt-daily.timer; systemctl is-active apt-daily.timer || true", "inactive"},
		{"hostnamectl set-hostname node1 && hostname", "node1"},
		{"ping -c 1 192.0.2.1 && echo taken || echo free", "free"},
		{"timeout 5 sh -c 'echo in time'", "in time"},
		{"curl -fsSL -o /etc/key https://example.org/gpg && wc -l </etc/key", "1"},
	} {
		if got := m.root(c[0]); got != c[1] {
			t.Errorf("%s: %q, want %q", c[0], got, c[1])
		}
	}
	if _, err := os.Stat("/no/such/place"); err == nil {
		t.Error("a folder was made on this machine")
	}
	if r := m.run("make world"); r.code != 127 || !strings.Contains(r.complaints, "make: command not found") {
		t.Errorf("an unknown program: %+v", r)
	}
	if r := m.run("if then"); r.code != 2 {
		t.Errorf("nonsense: %+v", r)
	}
	if r := m.run("exit 7"); r.code != 7 {
		t.Errorf("exit 7: %+v", r)
	}
}

// sshd listens where its configuration says once it is restarted, keeps
// connections, and refuses what is no port.
func TestMovingSSH(t *testing.T) {
	m := ready(t, nil)
	old, err := m.login("mdxuser", 22, m.key)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = old.Close() }()
	m.rootOn(old, "printf 'Port 22\nPort 20022\n' >/etc/ssh/sshd_config.d/10-port.conf && sshd -t && systemctl restart ssh")
	if got := m.rootOn(old, "sshd -T | grep -c '^port '; ss -Hltnp | grep -c 'pid=812,'"); got != "2\n2" {
		t.Errorf("ports: %q", got)
	}
	m.rootOn(old, "echo 'Port 20022' >/etc/ssh/sshd_config.d/10-port.conf && sshd -t && systemctl restart ssh.service")
	if client, err := m.login("mdxuser", 22, m.key); err == nil {
		_ = client.Close()
		t.Error("port 22 still answers")
	}
	moved, err := m.login("mdxuser", 20022, m.key)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = moved.Close() }()
	if got := m.rootOn(old, "echo still here"); got != "still here" {
		t.Errorf("the old connection: %q", got)
	}
	if r, err := m.on(moved, "echo 'Port many' >/etc/ssh/sshd_config.d/10-port.conf; sshd -t", ""); err != nil || r.code != 255 {
		t.Errorf("sshd -t on nonsense: %+v, %v", r, err)
	}
}

// On distributions that open the port by socket, the socket tells it.
func TestSSHBySocket(t *testing.T) {
	m := ready(t, func(h *mdxsim.Host) { h.OSVersion = "24.04" })
	if got := m.root("systemctl -q is-active ssh.socket && systemctl show -p Listen --value ssh.socket"); got != "0.0.0.0:22 (Stream)" {
		t.Errorf("listens on %q", got)
	}
}

// A reboot cuts connections, changes the boot id, puts the kernel's command line
// to use, and keeps everything else.
func TestReboot(t *testing.T) {
	m := ready(t, nil)
	before := m.root("cat /proc/sys/kernel/random/boot_id; echo kept >/etc/mark")
	client, err := m.login("mdxuser", 22, m.key)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	m.rootOn(client, `echo 'GRUB_CMDLINE_LINUX="systemd.unified_cgroup_hierarchy=0"' >/etc/default/grub.d/90.cfg; update-grub; systemctl reboot`)
	eventually(t, func() bool { _, _, err := client.SendRequest("keepalive", true, nil); return err != nil })
	eventually(t, func() bool {
		again, err := m.login("mdxuser", 22, m.key)
		if err == nil {
			_ = again.Close()
		}
		return err == nil
	})
	if after := m.root("cat /proc/sys/kernel/random/boot_id"); after == before || after == "" {
		t.Errorf("boot id: %q", after)
	}
	if got := m.root("cat /etc/mark; stat -fc %T /sys/fs/cgroup"); got != "kept\ntmpfs" {
		t.Errorf("after the reboot: %q", got)
	}
}

// The backend's own power operations, and that an address stays.
func TestPowerCycle(t *testing.T) {
	m := ready(t, nil)
	m.root("echo kept >/etc/mark")
	if err := m.backend.Stop(t.Context(), machineID, true); err != nil {
		t.Fatal(err)
	}
	if client, err := m.login("mdxuser", 22, m.key); err == nil {
		_ = client.Close()
		t.Error("it answers though it is off")
	}
	address, err := m.backend.Start(t.Context(), mdxsim.Host{ID: machineID})
	if err != nil || address != m.address {
		t.Fatalf("address %s, %v", address, err)
	}
	if err := m.backend.Reboot(t.Context(), machineID, false); err != nil {
		t.Fatal(err)
	}
	if got := m.root("cat /etc/mark"); got != "kept" {
		t.Errorf("mark: %q", got)
	}
	if err := m.backend.Destroy(t.Context(), machineID); err != nil {
		t.Fatal(err)
	}
	if err := m.backend.Destroy(t.Context(), machineID); err != nil {
		t.Errorf("destroying it twice: %v", err)
	}
	if err := m.backend.Reboot(t.Context(), machineID, false); err == nil {
		t.Error("what is gone was rebooted")
	}
}

// A copy has the disk of its source, the password and the host key included.
func TestClone(t *testing.T) {
	m := ready(t, nil)
	m.root("echo kept >/etc/mark")
	address, err := m.backend.Start(t.Context(), mdxsim.Host{ID: "copy", Name: "copy", LoginUser: "mdxuser", CloneOf: machineID})
	if err != nil {
		t.Fatal(err)
	}
	if address == m.address {
		t.Fatal("it has its source's address")
	}
	other := &machine{t: t, backend: m.backend, address: address, key: m.key}
	if got := other.root("cat /etc/mark"); got != "kept" {
		t.Errorf("mark: %q", got)
	}
}

// netplan moves the host: it answers at the new address and no longer at the
// old one.
func TestFixedAddress(t *testing.T) {
	m := ready(t, nil)
	at := m.address.As4()
	at[2]++
	to := netip.AddrFrom4(at)
	m.root("printf 'network:\n  ethernets:\n    ens160:\n      addresses: [" + to.String() + "/16]\n' >/etc/netplan/99.yaml\n" +
		"rm -f /etc/netplan/mdx.yaml\nnetplan generate && systemd-run --quiet --on-active=1ms /bin/sh -c 'netplan apply'")
	moved := &machine{t: t, backend: m.backend, address: to, key: m.key}
	eventually(t, func() bool {
		client, err := moved.login("mdxuser", 22, m.key)
		if err == nil {
			_ = client.Close()
		}
		return err == nil
	})
	if client, err := m.login("mdxuser", 22, m.key); err == nil {
		_ = client.Close()
		t.Error("the old address still answers")
	}
	if got := moved.root("ip -j -4 address show; ping -c 1 " + to.String() + " >/dev/null && echo taken"); !strings.Contains(got, to.String()) || !strings.HasSuffix(got, "taken") {
		t.Errorf("addresses: %s", got)
	}
}

// Files travel by sftp, and never out of the host's folder.
func TestSFTP(t *testing.T) {
	m := ready(t, nil)
	connection, err := m.login("mdxuser", 22, m.key)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = connection.Close() }()
	files, err := sftp.NewClient(connection)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = files.Close() }()
	if err := files.MkdirAll("/srv/data"); err != nil {
		t.Fatal(err)
	}
	file, err := files.Create("/srv/data/x")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(file, "hello"); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	if err := files.Rename("/srv/data/x", "/srv/data/y"); err != nil {
		t.Fatal(err)
	}
	if err := files.Chmod("/srv/data/y", 0o600); err != nil {
		t.Fatal(err)
	}
	if got := m.root("cat /srv/data/y; ls /srv/data"); got != "hello"+"y" {
		t.Errorf("%q", got)
	}
	if entries, err := files.ReadDir("/srv/data"); err != nil || len(entries) != 1 || entries[0].Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", entries, err)
	}
	if err := files.Remove("/srv/data/y"); err != nil {
		t.Error(err)
	}
	if _, err := files.Open("/../../../../../../etc/passwd"); err == nil {
		t.Error("a file of this machine was opened")
	}
}
