package containerhost

import (
	"context"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestPortsAreReadOffEveryTool(t *testing.T) {
	tests := map[string]struct {
		text string
		want []int
	}{
		"sshd -T":        {"port 22\nport 20022\naddressfamily any\n", []int{22, 20022}},
		"ss":             {"LISTEN 0 128 0.0.0.0:20022 0.0.0.0:* users:((\"sshd\",pid=1,fd=3))\nLISTEN 0 128 [::]:20022 [::]:*\n", []int{20022}},
		"ss, any":        {"LISTEN 0 4096 *:22 *:*\n", []int{22}},
		"systemd socket": {"0.0.0.0:22 (Stream)\n[::]:22 (Stream)\n", []int{22}},
		"nothing":        {"", nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := parsePorts(test.text); !slices.Equal(got, test.want) {
				t.Errorf("%v, want %v", got, test.want)
			}
		})
	}
}

func TestServiceAdapterIsWhereTheBestDefaultRouteGoes(t *testing.T) {
	const addresses = `[{"ifname":"lo","addr_info":[{"local":"127.0.0.1","prefixlen":8}]},
		{"ifname":"ens160","addr_info":[{"local":"10.0.1.5","prefixlen":21}]},
		{"ifname":"ens192","addr_info":[{"local":"172.16.0.9","prefixlen":16}]}]`
	tests := map[string]struct {
		routes string
		want   string
	}{
		"one route":         {`[{"dst":"default","gateway":"10.0.0.1","dev":"ens160"}]`, "10.0.1.5"},
		"the lower metric":  {`[{"gateway":"172.16.0.1","dev":"ens192","metric":200},{"gateway":"10.0.0.1","dev":"ens160","metric":100}]`, "10.0.1.5"},
		"no default route":  {`[]`, "invalid IP"},
		"ip said nothing":   {``, "invalid IP"},
		"no known adapter":  {`[{"gateway":"10.0.0.1","dev":"ens999"}]`, "invalid IP"},
		"route of no relay": {`[{"dst":"default","dev":"ens192"}]`, "172.16.0.9"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			n, err := parseNIC(test.routes, addresses)
			if got := n.address().String(); got != test.want || err != nil {
				t.Errorf("%s, %v; want %s", got, err, test.want)
			}
		})
	}
}

func TestGarbledFactsAreAnError(t *testing.T) {
	for _, text := range []string{"boot !!!", "routes eyJ4Ijo=\naddresses eyJ4Ijo="} {
		if _, err := parseFacts(text); err == nil {
			t.Errorf("%q: no error", text)
		}
	}
}

func TestUnknownDistributionIsNamed(t *testing.T) {
	d := parseDistribution("NAME=\"Rocky Linux\"\nID=\"rocky\"\nVERSION_ID=\"9.4\"\n")
	if _, err := d.traits(); err == nil || d.String() != "rocky 9.4" {
		t.Errorf("%v, %v", d, err)
	}
	if d := parseDistribution("ID=debian\nVERSION_ID='12'\nVERSION_CODENAME=bookworm\n"); d != (distribution{"debian", "12", "bookworm"}) {
		t.Errorf("%v", d)
	}
}

func TestFixedAddressKeepsMaskRouteAndNameServers(t *testing.T) {
	f := facts{
		nic: nic{"ens160", netip.MustParseAddr("10.0.0.1"), []netip.Prefix{netip.MustParsePrefix("10.0.1.5/21")}},
		nameservers: []netip.Addr{
			netip.MustParseAddr("10.0.0.2"), netip.MustParseAddr("fe80::1%ens160"), netip.MustParseAddr("127.0.0.53"), netip.MustParseAddr("2001:db8::2"),
		}, search: []string{"example.ac.jp"},
	}
	got, err := netplan(f, netip.MustParseAddr("10.0.7.9"))
	want := `network:
  version: 2
  ethernets:
    ens160:
      dhcp4: false
      addresses: [10.0.7.9/21]
      routes:
        - to: 0.0.0.0/0
          via: 10.0.0.1
      nameservers:
        addresses: ["10.0.0.2", "2001:db8::2"]
        search: [example.ac.jp]
`
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if _, err := netplan(f, netip.MustParseAddr("10.0.8.9")); err == nil {
		t.Error("an address outside the network was taken")
	}
	if _, err := netplan(facts{}, netip.MustParseAddr("10.0.8.9")); err == nil {
		t.Error("a host without a default route was configured")
	}
}

