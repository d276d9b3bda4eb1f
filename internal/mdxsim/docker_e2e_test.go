//go:build e2e

package mdxsim

import (
	"context"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/gofrs/flock"
)

// TestE2EDockerHosts holds a DockerBackend to what a Backend promises.
func TestE2EDockerHosts(t *testing.T) {
	b, err := NewDockerBackend(t.Context(), DockerConfig{})
	if err != nil {
		t.Fatal(err)
	}
	closed := false
	t.Cleanup(func() {
		if !closed {
			_ = b.Close()
		}
	})
	host := Host{
		ID: "one", LoginUser: "mdx-user01", AuthorizedKey: "ssh-ed25519 AAAA somebody's", TemplateHost: "ubuntu-2204",
		SegmentRange: netip.MustParsePrefix("10.213.252.0/24"),
	}
	ask := func(id, script string) string {
		t.Helper()
		out, err := b.Exec(t.Context(), id, script)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	address, err := b.Start(t.Context(), host)
	if err != nil {
		t.Fatal(err)
	}
	booted := "timeout 60 sh -c 'until systemctl is-active -q docker ssh; do sleep 0.2; done' && "

	t.Run("a fresh host is what a template's first boot leaves", func(t *testing.T) {
		if !host.SegmentRange.Contains(address) && !netip.MustParsePrefix("10.213.0.0/16").Contains(address) {
			t.Errorf("address %s", address)
		}
		ask("one", booted+"true")
		for script, want := range map[string]string{
			"systemctl list-units --failed --no-legend": "",
			"hostname": "ubuntu-2204",
			"cat /home/mdx-user01/.ssh/authorized_keys":     "ssh-ed25519 AAAA somebody's",
			"passwd -S mdx-user01 | cut -d ' ' -f 2":        "NP",
			"chage -l mdx-user01 | sed -n 's/^Last.*: //p'": "password must be changed",
			"runuser -u mdx-user01 -- id -un":               "mdx-user01",
			"docker info --format '{{.Driver}}'":            "overlay2",
		} {
			if got, err := b.Exec(t.Context(), "one", script); got != want {
				t.Errorf("%s: %q, %v; want %q", script, got, err, want)
			}
		}
	})
	t.Run("disk and address survive power off and on", func(t *testing.T) {
		for _, graceful := range []bool{true, false} {
			ask("one", booted+"echo kept >/root/kept; hostnamectl set-hostname renamed")
			if err := b.Stop(t.Context(), "one", graceful); err != nil {
				t.Fatal(err)
			}
			again, err := b.Start(t.Context(), host)
			if err != nil || again != address {
				t.Errorf("%s, %v; was %s", again, err, address)
			}
		}
		if got := ask("one", booted+"cat /root/kept; hostname"); got != "kept\nrenamed" {
			t.Errorf("%q", got)
		}
	})
	t.Run("a reboot is another boot", func(t *testing.T) {
		before := ask("one", booted+"stat -c %Z /proc/1")
		if err := b.Reboot(t.Context(), "one", true); err != nil {
			t.Fatal(err)
		}
		if after := ask("one", "stat -c %Z /proc/1"); after == before {
			t.Error("PID 1 is as old as before")
		}
	})
	t.Run("a clone has its origin's disk and an address of its own", func(t *testing.T) {
		clone := host
		clone.ID, clone.CloneOf = "two", "one"
		other, err := b.Start(t.Context(), clone)
		if err != nil || other == address {
			t.Fatalf("%s, %v", other, err)
		}
		if got := ask("two", "cat /root/kept"); got != "kept" {
			t.Errorf("%q", got)
		}
		if err := b.Destroy(t.Context(), "two"); err != nil {
			t.Error(err)
		}
		if err := b.Destroy(t.Context(), "two"); err != nil {
			t.Errorf("twice: %v", err)
		}
	})
	t.Run("closing leaves nothing", func(t *testing.T) {
		if _, err := b.Registry(t.Context()); err != nil {
			t.Fatal(err)
		}
		closed = true
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
		if left := leftovers(t, b.id); left != "" {
			t.Errorf("left: %s", left)
		}
	})
}

// TestE2EWhatAKilledProcessLeftIsSwept makes the leftovers of a process that is gone, and of one that lives.
func TestE2EWhatAKilledProcessLeftIsSwept(t *testing.T) {
	cache := t.TempDir()
	alive := flock.New(cache + "/" + lockPrefix + "alive")
	if err := alive.Lock(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(cache+"/"+lockPrefix+"dead", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"alive", "dead"} {
		if out, err := exec.CommandContext(t.Context(), "docker", "network", "create", namePrefix+id+"-net").CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := removeAll(ctx, docker{}, "alive"); err != nil {
			t.Error(err)
		}
	})
	if err := sweep(t.Context(), docker{}, cache); err != nil {
		t.Fatal(err)
	}
	if leftovers(t, "dead") != "" || leftovers(t, "alive") == "" {
		t.Errorf("dead: %q, alive: %q", leftovers(t, "dead"), leftovers(t, "alive"))
	}
}

// leftovers lists what Docker has of a backend.
func leftovers(t *testing.T, id string) string {
	t.Helper()
	var all []string
	for _, args := range [][]string{
		{"ps", "--all", "--format", "{{.Names}}", "--filter", "name=^" + namePrefix + id + "-"},
		{"network", "ls", "--format", "{{.Name}}", "--filter", "name=^" + namePrefix + id + "-"},
		{"images", "--format", "{{.Repository}}", namePrefix + id + "-disk"},
	} {
		out, err := exec.CommandContext(t.Context(), "docker", args...).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		all = append(all, strings.Fields(string(out))...)
	}
	return strings.Join(all, " ")
}
