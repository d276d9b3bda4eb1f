package containerhost

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// nodeSpec asks for every step.
func nodeSpec() Spec {
	return Spec{
		Host: "10.9.0.20", HostKeyFingerprint: "", Hostname: "node-1",
		AuthorizedKeys: []string{testKey(1) + " controller"},
		StaticAddress:  netip.MustParseAddr("10.9.0.77"),
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
	"connect", "first-login", "apt-timers", "hostname", "authorized-keys", "static-address", "ssh-port", "cgroup",
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

// TestDriftIsToldAndHealed breaks one thing on a finished node.
func TestDriftIsToldAndHealed(t *testing.T) {
	only := func(d *fakeDocker) *fakeContainer {
		for _, c := range d.containers {
			return c
		}
		return nil
	}
	tests := map[string]struct {
		breakIt func(h *fakeHost)
		drift   []string // steps
		state   State
		healed  func(h *fakeHost) bool
	}{
		"apt timer enabled again": {
			breakIt: func(h *fakeHost) { h.units["apt-daily.timer"] = "enabled inactive" },
			drift:   []string{"apt-timers"}, state: Running,
			healed: func(h *fakeHost) bool { return len(h.units) == 0 },
		},
		"host renamed": {
			breakIt: func(h *fakeHost) { h.hostname = "other" },
			drift:   []string{"hostname"}, state: Running,
			healed: func(h *fakeHost) bool { return h.hostname == "node-1" },
		},
		"name missing in hosts file": {
			breakIt: func(h *fakeHost) { h.files[hostsFile] = "127.0.0.1 localhost" },
			drift:   []string{"hostname"}, state: Running,
			healed: func(h *fakeHost) bool {
				return h.files[hostsFile] == "127.0.0.1 localhost\n127.0.1.1 node-1\n"
			},
		},
		"key removed": {
			breakIt: func(h *fakeHost) { h.files["/home/mdxuser/.ssh/authorized_keys"] = testKey(0) },
			drift:   []string{"authorized-keys"}, state: Running,
			healed: func(h *fakeHost) bool {
				return h.files["/home/mdxuser/.ssh/authorized_keys"] == testKey(0)+"\n"+testKey(1)+" controller\n"
			},
		},
		"address not written down": {
			breakIt: func(h *fakeHost) { delete(h.files, netplanFile) },
			drift:   []string{"static-address"}, state: Running,
			healed: func(h *fakeHost) bool { return strings.Contains(h.files[netplanFile], "10.9.0.77/21") },
		},
		"sshd opened port 22 too, in another file": {
			breakIt: func(h *fakeHost) {
				h.files[sshdFolder+"/50-own.conf"] = "port=22\nX11Forwarding no\n"
				h.listening = []int{22, 20022}
			},
			drift: []string{"ssh-port", "node-ready"}, state: ContainerError,
			healed: func(h *fakeHost) bool {
				return slices.Equal(h.listening, []int{20022}) && strings.Contains(h.files[sshdFolder+"/50-own.conf"], "\nX11Forwarding no")
			},
		},
		"sshd configured but not restarted": {
			breakIt: func(h *fakeHost) { h.listening = []int{22, 20022} },
			drift:   []string{"ssh-port", "node-ready"}, state: ContainerError,
			healed: func(h *fakeHost) bool { return slices.Equal(h.listening, []int{20022}) },
		},
		"Docker stopped": {
			breakIt: func(h *fakeHost) { h.docker.running = false },
			drift:   []string{"docker-engine"}, state: HostError,
			healed: func(h *fakeHost) bool { return h.docker.running },
		},
		"Docker not enabled": {
			breakIt: func(h *fakeHost) { h.docker.enabled = false },
			drift:   []string{"docker-engine"}, state: Running,
			healed: func(h *fakeHost) bool { return h.docker.enabled },
		},
		"daemon.json overwritten": {
			breakIt: func(h *fakeHost) { h.files[daemonFile] = `{"mtu": 1400, "insecure-registries": ["10.9.0.5:5000"]}` },
			drift:   []string{"docker-config"}, state: Running,
			healed: func(h *fakeHost) bool {
				return strings.Contains(h.files[daemonFile], `"mtu": 1400`) && strings.Contains(h.files[daemonFile], "5001") &&
					h.docker.restarts == 1
			},
		},
		"daemon has not read its file, and needs a restart": {
			breakIt: func(h *fakeHost) {
				h.docker.config, h.docker.ignoreHUP = map[string][]string{}, true
			},
			drift: []string{"docker-config"}, state: Running,
			healed: func(h *fakeHost) bool { return h.docker.restarts == 2 },
		},
		"image removed": {
			breakIt: func(h *fakeHost) { clear(h.docker.images) },
			drift:   []string{"base-image"}, state: Running,
			healed: func(h *fakeHost) bool { return h.docker.pulls == 2 && h.docker.made == 1 },
		},
		"tag means another image on the host": {
			breakIt: func(h *fakeHost) { h.docker.images[registryImage] = "sha256:two" },
			drift:   []string{"base-container"}, state: Running,
			healed: func(h *fakeHost) bool { return only(h.docker).Image == "sha256:two" },
		},
		"container removed": {
			breakIt: func(h *fakeHost) { clear(h.docker.containers) },
			drift:   []string{"base-container", "node-ready"}, state: ContainerError,
			healed: func(h *fakeHost) bool { return h.docker.made == 2 },
		},
		"container stopped": {
			breakIt: func(h *fakeHost) { only(h.docker).State.Running, only(h.docker).State.Status = false, "exited" },
			drift:   []string{"base-container", "node-ready"}, state: ContainerError,
			healed: func(h *fakeHost) bool { return h.docker.made == 1 && only(h.docker).State.Running },
		},
		"container made by somebody else": {
			breakIt: func(h *fakeHost) { only(h.docker).Config.Labels = nil },
			drift:   []string{"base-container"}, state: Running,
			healed: func(h *fakeHost) bool { return h.docker.made == 2 },
		},
		"restart policy changed": {
			breakIt: func(h *fakeHost) { only(h.docker).HostConfig.RestartPolicy.Name = "no" },
			drift:   []string{"base-container"}, state: Running,
			healed: func(h *fakeHost) bool { return only(h.docker).HostConfig.RestartPolicy.Name == "always" },
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newFakeHost(t, distributions["debian 12"])
				spec := nodeSpec()
				if _, _, err := h.converge(t.Context(), spec); err != nil {
					t.Fatal(err)
				}
				test.breakIt(h)

				looked, err := h.inspect(t.Context(), spec)
				if err != nil {
					t.Fatal(err)
				}
				var steps []string
				for _, d := range looked.Drift {
					steps = append(steps, d.Step)
				}
				if diff := cmp.Diff(test.drift, steps); diff != "" || looked.State != test.state {
					t.Errorf("Inspect says %s %v (-want +got):\n%s", looked.State, looked.Drift, diff)
				}
				status, _, err := h.converge(t.Context(), spec)
				if err != nil {
					t.Fatal(err)
				}
				if status.State != Running || !test.healed(h) {
					t.Errorf("not healed: %+v", status)
				}
			})
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

// TestBaseContainerIsReplacedOnlyForAReason changes one field of the Spec of a finished node.
func TestBaseContainerIsReplacedOnlyForAReason(t *testing.T) {
	tests := map[string]struct {
		change   func(s *Spec, h *fakeHost)
		replaced bool
	}{
		"nothing":           {func(*Spec, *fakeHost) {}, false},
		"authorized keys":   {func(s *Spec, _ *fakeHost) { s.AuthorizedKeys = append(s.AuthorizedKeys, testKey(2)) }, false},
		"environment":       {func(s *Spec, _ *fakeHost) { s.Base.Environment["TZ"] = "UTC" }, true},
		"volumes":           {func(s *Spec, _ *fakeHost) { s.Base.Volumes = nil }, true},
		"user init command": {func(s *Spec, _ *fakeHost) { s.Base.UserInitCommand = "#!/bin/bash\n" }, true},
		"container keys":    {func(s *Spec, _ *fakeHost) { s.Base.AuthorizedKeys = []string{testKey(0)} }, true},
		"controller":        {func(s *Spec, _ *fakeHost) { s.Controller.ID = "vc2" }, true},
		"name":              {func(s *Spec, _ *fakeHost) { s.Base.Name = "other" }, true},
		"tag moved in the registry, not looked for": {
			func(_ *Spec, h *fakeHost) { h.docker.registry[registryImage] = "sha256:two" }, false,
		},
		"tag moved in the registry, pull always": {
			func(s *Spec, h *fakeHost) { s.Base.Pull, h.docker.registry[registryImage] = "always", "sha256:two" }, true,
		},
		"pull always, same image": {func(s *Spec, _ *fakeHost) { s.Base.Pull = "always" }, false},
		"another tag of the same image": {func(s *Spec, h *fakeHost) {
			s.Base.Image = "10.9.0.5:5000/vcp/base:same"
			h.docker.registry[s.Base.Image] = "sha256:one"
		}, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newFakeHost(t, distributions["debian 12"])
				spec := nodeSpec()
				if _, _, err := h.converge(t.Context(), spec); err != nil {
					t.Fatal(err)
				}
				base := *spec.Base
				base.Environment = maps.Clone(base.Environment)
				spec.Base = &base
				test.change(&spec, h)
				status, _, err := h.converge(t.Context(), spec)
				if err != nil {
					t.Fatal(err)
				}
				if replaced := status.ContainerID != "container-1"; replaced != test.replaced || len(h.docker.containers) != 1 {
					t.Errorf("replaced: %t, want %t; %d containers", replaced, test.replaced, len(h.docker.containers))
				}
			})
		})
	}
}