func TestDaemonConfigurationIsMerged(t *testing.T) {
	wanted := Docker{InsecureRegistries: []string{"a:5000"}, RegistryMirrors: []string{"http://a:5000"}}
	tests := map[string]struct {
		file    string
		want    string
		changed bool
	}{
		"no file":     {"", "{\n  \"insecure-registries\": [\n    \"a:5000\"\n  ],\n  \"registry-mirrors\": [\n    \"http://a:5000\"\n  ]\n}\n", true},
		"other keys":  {`{"mtu":1400,"insecure-registries":["b:5000"]}`, "{\n  \"insecure-registries\": [\n    \"b:5000\",\n    \"a:5000\"\n  ],\n  \"mtu\": 1400,\n  \"registry-mirrors\": [\n    \"http://a:5000\"\n  ]\n}\n", true},
		"all of it":   {`{"insecure-registries":["a:5000","b:5000"],"registry-mirrors":["http://a:5000/"]}`, "", false},
		"not JSON":    {`{"mtu":`, "", false},
		"not a list":  {`{"insecure-registries":"a:5000"}`, "", false},
		"only spaces": {"\n", "{\n  \"insecure-registries\": [\n    \"a:5000\"\n  ],\n  \"registry-mirrors\": [\n    \"http://a:5000\"\n  ]\n}\n", true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, changed, err := mergeDaemon(test.file, wanted)
			if changed != test.changed || (err == nil) == (name == "not JSON" || name == "not a list") {
				t.Fatalf("changed %t, %v", changed, err)
			}
			if test.changed && string(got) != test.want {
				t.Errorf("%s\nwant %s", got, test.want)
			}
		})
	}
}

func TestPinnedVersion(t *testing.T) {
	f := facts{dockerVersion: "24.0.7", dockerPackage: "5:24.0.7-1~ubuntu.22.04~jammy"}
	for want, ok := range map[string]bool{
		"": true, "24.0.7": true, "5:24.0.7-1~ubuntu.22.04~jammy": true, "24.0.70": false, "24.0": false, "4.0.7": false, "27.5.1": false,
	} {
		if pinned(want, f) != ok {
			t.Errorf("%q: %t", want, !ok)
		}
	}
}

func TestOwnNameInHostsFile(t *testing.T) {
	tests := map[string]struct{ file, want string }{
		"replaces the template's": {"127.0.0.1 localhost\n127.0.1.1 template\n::1 localhost\n", "127.0.0.1 localhost\n::1 localhost\n127.0.1.1 node-1\n"},
		"leaves a known name":     {"10.0.0.1 x node-1 # here\n", "10.0.0.1 x node-1 # here\n"},
		"is not fooled by a note": {"127.0.0.1 localhost # node-1", "127.0.0.1 localhost # node-1\n127.0.1.1 node-1\n"},
		"starts a file":           {"", "127.0.1.1 node-1\n"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := nameItself(test.file, "node-1"); got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
	if got := nameItself("", "node-1.example.jp"); got != "127.0.1.1 node-1.example.jp node-1\n" {
		t.Errorf("%q", got)
	}
}

func TestMissingKeysAreToldByTheKeyNotTheComment(t *testing.T) {
	file := "# a note\nfrom=\"10.0.0.0/8\" " + testKey(0) + " somebody\n\n" + testKey(1)
	got := missingKeys(file, []string{testKey(0) + " other comment", testKey(2) + " new\n", testKey(2), testKey(1)})
	if want := []string{testKey(2) + " new"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestResolverThatHasNoDomainSearchesNone(t *testing.T) {
	servers, search := parseResolver("nameserver 127.0.0.11\nsearch .\n")
	if len(servers) != 1 || len(search) != 0 {
		t.Errorf("%v, %v", servers, search)
	}
}

// TestALookAtAHostWhoseDockerHangsEnds runs the script through a real shell that finds next to no program.
func TestALookAtAHostWhoseDockerHangsEnds(t *testing.T) {
	programs := t.TempDir()
	for name, script := range map[string]string{
		"docker":  "exec /bin/sleep 60",
		"timeout": `shift; exec /usr/bin/timeout 0.1 "$@"`,
		"base64":  `exec /usr/bin/base64 "$@"`,
	} {
		if err := os.WriteFile(filepath.Join(programs, name), []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	shell := exec.CommandContext(ctx, "/bin/sh", "-c", factsScript, "sh", "mdxuser")
	shell.Env = []string{"PATH=" + programs}
	shell.WaitDelay = time.Second
	out, err := shell.Output()
	if err != nil {
		t.Fatal(err)
	}
	if f, err := parseFacts(string(out)); err != nil || f.dockerVersion != "" {
		t.Errorf("docker %q, %v", f.dockerVersion, err)
	}
}
