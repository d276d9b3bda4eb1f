//go:build e2e

package containerhost

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestE2E makes nodes of real hosts. Its parts share hosts, since each costs a boot and a pull.
func TestE2E(t *testing.T) {
	bed := newTestbed(t)
	const nodes = 3
	specs := make([]Spec, nodes)
	ids := make([]string, nodes)
	var ready sync.WaitGroup
	for i := range nodes {
		id, address := bed.host(t)
		ids[i], specs[i] = id, bed.spec(id, address)
	}
	var processes string
	t.Run("three fresh hosts become nodes at once", func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		var watched sync.WaitGroup
		watched.Go(func() { processes = bed.watchProcesses(ctx, ids[0]) })
		for i := range nodes {
			ready.Go(func() {
				var log eventLog
				status, err := Converge(t.Context(), specs[i], log.add)
				if err != nil || status.State != Running || status.Port != DefaultSSHPort {
					t.Errorf("%+v, %v\n%s", status, err, &log)
					return
				}
				specs[i].HostKeyFingerprint = status.HostKeyFingerprint
				t.Logf("\n%s", &log)
			})
		}
		ready.Wait()
		stop()
		watched.Wait()
	})
	if t.Failed() {
		t.FailNow()
	}
	t.Run("no secret shows in a process list", func(t *testing.T) {
		if !strings.Contains(processes, "/bin/sh -s") {
			t.Fatalf("the watch saw nothing of the run:\n%s", processes)
		}
		key := strings.Split(strings.TrimSpace(string(bed.key.pem)), "\n")
		for _, secret := range []string{secretValue, secretPassword, "initialised as", key[len(key)/2]} {
			if strings.Contains(processes, secret) {
				t.Errorf("%q was seen", secret)
			}
		}
	})
	t.Run("a second run does nothing", func(t *testing.T) {
		for _, spec := range specs {
			start := time.Now()
			if _, applied := mustConverge(t, spec); len(applied) > 0 {
				t.Errorf("applied %v", applied)
			}
			if took := time.Since(start); took > 10*time.Second {
				t.Errorf("took %s", took)
			}
		}
	})
	t.Run("the node is a node", func(t *testing.T) { checkNodeInside(t, bed, specs[0]) })
	t.Run("drift is healed", func(t *testing.T) { checkDrift(t, specs[0]) })
	t.Run("a bastion is gone through", func(t *testing.T) {
		spec := specs[2]
		spec.SSH.Bastion = &Bastion{
			Host: specs[0].Host, Port: DefaultSSHPort, HostKeyFingerprint: specs[0].HostKeyFingerprint,
		}
		status, applied := mustConverge(t, spec)
		if len(applied) > 0 {
			t.Errorf("applied %v", applied)
		}
		conn := login(t, spec, target{spec.Host, DefaultSSHPort, status.HostKeyFingerprint})
		if from := ask(t, conn, "ss -Htn state established sport = :20022"); !strings.Contains(from, specs[0].Host+":") {
			t.Errorf("the connection does not come from the bastion:\n%s", from)
		}
	})
	t.Run("a power cycle heals by itself", func(t *testing.T) {
		if err := bed.backend.Reboot(t.Context(), ids[1], false); err != nil {
			t.Fatal(err)
		}
		awaitStatus(t, specs[1], func(s Status) bool { return s.State == Running && len(s.Drift) == 0 })
	})
	t.Run("a changed host key is refused", func(t *testing.T) { checkChangedKey(t, specs[1]) })
	t.Run("the Base container is removed, and nothing else", func(t *testing.T) {
		if err := Remove(t.Context(), specs[2]); err != nil {
			t.Fatal(err)
		}
		status, err := Inspect(t.Context(), specs[2])
		if err != nil || status.State != ContainerError || status.DockerVersion == "" {
			t.Errorf("%+v, %v", status, err)
		}
	})
	t.Run("a host that is gone is told in time", func(t *testing.T) {
		if err := bed.backend.Stop(t.Context(), ids[2], false); err != nil {
			t.Fatal(err)
		}
		gone := specs[2]
		gone.SSH.Timeout = 5 * time.Second
		start := time.Now()
		status, err := Inspect(t.Context(), gone)
		if !errors.Is(err, ErrUnreachable) || status.State != HostError {
			t.Errorf("Inspect: %+v, %v", status, err)
		}
		if err := Remove(t.Context(), gone); !errors.Is(err, ErrUnreachable) {
			t.Errorf("Remove: %v", err)
		}
		if took := time.Since(start); took > 40*time.Second {
			t.Errorf("both took %s", took)
		}
	})
}

// TestE2EKilledRunIsContinued ends runs on one host in the middle of one step after another.
func TestE2EKilledRunIsContinued(t *testing.T) {
	bed := newTestbed(t)
	id, address := bed.host(t)
	spec := bed.spec(id, address)
	for _, step := range []string{"first-login", "hostname", "ssh-port", "docker-config", "base-image", "base-container", "node-ready"} {
		ctx, kill := context.WithCancel(t.Context())
		status, err := Converge(ctx, spec, func(e Event) {
			if e.Step == step && (e.Phase == Applying || e.Phase == Progress) ||
				step == "first-login" && e.Step == "connect" && e.Phase == Applied {
				kill()
			}
		})
		kill()
		if err == nil && status.State != Running {
			t.Errorf("killed in %s: %+v", step, status)
		}
		t.Logf("killed in %s: %v", step, err)
	}
	mustConverge(t, spec)
	if status, err := Inspect(t.Context(), spec); err != nil || len(status.Drift) > 0 {
		t.Errorf("%+v, %v", status, err)
	}
}

