package containerhost

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	// The library's own goroutine may wait for a connection that is over: see [sshConn.session].
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("golang.org/x/crypto/ssh.(*mux).openChannel"))
}

// nodeSpec asks for every step.
func nodeSpec() Spec {
	return Spec{
		Host: "10.9.0.20", HostKeyFingerprint: "", Hostname: "node-1",
		AuthorizedKeys: []string{testKey(1) + " controller"},
		StaticAddress:  netip.MustParseAddr("10.9.0.77"),
		DNSServers:     []netip.Addr{netip.MustParseAddr("10.9.0.53"), netip.MustParseAddr("10.9.0.54")},
		NTPServers:     []string{"ntp.example.ac.jp", "10.9.0.123"},
		CgroupVersion:  1,
		Docker: Docker{
			InsecureRegistries: []string{"10.9.0.5:5000", "10.9.0.5:5001"},
			RegistryMirrors:    []string{"http://10.9.0.5:5000"},
		},
		Controller: Controller{Address: "10.9.0.5", ID: "vc1"},
		Base: &Base{
			Image:           registryImage,
			Environment:     map[string]string{"NFS_PASSWORD": "s3cr3t-value", "TZ": "Asia/Tokyo"},
			Volumes:         []string{"/lib/modules:/lib/modules:rw"},
			AuthorizedKeys:  []string{testKey(2) + " root"},
			UserInitCommand: "#!/bin/sh\necho hello\n",
		},
	}
}

// run converges a fake host and gives the step events that are not mere progress, as "step phase".
func (h *fakeHost) converge(ctx context.Context, spec Spec) (Status, []string, error) {
	var events []string
	status, err := newSession(spec.withDefaults(), h, func(e Event) {
		if e.Phase != Progress && e.Phase != Applying {
			events = append(events, e.Step+" "+string(e.Phase))
		}
	}).converge(ctx)
	return status, events, err
}

func (h *fakeHost) inspect(ctx context.Context, spec Spec) (Status, error) {
	return newSession(spec.withDefaults(), h, nil).inspect(ctx)
}

func (h *fakeHost) remove(ctx context.Context, spec Spec) error {
	return newSession(spec.withDefaults(), h, nil).remove(ctx)
}

func phases(phase Phase, steps ...string) []string {
	var list []string
	for _, s := range steps {
		list = append(list, s+" "+string(phase))
	}
	return list
}

var everyStep = []string{
	"connect", "first-login", "apt-timers", "hostname", "authorized-keys", "static-address", "dns-servers", "ntp-servers", "ssh-port", "cgroup",
	"docker-engine", "docker-config", "base-image", "base-container", "node-ready",
}

func TestFreshHostBecomesNodeAndSecondRunDoesNothing(t *testing.T) {
	for name, d := range distributions {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newFakeHost(t, d)
				h.bootsFor, h.docker.slow = 4, 3
				spec := nodeSpec()

				status, events, err := h.converge(t.Context(), spec)
				if err != nil {
					t.Fatal(err)
				}
				want := phases(Applied, everyStep...)
				if d.version == "20.04" { // comes with cgroup version 1
					want[slices.Index(everyStep, "cgroup")] = "cgroup skipped"
				}
				if diff := cmp.Diff(want, events); diff != "" {
					t.Errorf("first run (-want +got):\n%s", diff)
				}
				wantStatus := Status{
					State: Running, HostKeyFingerprint: "SHA256:host", Address: "10.9.0.77", Port: 20022,
					Distribution: name, DockerVersion: "27.5.1", ContainerID: "container-1", ImageID: "sha256:one",
					ImageReference: "10.9.0.5:5000/vcp/base@sha256:one",
				}
				if diff := cmp.Diff(wantStatus, status); diff != "" {
					t.Errorf("status (-want +got):\n%s", diff)
				}

				spec.HostKeyFingerprint = status.HostKeyFingerprint
				again, events, err := h.converge(t.Context(), spec)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(append(phases(Applied, "connect"), phases(Skipped, everyStep[1:]...)...), events); diff != "" {
					t.Errorf("second run (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff(status, again); diff != "" {
					t.Errorf("second status (-want +got):\n%s", diff)
				}
				if looked, err := h.inspect(t.Context(), spec); err != nil || len(looked.Drift) > 0 || looked.State != Running {
					t.Errorf("Inspect: %+v, %v", looked, err)
				}
			})
		})
	}
}