func TestBaseContainerGetsEnvironmentAndMounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newFakeHost(t, distributions["debian 12"])
		spec := nodeSpec()
		status, _, err := h.converge(t.Context(), spec)
		if err != nil {
			t.Fatal(err)
		}
		got := h.docker.containers[status.ContainerID].request
		want := createRequest{
			Image: registryImage,
			Env: []string{
				"AUTHORIZED_KEYS=" + encode([]byte(testKey(2)+" root\n")), "MY_PRIVATE_IP=10.9.0.77", "NFS_PASSWORD=s3cr3t-value",
				"PRIVATE_IP=10.9.0.77", "SERF_NODE_ID=node-1", "TZ=Asia/Tokyo", "VCCCTR_IPADDR=10.9.0.5", "VCCC_ID=vc1",
			},
			Labels: got.Labels,
			HostConfig: hostConfig{
				Privileged: true, NetworkMode: "host",
				Binds: []string{
					"/dev:/dev", "/lib/modules:/lib/modules:rw", initFolder + "/base/user_init_command:/var/vcp/user_init_command:ro",
				},
				RestartPolicy: struct{ Name string }{"always"},
			},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if script := h.files[initFile("base")]; script != spec.Base.UserInitCommand {
			t.Errorf("user_init_command on the host: %q", script)
		}
	})
}

func TestContainerThatEndsIsExplainedByItsOwnWords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newFakeHost(t, distributions["debian 12"])
		h.docker.crash = true
		spec := nodeSpec()
		status, _, err := h.converge(t.Context(), spec)
		if err == nil || !strings.Contains(err.Error(), "exited") || status.State != ContainerError {
			t.Fatalf("%+v, %v", status, err)
		}
		h.docker.crash, h.docker.mute = false, true
		start := time.Now()
		status, _, err = h.converge(t.Context(), spec)
		if err == nil || !strings.Contains(err.Error(), "no host key: x") || status.State != ContainerError {
			t.Errorf("%+v, %v", status, err)
		}
		if waited := time.Since(start); waited < nodeReady.limit || waited > nodeReady.limit+time.Minute {
			t.Errorf("waited %s", waited)
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
		h.docker.pullError = "denied: s3cr3t-value correct-horse-battery"
		var said strings.Builder
		_, err := newSession(spec, h, func(e Event) { fmt.Fprintln(&said, e) }).converge(t.Context())
		fmt.Fprintln(&said, err)
		for _, secret := range []string{"s3cr3t-value", "correct-horse-battery"} {
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
