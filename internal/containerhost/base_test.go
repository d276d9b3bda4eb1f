package containerhost

import (
	"errors"
	"maps"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

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

// TestRemoveLeavesAContainerThatSomebodyElseMade is a destroy after an apply that did not get to its Base container.
func TestRemoveLeavesAContainerThatSomebodyElseMade(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newFakeHost(t, distributions["debian 12"])
		h.docker.installed, h.docker.enabled = true, true
		h.docker.start()
		other := &fakeContainer{}
		other.ID, other.Name = "theirs", "/base"
		h.docker.containers[other.ID] = other
		h.docker.pullError = "no such host"
		if _, _, err := h.converge(t.Context(), nodeSpec()); err == nil {
			t.Fatal("the image was pulled")
		}
		if err := h.remove(t.Context(), nodeSpec()); err != nil {
			t.Fatal(err)
		}
		if h.docker.find("theirs") == nil {
			t.Error("their container was removed")
		}
	})
}

// TestTheBaseContainerStaysWhereDockerDoesNotTakeTheNewOne has settings that only Docker knows to be wrong.
func TestTheBaseContainerStaysWhereDockerDoesNotTakeTheNewOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newFakeHost(t, distributions["debian 12"])
		spec := nodeSpec()
		before, _, err := h.converge(t.Context(), spec)
		if err != nil {
			t.Fatal(err)
		}
		base := *spec.Base
		base.Volumes = []string{"/dev:/dev:ro"}
		spec.Base = &base
		h.fail = func(c command) error {
			if c.about == "docker POST /containers/create" {
				return errors.New("Duplicate mount point: /dev")
			}
			return nil
		}
		_, _, err = h.converge(t.Context(), spec)
		if c := h.docker.find("base"); err == nil || c == nil || c.ID != before.ContainerID || !c.State.Running {
			t.Errorf("%v; the containers are %v", err, h.docker.containers)
		}
	})
}

// TestABaseContainerThatWasNotPutInPlaceIsMadeAgain is cut off wherever one takes another's place.
func TestABaseContainerThatWasNotPutInPlaceIsMadeAgain(t *testing.T) {
	for _, at := range []string{"DELETE", "rename", "start"} {
		synctest.Test(t, func(t *testing.T) {
			h := newFakeHost(t, distributions["debian 12"])
			spec := nodeSpec()
			if _, _, err := h.converge(t.Context(), spec); err != nil {
				t.Fatal(err)
			}
			spec.Controller.ID = "vc2"
			h.failing(at)
			if _, _, err := h.converge(t.Context(), spec); err == nil {
				t.Errorf("%s did not fail", at)
			}
			status, _, err := h.converge(t.Context(), spec)
			c := h.docker.find("base")
			if err != nil || status.State != Running || len(h.docker.containers) != 1 || c == nil || c.ID != status.ContainerID {
				t.Errorf("%s failed: %+v, %v; the containers are %v", at, status, err, h.docker.containers)
			}
		})
	}
}