// TestRunCutOffAnywhereIsContinued cuts the connection after every single command in turn, which is what a kill of
// this side, or of the network, looks like to the host.
func TestRunCutOffAnywhereIsContinued(t *testing.T) {
	for name, d := range distributions {
		t.Run(name, func(t *testing.T) {
			for n, more := 1, true; more; n++ {
				more = false
				synctest.Test(t, func(t *testing.T) {
					h := newFakeHost(t, d)
					h.cut = func(i int) bool { more = more || i == n; return i == n }
					spec := nodeSpec()
					_, _, _ = h.converge(t.Context(), spec) // some cuts are expected by the steps, and cost nothing

					status, _, err := h.converge(t.Context(), spec)
					if err != nil {
						t.Fatalf("cut after command %d: %v", n, err)
					}
					if looked, err := h.inspect(t.Context(), spec); err != nil || len(looked.Drift) > 0 || status.State != Running {
						t.Fatalf("cut after command %d: drift %v, state %s, %v", n, looked.Drift, status.State, err)
					}
					if len(h.docker.containers) != 1 {
						t.Fatalf("cut after command %d: %d containers", n, len(h.docker.containers))
					}
				})
			}
		})
	}
}

// TestFailingStepIsNamedAndRepeated makes one command fail, once.
func TestFailingStepIsNamedAndRepeated(t *testing.T) {
	tests := map[string]struct{ word, step string }{
		"password":          {"changing the password", "first-login"},
		"timers":            {"apt timers", "apt-timers"},
		"hosts file":        {"writing /etc/hosts", "hostname"},
		"host name":         {"setting the host name", "hostname"},
		"keys":              {"writing /home", "authorized-keys"},
		"netplan file":      {"writing /etc/netplan", "static-address"},
		"netplan test":      {"testing the network", "static-address"},
		"netplan apply":     {"applying the network", "static-address"},
		"name servers":      {"writing " + resolvedFile, "dns-servers"},
		"resolver":          {"restarting systemd-resolved", "dns-servers"},
		"time servers":      {"writing " + timesyncdFile, "ntp-servers"},
		"timekeeper":        {"restarting systemd-timesyncd", "ntp-servers"},
		"sshd list":         {"listing sshd", "ssh-port"},
		"sshd file":         {"writing " + sshdPortFile, "ssh-port"},
		"sshd test":         {"testing sshd", "ssh-port"},
		"sshd restart":      {"restarting sshd", "ssh-port"},
		"boot loader":       {"boot loader", "cgroup"},
		"reboot":            {"rebooting", "cgroup"},
		"install":           {"installing Docker", "docker-engine"},
		"start":             {"starting Docker", "docker-engine"},
		"daemon.json":       {"writing " + daemonFile, "docker-config"},
		"reload":            {"reloading Docker", "docker-config"},
		"pull":              {"/images/create", "base-image"},
		"user init command": {"writing " + initFolder, "base-container"},
		"create":            {"/containers/create", "base-container"},
		"start container":   {"/start", "base-container"},
		"banner":            {"asking the Base", "node-ready"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newFakeHost(t, distributions["debian 12"])
				h.failing(test.word)
				spec := nodeSpec()
				status, events, err := h.converge(t.Context(), spec)
				var failed *StepError
				if !errors.As(err, &failed) || failed.Step != test.step || failed.Host != spec.Host {
					t.Fatalf("error %v, want a StepError of %s", err, test.step)
				}
				for _, part := range []string{spec.Host, test.step, "exit code 7", "the last line"} {
					if !strings.Contains(err.Error(), part) {
						t.Errorf("error %q lacks %q", err, part)
					}
				}
				if last := events[len(events)-1]; last != test.step+" failed" {
					t.Errorf("last event %q", last)
				}
				if status.State == Running || status.HostKeyFingerprint != "SHA256:host" {
					t.Errorf("status %+v: want an error state and the pinned key", status)
				}
				if _, _, err := h.converge(t.Context(), spec); err != nil {
					t.Errorf("the second run: %v", err)
				}
				if looked, err := h.inspect(t.Context(), spec); err != nil || len(looked.Drift) > 0 {
					t.Errorf("after the second run: %v, %v", looked.Drift, err)
				}
			})
		})
	}
}

