//go:build e2e

package containerhost

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

// testbed is a set of real hosts, with a registry, that lives as long as a test.
type testbed struct {
	backend  *mdxsim.DockerBackend
	key      keyPair
	registry string
	base     string
	made     atomic.Int64
}

func newTestbed(tb testing.TB) *testbed {
	tb.Helper()
	ctx := tb.Context()
	backend, err := mdxsim.NewDockerBackend(ctx, mdxsim.DockerConfig{Log: slog.New(slog.NewTextHandler(os.Stderr, nil))})
	if err != nil {
		tb.Fatalf("no real hosts on this machine: %v", err)
	}
	tb.Cleanup(func() {
		if err := backend.Close(); err != nil {
			tb.Errorf("cleaning up: %v", err)
		}
	})
	bed := &testbed{backend: backend, key: newKey(tb, "")}
	if bed.base, err = backend.BaseImage(ctx); err != nil {
		tb.Fatal(err)
	}
	if bed.registry, err = backend.Registry(ctx); err != nil {
		tb.Fatal(err)
	}
	return bed
}

func (b *testbed) authorizedKey() string {
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(b.key.signer.PublicKey())))
}

// host boots a fresh host.
func (b *testbed) host(tb testing.TB) (id string, address netip.Addr) {
	tb.Helper()
	id = fmt.Sprintf("host-%d", b.made.Add(1))
	address, err := b.backend.Start(tb.Context(), mdxsim.Host{
		ID: id, Name: id, LoginUser: "mdxuser", AuthorizedKey: b.authorizedKey(), TemplateHost: "template",
	})
	if err != nil {
		tb.Fatal(err)
	}
	return id, address
}

const (
	secretValue    = "e2e-secret-in-the-environment"
	secretPassword = "e2e-secret-Passw0rd-of-the-user"
)

// spec asks for a node with all that real hosts of this kind can do.
func (b *testbed) spec(id string, address netip.Addr) Spec {
	return Spec{
		Host: address.String(), User: "mdxuser", Hostname: id, InitialPassword: secretPassword,
		AuthorizedKeys: []string{testKey(1) + " controller"},
		SSH:            SSH{PrivateKeys: [][]byte{b.key.pem}, Timeout: 2 * time.Minute},
		Docker: Docker{
			InsecureRegistries: []string{b.registry, "192.0.2.5:5001"}, RegistryMirrors: []string{"http://192.0.2.5:5000"},
		},
		Controller: Controller{Address: strings.TrimSuffix(b.registry, ":5000"), ID: "vc1"},
		Base: &Base{
			Image: b.base, Environment: map[string]string{"TZ": "Asia/Tokyo", "NFS_PASSWORD": secretValue},
			Volumes: []string{"/lib/modules:/lib/modules:ro"}, AuthorizedKeys: []string{b.authorizedKey() + " root"},
			UserInitCommand: "#!/bin/bash\necho \"initialised as $SERF_NODE_ID\"\n",
		},
	}
}

// eventLog keeps the events of runs.
type eventLog struct {
	mu     sync.Mutex
	events []Event
}

func (l *eventLog) add(e Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events = append(l.events, e)
}

// applied lists the steps that were not skipped, but for the connection.
func (l *eventLog) applied() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var list []string
	for _, e := range l.events {
		if e.Phase == Applied && e.Step != "connect" {
			list = append(list, e.Step)
		}
	}
	return list
}

func (l *eventLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var b strings.Builder
	for _, e := range l.events {
		fmt.Fprintln(&b, e)
	}
	return b.String()
}

// mustConverge makes a node, and gives its status and the steps that were applied.
func mustConverge(tb testing.TB, spec Spec) (Status, []string) {
	tb.Helper()
	var log eventLog
	status, err := Converge(tb.Context(), spec, log.add)
	if err != nil {
		tb.Fatalf("%v\n%s", err, &log)
	}
	if status.State != Running {
		tb.Fatalf("state %s\n%s", status.State, &log)
	}
	return status, log.applied()
}

// login opens a connection for the test's own questions.
func login(tb testing.TB, spec Spec, to target) *sshConn {
	tb.Helper()
	spec = spec.withDefaults()
	conn, err := sshDialer{spec, newRedactor(spec)}.dial(tb.Context(), to)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(conn.close)
	return conn.(*sshConn)
}

// ask runs a script on a connection.
func ask(tb testing.TB, conn transport, script string) string {
	tb.Helper()
	out, err := conn.exec(tb.Context(), command{about: script, script: script})
	if err != nil {
		tb.Fatal(err)
	}
	return strings.TrimSpace(out)
}

// buildApp puts an application's image into the registry: one static program and nothing else.
func (b *testbed) buildApp(tb testing.TB) string {
	tb.Helper()
	folder := tb.TempDir()
	source := filepath.Join(folder, "main.go")
	if err := os.WriteFile(source, []byte("package main\n\nfunc main() { println(\"the application ran\") }\n"), 0o600); err != nil {
		tb.Fatal(err)
	}
	image := fmt.Sprintf("mdxsim-app:%d", os.Getpid())
	for _, line := range [][]string{
		{"env", "CGO_ENABLED=0", "go", "build", "-ldflags=-s -w", "-o", filepath.Join(folder, "app"), source},
		{"tar", "-C", folder, "-cf", filepath.Join(folder, "app.tar"), "app"},
		{"docker", "import", "--change", `ENTRYPOINT ["/app"]`, filepath.Join(folder, "app.tar"), image},
	} {
		if out, err := exec.CommandContext(tb.Context(), line[0], line[1:]...).CombinedOutput(); err != nil {
			tb.Fatalf("%v: %v\n%s", line, err, out)
		}
	}
	tb.Cleanup(func() {
		_ = exec.CommandContext(context.WithoutCancel(tb.Context()), "docker", "rmi", "--force", image).Run()
	})
	reference, err := b.backend.Push(tb.Context(), image, "app/hello:1.0")
	if err != nil {
		tb.Fatal(err)
	}
	return reference
}