// watchProcesses collects what a host's process list shows, as often as it can, until the context ends.
func (b *testbed) watchProcesses(ctx context.Context, id string) string {
	out, _ := b.backend.Exec(ctx, id, "while :; do ps -eww -o args; done") // ends with the context
	seen := map[string]bool{}
	for line := range strings.Lines(out) {
		seen[strings.TrimSpace(line)] = true
	}
	var lines []string
	for line := range seen {
		lines = append(lines, line)
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// checkNodeInside logs in to the Base container as an application's deployer would.
func checkNodeInside(t *testing.T, bed *testbed, spec Spec) {
	t.Helper()
	inside := spec
	inside.User = "root"
	conn := login(t, inside, target{spec.Host, basePort, ""})
	environment := ask(t, conn, `tr '\0' '\n' </proc/$(pidof dockerd)/environ`)
	for _, want := range []string{
		"MY_PRIVATE_IP=" + spec.Host, "PRIVATE_IP=" + spec.Host, "VCCC_ID=vc1", "SERF_NODE_ID=" + spec.Hostname,
		"TZ=Asia/Tokyo", "NFS_PASSWORD=" + secretValue, "VCCCTR_IPADDR=" + spec.Controller.Address,
	} {
		if !slices.Contains(strings.Split(environment, "\n"), want) {
			t.Errorf("%s is not in the container's environment", want)
		}
	}
	if said := ask(t, conn, "cat /var/log/user_init_command_stdout.log"); said != "initialised as "+spec.Hostname {
		t.Errorf("user_init_command said %q", said)
	}
	host := login(t, spec, target{spec.Host, DefaultSSHPort, spec.HostKeyFingerprint})
	const which = "docker info --format '{{.ID}}'"
	outer := ask(t, host, which)
	if inner := ask(t, conn, "timeout 30 sh -c 'until docker info >/dev/null 2>&1; do sleep 0.2; done'; "+which); inner == outer || inner == "" {
		t.Errorf("the container's Docker %q is not its own", inner)
	}
	app := bed.buildApp(t)
	if said := ask(t, conn, fmt.Sprintf("docker run --rm --network none %s 2>&1 | tail -n 1", app)); said != "the application ran" {
		t.Errorf("the application said %q", said)
	}
}

// checkDrift breaks one thing after the other, and wants just that told and healed.
func checkDrift(t *testing.T, spec Spec) {
	t.Helper()
	for _, test := range []struct {
		name, breakIt string
		drift         []string
		state         State
	}{
		{"key removed", "sed -i /controller/d /home/mdxuser/.ssh/authorized_keys", []string{"authorized-keys"}, Running},
		{"host renamed", "hostnamectl set-hostname other", []string{"hostname"}, Running},
		{"daemon.json replaced", "echo '{\"mtu\": 1400}' >/etc/docker/daemon.json", []string{"docker-config"}, Running},
		{
			"sshd opened port 22 again", "echo Port 22 >>/etc/ssh/sshd_config && systemctl restart ssh",
			[]string{"ssh-port"},
			Running,
		},
		{"container stopped", "docker stop -t 1 base", []string{"base-container", "node-ready"}, ContainerError},
		{"container removed", "docker rm -f base", []string{"base-container", "node-ready"}, ContainerError},
		{"restart policy changed", "docker update --restart=no base", []string{"base-container"}, Running},
		{"Docker stopped", "systemctl stop docker.socket docker", []string{"docker-engine"}, HostError},
	} {
		start := time.Now()
		conn := login(t, spec, target{spec.Host, DefaultSSHPort, spec.HostKeyFingerprint})
		ask(t, conn, test.breakIt)
		status, err := Inspect(t.Context(), spec)
		if err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
		var told []string
		for _, d := range status.Drift {
			told = append(told, d.Step)
		}
		if !slices.Equal(told, test.drift) || status.State != test.state {
			t.Errorf("%s: told %v, %s", test.name, status.Drift, status.State)
		}
		_, applied := mustConverge(t, spec)
		if !slices.Contains(applied, test.drift[0]) {
			t.Errorf("%s: applied %v", test.name, applied)
		}
		t.Logf("%s: %s", test.name, time.Since(start).Round(time.Millisecond))
	}
}

// checkChangedKey gives a host a new key, as a replaced VM would have.
func checkChangedKey(t *testing.T, spec Spec) {
	t.Helper()
	conn := login(t, spec, target{spec.Host, DefaultSSHPort, spec.HostKeyFingerprint})
	ask(t, conn, "rm /etc/ssh/ssh_host_* && ssh-keygen -qA && systemctl restart ssh")
	before := conn.roundTrips()
	for name, contact := range map[string]func() error{
		"Inspect":  func() error { _, err := Inspect(t.Context(), spec); return err },
		"Converge": func() error { _, err := Converge(t.Context(), spec, nil); return err },
		"Remove":   func() error { return Remove(t.Context(), spec) },
	} {
		if err := contact(); !errors.Is(err, ErrHostKey) || !strings.Contains(err.Error(), spec.HostKeyFingerprint) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if conn.roundTrips() != before {
		t.Error("the test itself talked to the host")
	}
	spec.HostKeyFingerprint = ""
	if status, _ := mustConverge(t, spec); status.HostKeyFingerprint == "" {
		t.Error("a host that is forgotten is not pinned again")
	}
}

// awaitStatus inspects until the status is as wished.
func awaitStatus(t *testing.T, spec Spec, wished func(Status) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	for {
		status, err := Inspect(ctx, spec)
		if err == nil && wished(status) {
			return
		}
		if !wait(ctx, 500*time.Millisecond) {
			t.Fatalf("%+v, %v", status, err)
		}
	}
}