func TestStepThatChangesNothingIsNotBelieved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newFakeHost(t, distributions["debian 12"])
		h.docker.crash = false
		spec := nodeSpec()
		spec.CgroupVersion = 0
		spec.Docker.Version = "24.0.7"
		h.docker.installed, h.docker.version = true, "27.5.1"
		h.fail = func(c command) error {
			if c.script == dockerInstallScript {
				c.args[3] = "27.5.1" // the repository gives another version than it was asked for
			}
			return nil
		}
		_, _, err := h.converge(t.Context(), spec)
		if err == nil || !strings.Contains(err.Error(), "still: Docker is 5:27.5.1-1~x, pinned is 24.0.7") {
			t.Errorf("error %v", err)
		}
	})
}

func TestHeldDpkgLockIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newFakeHost(t, distributions["ubuntu 22.04"])
		busy := 4
		h.fail = func(c command) error {
			if c.script == dockerInstallScript && busy > 0 {
				busy--
				return &CommandError{c.about, 100, "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 812 (apt-get)"}
			}
			return nil
		}
		start := time.Now()
		if _, _, err := h.converge(t.Context(), nodeSpec()); err != nil || busy != 0 {
			t.Fatalf("%v, %d left", err, busy)
		}
		if waited := time.Since(start); waited < 4*lockPause {
			t.Errorf("waited %s only", waited)
		}
	})
}

// A VM that loses its power while packages are configured has a dockerd, and no group that its socket could belong to.
func TestADockerThatWasUnpackedOnlyIsInstalledToTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newFakeHost(t, distributions["debian 12"])
		h.docker.installed, h.docker.unpacked = true, true
		if status, _, err := h.converge(t.Context(), nodeSpec()); err != nil || status.State != Running {
			t.Errorf("%+v, %v", status, err)
		}
	})
}

func TestAnAddressThatCanNotBeChangedStaysConfigured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newFakeHost(t, distributions["debian 12"])
		spec := nodeSpec()
		if _, _, err := h.converge(t.Context(), spec); err != nil {
			t.Fatal(err)
		}
		before := h.files[netplanFile]
		spec.Host, spec.StaticAddress = "10.9.0.77", netip.MustParseAddr("10.9.0.78")
		h.failing("testing the network")
		if _, _, err := h.converge(t.Context(), spec); err == nil || h.files[netplanFile] != before {
			t.Errorf("%v; %s has %q, had %q", err, netplanFile, h.files[netplanFile], before)
		}
	})
}

func TestTheBaseContainerStaysWhereItsScriptCanNotBeWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newFakeHost(t, distributions["debian 12"])
		spec := nodeSpec()
		before, _, err := h.converge(t.Context(), spec)
		if err != nil {
			t.Fatal(err)
		}
		spec.Base.UserInitCommand = "#!/bin/sh\necho other\n"
		h.failing("writing " + initFolder) // the disk is full
		if _, _, err := h.converge(t.Context(), spec); err == nil || h.docker.find(before.ContainerID) == nil {
			t.Errorf("%v; the containers are %v", err, h.docker.containers)
		}
	})
}

