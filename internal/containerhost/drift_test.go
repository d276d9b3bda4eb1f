package containerhost

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
)

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
		"name servers replaced": {
			breakIt: func(h *fakeHost) { h.files[resolvedFile] = "[Resolve]\nDNS=192.0.2.1\n" },
			drift:   []string{"dns-servers"}, state: Running,
			healed: func(h *fakeHost) bool {
				return h.files[resolvedFile] == "[Resolve]\nDNS=\nDNS=10.9.0.53 10.9.0.54\nDomains=~.\n"
			},
		},
		"name servers written down but not asked": {
			breakIt: func(h *fakeHost) { h.asked = "nameserver 10.9.0.2\n" },
			drift:   []string{"dns-servers"}, state: Running,
			healed: func(h *fakeHost) bool {
				return strings.HasPrefix(h.asked, "nameserver 10.9.0.53\nnameserver 10.9.0.54\n")
			},
		},
		"time servers replaced": {
			breakIt: func(h *fakeHost) { delete(h.files, timesyncdFile) },
			drift:   []string{"ntp-servers"}, state: Running,
			healed: func(h *fakeHost) bool {
				return h.files[timesyncdFile] == "[Time]\nNTP=\nNTP=ntp.example.ac.jp 10.9.0.123\nFallbackNTP=\n"
			},
		},
		"timekeeper stopped": {
			breakIt: func(h *fakeHost) { h.timeIdle = true },
			drift:   []string{"ntp-servers"}, state: Running,
			healed: func(h *fakeHost) bool { return !h.timeIdle },
		},
		"timekeeper not told of its new configuration": {
			breakIt: func(h *fakeHost) { h.timeStale = true },
			drift:   []string{"ntp-servers"}, state: Running,
			healed: func(h *fakeHost) bool { return !h.timeStale },
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

// TestFilesOfTheHostsOwnStayClosedToThoseWhoCouldNotReadThem looks at how each is written: a hardened host has an sshd_config
// that only root reads, and dhclient's may hold keys.
func TestFilesOfTheHostsOwnStayClosedToThoseWhoCouldNotReadThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newFakeHost(t, distributions["debian 12"])
		h.timekeeper, h.plainResolver = chrony, true
		h.files[chronyFile], h.files[resolvFile] = "pool ntp.debian.org\n", "nameserver 192.0.2.1\n"
		h.files[dhclientFile], h.files[daemonFile] = "key secret { }\n", "{}\n"
		h.files[sshdFolder+"/50-own.conf"] = "Port 22\n"
		own := maps.Clone(h.files)
		if _, _, err := h.converge(t.Context(), nodeSpec()); err != nil {
			t.Fatal(err)
		}
		var opened, kept []string
		for _, c := range h.commands {
			switch _, there := own[c.arg(0)]; {
			case there && c.script == writeFileScript && c.arg(3) != "":
				kept = append(kept, c.arg(0))
			case there && c.script == writeFileScript && c.arg(1) != "0600":
				opened = append(opened, c.arg(0))
			}
		}
		if len(opened) > 0 || !slices.Contains(kept, sshdFolder+"/50-own.conf") {
			t.Errorf("written for all to read: %v; as they were: %v", opened, kept)
		}
	})
}

func (c command) arg(i int) string {
	if i < len(c.args) {
		return c.args[i]
	}
	return ""
}
