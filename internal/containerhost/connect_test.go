package containerhost

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestConnect is about hosts that don't answer as hoped.
func TestConnect(t *testing.T) {
	tests := map[string]struct {
		prepare func(h *fakeHost, s *Spec)
		want    error
		says    string
		atMost  time.Duration
		port    int
	}{
		"boots for two minutes": {
			prepare: func(h *fakeHost, _ *Spec) { h.bootsFor = 60 }, port: 22, atMost: 3 * time.Minute,
		},
		"never comes": {
			prepare: func(h *fakeHost, _ *Spec) { h.bootsFor = 1 << 30 },
			want:    ErrUnreachable, says: "connection refused", atMost: 6 * time.Minute,
		},
		"has the key a little later than sshd": {
			prepare: func(h *fakeHost, _ *Spec) { h.refuseKeys = 4 }, port: 22, atMost: time.Minute,
		},
		"refuses the key for good": {
			prepare: func(h *fakeHost, _ *Spec) { h.refuseKeys = 1 << 30 },
			want:    ErrUnreachable, says: "every key was refused", atMost: 2 * time.Minute,
		},
		"answers on the new port only": {
			prepare: func(h *fakeHost, _ *Spec) { h.listening = []int{20022} }, port: 20022, atMost: time.Second,
		},
		"has another key on its own port": {
			prepare: func(h *fakeHost, s *Spec) { h.listening, s.HostKeyFingerprint = []int{20022}, "SHA256:old" },
			want:    ErrHostKey, says: "If the VM was replaced", atMost: time.Second,
		},
		"was replaced by a fresh VM": {
			prepare: func(_ *fakeHost, s *Spec) { s.HostKeyFingerprint = "SHA256:old" },
			want:    ErrHostKey, says: "If the VM was replaced", atMost: 2 * time.Minute,
		},
		"only its Base container answers": {
			prepare: func(h *fakeHost, s *Spec) {
				h.listening, s.HostKeyFingerprint = nil, "SHA256:host"
				h.docker.installed, h.docker.running = true, true
				h.docker.containers["x"] = &fakeContainer{request: createRequest{HostConfig: hostConfig{NetworkMode: "host"}}}
				h.docker.containers["x"].State.Running = true
			},
			want: ErrHostKey, says: "presents SHA256:container", atMost: 2 * time.Minute,
		},
		"moved to its fixed address before the state was kept": {
			prepare: func(h *fakeHost, s *Spec) { h.address, h.listening = s.StaticAddress, []int{20022} },
			port:    20022, atMost: time.Second,
		},
		"is still on the port that it is to leave": {
			prepare: func(h *fakeHost, s *Spec) {
				h.listening, s.HostKeyFingerprint = []int{2222}, "SHA256:host"
				s.FormerPort = 2222
			},
			port: 2222, atMost: time.Second,
		},
		"is still at the address that it is to leave": {
			prepare: func(h *fakeHost, s *Spec) {
				h.address, h.listening, s.HostKeyFingerprint = netip.MustParseAddr("10.9.0.76"), []int{20022}, "SHA256:host"
				s.FormerAddress = "10.9.0.76"
			},
			port: 20022, atMost: time.Second,
		},
		"was followed by another machine where it was": {
			prepare: func(h *fakeHost, s *Spec) {
				h.address, h.listening, s.HostKeyFingerprint = netip.MustParseAddr("10.9.0.76"), []int{20022}, "SHA256:other"
				s.FormerAddress = "10.9.0.76"
			},
			want: ErrHostKey, says: "presents SHA256:host", atMost: 2 * time.Minute,
		},
		"boots while another machine is where it is to move": {
			prepare: func(h *fakeHost, s *Spec) {
				h.bootsFor, h.listening, h.strangers = 30, []int{2222}, []string{s.StaticAddress.String()}
				s.HostKeyFingerprint, s.FormerAddress, s.FormerPort = "SHA256:host", s.Host, 2222
			},
			port: 2222, atMost: time.Minute,
		},
		"was followed by another machine where it last was, and should be": {
			prepare: func(h *fakeHost, s *Spec) {
				h.strangers, s.HostKeyFingerprint = []string{s.StaticAddress.String()}, "SHA256:host"
				s.FormerAddress, s.FormerPort = s.StaticAddress.String(), s.SSHPort
			},
			want: ErrHostKey, says: "presents SHA256:stranger", atMost: time.Second,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newFakeHost(t, distributions["ubuntu 22.04"])
				spec := nodeSpec().withDefaults()
				test.prepare(h, &spec)
				s := newSession(spec, h, nil)
				defer s.close()
				start := time.Now()
				err := s.connect(t.Context(), spec.SSH.Timeout, s.targets()...)
				switch {
				case test.want == nil && err != nil:
					t.Fatal(err)
				case test.want == nil && s.conn.peer().port != test.port:
					t.Errorf("connected to %+v", s.conn.peer())
				case !errors.Is(err, test.want) || test.want != nil && !strings.Contains(err.Error(), test.says):
					t.Errorf("error %v, want %v with %q", err, test.want, test.says)
				}
				if took := time.Since(start); took > test.atMost {
					t.Errorf("took %s", took)
				}
			})
		})
	}
}

func TestConnectEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newFakeHost(t, distributions["ubuntu 22.04"])
		h.bootsFor = 1 << 30
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(10*time.Second, cancel)
		start := time.Now()
		_, _, err := h.converge(ctx, nodeSpec())
		if !errors.Is(err, context.Canceled) || time.Since(start) != 10*time.Second {
			t.Errorf("%v after %s", err, time.Since(start))
		}
	})
}

// TestNewPortThatDoesNotAnswerLeavesTheOldOne is the firewall that lets 22 through and nothing else.
func TestNewPortThatDoesNotAnswerLeavesTheOldOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newFakeHost(t, distributions["ubuntu 24.04"])
		h.blocked = []int{20022}
		before := h.files[sshdFile]
		_, _, err := h.converge(t.Context(), nodeSpec())
		if err == nil || !strings.Contains(err.Error(), "firewall") {
			t.Fatalf("error %v", err)
		}
		if len(h.listening) != 1 || h.listening[0] != 22 || h.files[sshdFile] != before || h.files[sshdPortFile] != "" {
			t.Errorf("listening on %v, files %q %q", h.listening, h.files[sshdFile], h.files[sshdPortFile])
		}
		h.blocked = nil
		if _, _, err := h.converge(t.Context(), nodeSpec()); err != nil {
			t.Error(err)
		}
	})
}

func TestBadSSHConfigurationIsNeverPutToUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newFakeHost(t, distributions["ubuntu 22.04"])
		h.sshdTestFailed = true
		_, _, err := h.converge(t.Context(), nodeSpec())
		if err == nil || !strings.Contains(err.Error(), "Nonsense") {
			t.Fatalf("error %v", err)
		}
		if len(h.listening) != 1 || h.listening[0] != 22 || h.files[sshdPortFile] != "" {
			t.Errorf("listening on %v, %q", h.listening, h.files[sshdPortFile])
		}
	})
}

// TestServerThatDoesNotCloseItsOldPortIsFoundThere fails the second restart: everything is put back, and the Status and
// the next run know where the host is.
func TestServerThatDoesNotCloseItsOldPortIsFoundThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newFakeHost(t, distributions["debian 12"])
		h.expired, h.listening, h.files[sshdPortFile] = false, []int{2222}, "Port 2222\n"
		restarts := 0
		h.fail = func(c command) error {
			if c.script == sshdRestartScript {
				if restarts++; restarts == 2 {
					return errInjected
				}
			}
			return nil
		}
		spec := nodeSpec()
		spec.HostKeyFingerprint, spec.FormerPort, spec.StaticAddress = "SHA256:host", 2222, netip.Addr{}
		status, _, err := h.converge(t.Context(), spec)
		if err == nil || !strings.Contains(err.Error(), "step ssh-port") {
			t.Fatalf("error %v", err)
		}
		if !slices.Equal(h.listening, []int{2222}) || status.Port != 2222 {
			t.Errorf("listening on %v, the status says %d", h.listening, status.Port)
		}
		spec.FormerPort, spec.SSHPort = status.Port, 2223
		if status, _, err = h.converge(t.Context(), spec); err != nil || status.Port != 2223 {
			t.Errorf("the next run: port %d, %v", status.Port, err)
		}
	})
}

// TestServerThatDoesNotStartAgainIsPutBack is a port that something else on the host holds.
func TestServerThatDoesNotStartAgainIsPutBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newFakeHost(t, distributions["debian 12"])
		before := h.files[sshdFile]
		h.failing("restarting sshd")
		if _, _, err := h.converge(t.Context(), nodeSpec()); err == nil || !strings.Contains(err.Error(), "step ssh-port") {
			t.Fatalf("error %v", err)
		}
		if !slices.Equal(h.listening, []int{22}) || h.files[sshdFile] != before || h.files[sshdPortFile] != "" {
			t.Errorf("listening on %v, files %q %q", h.listening, h.files[sshdFile], h.files[sshdPortFile])
		}
	})
}

// TestAFolderThatSSHDWasToldToLeaveOutStaysOut has a main file without the line that reads the folder: what else is there
// may let in whom the host's owner keeps out.
func TestAFolderThatSSHDWasToldToLeaveOutStaysOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newFakeHost(t, distributions["debian 12"])
		h.files[sshdFile] = "UsePAM yes\nPasswordAuthentication no\n"
		h.files[sshdFolder+"/50-cloud-init.conf"] = "PasswordAuthentication yes\n"
		if _, _, err := h.converge(t.Context(), nodeSpec()); err != nil {
			t.Fatal(err)
		}
		if want := "Include " + sshdPortFile + "\nUsePAM yes\nPasswordAuthentication no\n"; h.files[sshdFile] != want {
			t.Errorf("%s holds\n%swant\n%s", sshdFile, h.files[sshdFile], want)
		}
	})
}