// The main file of this host names a port, and a firewall lets no other through than that and the new one.
func TestAHostWhoseSSHConfigurationWasCutOffIsReachedAfterAReboot(t *testing.T) {
	for _, lost := range []string{sshdPortFile, sshdFile} {
		synctest.Test(t, func(t *testing.T) {
			h := newFakeHost(t, distributions["debian 12"])
			h.files[sshdFile] = "Include /etc/ssh/sshd_config.d/*.conf\nPort 2222\n"
			h.listening, h.blocked = []int{2222}, []int{22}
			spec := nodeSpec()
			spec.HostKeyFingerprint, spec.FormerAddress, spec.FormerPort = "SHA256:host", "10.9.0.20", 2222
			h.failing("writing " + lost)
			if _, _, err := h.converge(t.Context(), spec); err == nil {
				t.Fatal("nothing failed")
			}
			h.reboot()
			spec.FormerAddress = "10.9.0.77"
			if status, _, err := h.converge(t.Context(), spec); err != nil || status.Port != 20022 {
				t.Errorf("%s was not written: %+v, %v", lost, status, err)
			}
		})
	}
}

// TestARebootThatEndsItsOwnCommandIsNoFailure has the host kill the session before systemctl could say that all is well.
func TestARebootThatEndsItsOwnCommandIsNoFailure(t *testing.T) {
	for _, code := range []int{255, 143} { // of the session, and of a command in it
		synctest.Test(t, func(t *testing.T) {
			h := newFakeHost(t, distributions["debian 12"])
			h.fail = func(c command) error {
				if c.about != "rebooting" {
					return nil
				}
				h.reboot()
				return &CommandError{Command: c.about, ExitCode: code}
			}
			if status, _, err := h.converge(t.Context(), nodeSpec()); err != nil || status.State != Running || h.boots != 2 {
				t.Errorf("%d boots, %+v, %v", h.boots, status, err)
			}
		})
	}
}

func TestPresentDockerIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newFakeHost(t, distributions["ubuntu 22.04"])
		h.docker.version = "20.10.24"
		h.docker.installed, h.docker.enabled, h.docker.running = true, true, true
		_, events, err := h.converge(t.Context(), nodeSpec())
		if err != nil || !slices.Contains(events, "docker-engine skipped") {
			t.Errorf("events %v, %v", events, err)
		}
	})
}

func TestInstallingSwitchedOffIsAnErrorWithoutDocker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newFakeHost(t, distributions["ubuntu 22.04"])
		spec := nodeSpec()
		spec.Docker.SkipInstall = true
		if _, _, err := h.converge(t.Context(), spec); err == nil || !strings.Contains(err.Error(), "switched off") {
			t.Errorf("error %v", err)
		}
	})
}

func TestRemoveTakesTheContainerAndNothingElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newFakeHost(t, distributions["debian 12"])
		spec := nodeSpec()
		if _, _, err := h.converge(t.Context(), spec); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := h.remove(t.Context(), spec); err != nil {
				t.Fatal(err)
			}
		}
		if len(h.docker.containers) != 0 || h.files[initFile("base")] != "" || h.hostname != "node-1" || !h.docker.running {
			t.Errorf("%d containers left", len(h.docker.containers))
		}
	})
}

