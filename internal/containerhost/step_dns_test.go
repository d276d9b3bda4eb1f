package containerhost

import (
	"maps"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
)

// TestNameServersWithoutResolved is a host, as a plain Debian 12 has it, whose /etc/resolv.conf is its own file.
func TestNameServersWithoutResolved(t *testing.T) {
	tests := map[string]struct {
		before, after map[string]string // files
	}{
		"nothing else writes the file": {
			before: map[string]string{resolvFile: "domain a.jp\nnameserver 10.9.0.2\noptions timeout:1"},
			after:  map[string]string{resolvFile: "domain a.jp\noptions timeout:1\nnameserver 10.9.0.53\nnameserver 10.9.0.54\n"},
		},
		"dhclient would": {
			before: map[string]string{
				resolvFile:   "nameserver 10.9.0.2\n",
				dhclientFile: "timeout 60;\nsupersede domain-name-servers 192.0.2.1;\nrequest routers;",
			},
			after: map[string]string{
				resolvFile:   "nameserver 10.9.0.53\nnameserver 10.9.0.54\n",
				dhclientFile: "timeout 60;\nrequest routers;\nsupersede domain-name-servers 10.9.0.53, 10.9.0.54;\n",
			},
		},
		"dhclient knows, and the file was written by hand": {
			before: map[string]string{
				resolvFile:   "nameserver 10.9.0.54\nnameserver 10.9.0.53\n",
				dhclientFile: "supersede domain-name-servers 10.9.0.53, 10.9.0.54;\n",
			},
			after: map[string]string{
				resolvFile:   "nameserver 10.9.0.53\nnameserver 10.9.0.54\n",
				dhclientFile: "supersede domain-name-servers 10.9.0.53, 10.9.0.54;\n",
			},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newFakeHost(t, distributions["debian 12"])
				h.plainResolver = true
				maps.Copy(h.files, test.before)
				spec := nodeSpec()
				if _, _, err := h.converge(t.Context(), spec); err != nil {
					t.Fatal(err)
				}
				for path, want := range test.after {
					if diff := cmp.Diff(want, h.files[path]); diff != "" {
						t.Errorf("%s (-want +got):\n%s", path, diff)
					}
				}
				if looked, err := h.inspect(t.Context(), spec); err != nil || len(looked.Drift) > 0 {
					t.Errorf("drift %v, %v", looked.Drift, err)
				}
			})
		})
	}
}

// TestNameServersOfAnotherDropInAreNotAsked: a template's own would come first, and a closed network doesn't answer it.
func TestNameServersOfAnotherDropInAreNotAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newFakeHost(t, distributions["ubuntu 22.04"])
		h.files["/etc/systemd/resolved.conf.d/10-template.conf"] = "[Resolve]\nDNS=192.0.2.1\n"
		h.resolve()
		spec := nodeSpec()
		if _, _, err := h.converge(t.Context(), spec); err != nil {
			t.Fatal(err)
		}
		if want := "nameserver 10.9.0.53\nnameserver 10.9.0.54\nnameserver 10.9.0.2\n"; h.asked != want {
			t.Errorf("asked are %q, want %q", h.asked, want)
		}
		if looked, err := h.inspect(t.Context(), spec); err != nil || len(looked.Drift) > 0 {
			t.Errorf("drift %v, %v", looked.Drift, err)
		}
	})
}

func TestNameServersOfAnotherProgramAreNotTouched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newFakeHost(t, distributions["debian 12"])
		h.plainResolver, h.resolvTarget = true, "/run/NetworkManager/resolv.conf"
		_, _, err := h.converge(t.Context(), nodeSpec())
		if err == nil || !strings.Contains(err.Error(), "/run/NetworkManager/resolv.conf") || !strings.Contains(err.Error(), "step dns-servers") {
			t.Errorf("error %v", err)
		}
	})
}

// TestDhclientIsToldIPv4Servers only: its option has no room for others.
func TestDhclientIsToldIPv4Servers(t *testing.T) {
	six, four := netip.MustParseAddr("2001:db8::53"), netip.MustParseAddr("10.0.0.53")
	if got := dhclientConfig("", []netip.Addr{six, four}); got != "supersede domain-name-servers 10.0.0.53;\n" {
		t.Errorf("%q", got)
	}
	if got := dhclientConfig("timeout 60;\n", []netip.Addr{six}); got != "timeout 60;\n" {
		t.Errorf("%q", got)
	}
}
