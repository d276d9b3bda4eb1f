package containerhost

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
)

func TestChronyIsToldItsServersWhereItKeepsTheTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newFakeHost(t, distributions["ubuntu 22.04"])
		h.timekeeper = chrony
		h.files[chronyFile] = "confdir /etc/chrony/conf.d\npool ntp.ubuntu.com iburst maxsources 4\n\nsourcedir /run/chrony-dhcp\ndriftfile /var/lib/chrony/chrony.drift"
		spec := nodeSpec()
		if _, _, err := h.converge(t.Context(), spec); err != nil {
			t.Fatal(err)
		}
		want := `confdir /etc/chrony/conf.d
# pool ntp.ubuntu.com iburst maxsources 4

# sourcedir /run/chrony-dhcp
driftfile /var/lib/chrony/chrony.drift

# Set from outside: ntp_servers.
server ntp.example.ac.jp iburst
server 10.9.0.123 iburst
`
		if diff := cmp.Diff(want, h.files[chronyFile]); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		spec.NTPServers = []string{"10.9.0.124"}
		if _, _, err := h.converge(t.Context(), spec); err != nil {
			t.Fatal(err)
		}
		if _, own, _ := strings.Cut(h.files[chronyFile], "ntp_servers.\n"); own != "server 10.9.0.124 iburst\n" {
			t.Errorf("after a change: %q", own)
		}
		if looked, err := h.inspect(t.Context(), spec); err != nil || len(looked.Drift) > 0 {
			t.Errorf("drift %v, %v", looked.Drift, err)
		}
	})
}

// TestWhatOthersAddedToChronysFileStays appends lines behind those that are this package's.
func TestWhatOthersAddedToChronysFileStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newFakeHost(t, distributions["debian 12"])
		h.timekeeper = chrony
		h.files[chronyFile] = "driftfile /var/lib/chrony/chrony.drift\n"
		spec := nodeSpec()
		if _, _, err := h.converge(t.Context(), spec); err != nil {
			t.Fatal(err)
		}
		h.files[chronyFile] += "allow 10.9.0.0/21\nserver 192.0.2.1\n"
		spec.NTPServers = []string{"10.9.0.124"}
		if _, _, err := h.converge(t.Context(), spec); err != nil {
			t.Fatal(err)
		}
		want := "driftfile /var/lib/chrony/chrony.drift\nallow 10.9.0.0/21\n# server 192.0.2.1\n\n" +
			"# Set from outside: ntp_servers.\nserver 10.9.0.124 iburst\n"
		if diff := cmp.Diff(want, h.files[chronyFile]); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if looked, err := h.inspect(t.Context(), spec); err != nil || len(looked.Drift) > 0 {
			t.Errorf("drift %v, %v", looked.Drift, err)
		}
	})
}

func TestTimekeeperThatCanNotBeToldIsNamed(t *testing.T) {
	for unit, want := range map[string]string{
		"": "neither systemd-timesyncd nor chrony", "ntpsec.service": "ntpsec.service keeps the host's time",
	} {
		synctest.Test(t, func(t *testing.T) {
			h := newFakeHost(t, distributions["debian 12"])
			h.timekeeper = unit
			if _, _, err := h.converge(t.Context(), nodeSpec()); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%q: error %v", unit, err)
			}
		})
	}
}