// TestHostThatWasNotMovedYetIsFound was changed while nobody could reach it: it is at its former place, and the Spec has
// another address and port.
func TestHostThatWasNotMovedYetIsFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newFakeHost(t, distributions["ubuntu 24.04"])
		spec := nodeSpec()
		status, _, err := h.converge(t.Context(), spec)
		if err != nil {
			t.Fatal(err)
		}
		spec.HostKeyFingerprint, spec.FormerAddress, spec.FormerPort = status.HostKeyFingerprint, status.Address, status.Port
		spec.StaticAddress, spec.SSHPort = netip.MustParseAddr("10.9.0.78"), 2222

		looked, err := h.inspect(t.Context(), spec)
		if err != nil || looked.Address != "10.9.0.77" || looked.Port != DefaultSSHPort {
			t.Fatalf("found at %s:%d, %v", looked.Address, looked.Port, err)
		}
		var drift []string
		for _, d := range looked.Drift {
			drift = append(drift, d.Step)
		}
		if diff := cmp.Diff([]string{"static-address", "ssh-port", "base-container"}, drift); diff != "" {
			t.Errorf("drift %v (-want +got):\n%s", looked.Drift, diff)
		}
		if err := h.remove(t.Context(), spec); err != nil || len(h.docker.containers) != 0 {
			t.Errorf("Remove: %v, %d containers left", err, len(h.docker.containers))
		}
		moved, _, err := h.converge(t.Context(), spec)
		if err != nil || moved.Address != "10.9.0.78" || moved.Port != 2222 || !slices.Equal(h.listening, []int{2222}) {
			t.Errorf("moved to %s:%d, %v", moved.Address, moved.Port, err)
		}
	})
}

func TestNodeWithoutBaseContainerIsRunning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newFakeHost(t, distributions["debian 12"])
		spec := nodeSpec()
		if _, _, err := h.converge(t.Context(), spec); err != nil {
			t.Fatal(err)
		}
		spec.Base = nil
		status, _, err := h.converge(t.Context(), spec)
		if err != nil || status.State != Running || status.ContainerID != "" || len(h.docker.containers) != 0 {
			t.Errorf("%+v, %v, %d containers", status, err, len(h.docker.containers))
		}
	})
}

func TestGoneHostIsToldInTime(t *testing.T) {
	for name, ask := range map[string]func(ctx context.Context, h *fakeHost, s Spec) error{
		"Inspect": func(ctx context.Context, h *fakeHost, s Spec) error {
			status, err := h.inspect(ctx, s)
			if status.State != HostError || status.HostKeyFingerprint != "SHA256:host" {
				return fmt.Errorf("status %+v", status)
			}
			return err
		},
		"Remove": func(ctx context.Context, h *fakeHost, s Spec) error { return h.remove(ctx, s) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newFakeHost(t, distributions["debian 12"])
				h.bootsFor = 1 << 30
				spec := nodeSpec()
				spec.HostKeyFingerprint = "SHA256:host"
				start := time.Now()
				if err := ask(t.Context(), h, spec); !errors.Is(err, ErrUnreachable) {
					t.Errorf("error %v", err)
				}
				if waited := time.Since(start); waited > 31*time.Second {
					t.Errorf("gave up after %s", waited)
				}
			})
		})
	}
}

func TestNoSecretIsReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newFakeHost(t, distributions["debian 12"])
		spec := nodeSpec().withDefaults()
		spec.InitialPassword = "correct-horse-battery"
		spec.Base.Environment["DEPLOY_KEY"] = "-----BEGIN KEY-----\nc3Vycm91bmRlZA\nYnkgbGluZXM\n-----END KEY-----\n"
		h.docker.pullError = "denied: s3cr3t-value correct-horse-battery\nYnkgbGluZXM\n-----END KEY-----"
		var said strings.Builder
		_, err := newSession(spec, h, func(e Event) { fmt.Fprintln(&said, e) }).converge(t.Context())
		fmt.Fprintln(&said, err)
		for _, secret := range []string{"s3cr3t-value", "correct-horse-battery", "YnkgbGluZXM"} {
			if strings.Contains(said.String(), secret) {
				t.Errorf("%q in:\n%s", secret, said.String())
			}
		}
		if !strings.Contains(said.String(), "denied: (hidden) (hidden)") {
			t.Errorf("the registry's words are missing:\n%s", said.String())
		}
		if h.password != spec.InitialPassword {
			t.Error("the given password was not set")
		}
	})
}
