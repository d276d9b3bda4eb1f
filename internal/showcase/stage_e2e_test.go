//go:build e2e

package showcase

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

// patience is how long a condition may take to hold.
const patience = 5 * time.Minute

// stage is a portal with real hosts, and a folder with the example that the real terraform works in.
type stage struct {
	t       *testing.T
	sim     *mdxsim.Sim
	backend *mdxsim.DockerBackend
	dir     string
	env     []string
	browser *http.Client
	outputs outputs
}

// outputs are the example's.
type outputs struct {
	URL   struct{ Value string } `json:"url"`
	Nodes struct {
		Value map[string]node
	} `json:"nodes"`
}

type node struct {
	Address, State string
	ContainerID    string `json:"container_id"`
}

func newStage(t *testing.T) *stage {
	t.Helper()
	backend, err := mdxsim.NewDockerBackend(t.Context(), mdxsim.DockerConfig{Log: slog.New(slog.NewTextHandler(os.Stderr, nil))})
	if err != nil {
		t.Fatal(err)
	}
	sim, err := mdxsim.New(mdxsim.Config{Backend: backend, Speed: 2000, Seed: time.Now().UnixNano()})
	if err != nil {
		t.Fatal(errors.Join(err, backend.Close()))
	}
	t.Cleanup(func() {
		if err := sim.Close(); err != nil { // and the backend with it
			t.Error(err)
		}
	})
	endpoint, err := sim.Start(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{t: t, sim: sim, backend: backend, dir: t.TempDir()}
	s.browser = &http.Client{
		Timeout:   5 * time.Second,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}, // the stand-in's certificate is its own
	}
	base, err := backend.BaseImage(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	registry, _, _ := strings.Cut(base, ":")
	segment := netip.PrefixFrom(netip.MustParseAddr(registry), 22).Masked().String()
	hub, database := s.images()
	home := t.TempDir()
	plugins := filepath.Join(home, "plugins")
	s.runHere("go", "build", "-o", filepath.Join(plugins, "terraform-provider-mdx"), "../..")
	if err := os.CopyFS(s.dir, os.DirFS(example)); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(s.dir, "swarm"), 0o755); err != nil {
		t.Fatal(err)
	}
	private, public := keyPair(t)
	for name, text := range map[string]string{
		"key": private, "key.pub": public,
		"cli.tfrc": fmt.Sprintf("provider_installation {\n  dev_overrides { \"nii-gakunin-cloud/mdx\" = %q }\n  direct {}\n}\n", plugins),
	} {
		if err := os.WriteFile(filepath.Join(home, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s.env = append(os.Environ(),
		"TF_CLI_CONFIG_FILE="+filepath.Join(home, "cli.tfrc"), "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1", "TF_INPUT=0",
		"TF_LOG=TRACE", "TF_LOG_PATH="+filepath.Join(s.dir, "trace.log"), "MDX_JOURNAL_DIR=", "SSH_AUTH_SOCK=",
		"MDX_ENDPOINT="+endpoint, "MDX_API_TOKEN=demo", "MDX_PROJECT_NAME=demo", "MDX_POLL_INTERVAL=50ms", "MDX_SSH_PRIVATE_KEY="+private,
		"TF_VAR_ssh_public_key_path="+filepath.Join(home, "key.pub"), "TF_VAR_ssh_private_key_path="+filepath.Join(home, "key"),
		"TF_VAR_vc_controller_address="+registry, "TF_VAR_image="+base, "TF_VAR_hub_image="+hub, "TF_VAR_database_image="+database,
		// The portal's own range may be in use on this machine: hosts are then on another.
		"TF_VAR_private_network_ipmask="+segment, `TF_VAR_admin_cidrs=["`+segment+`"]`, "TF_VAR_mount_nfs=false",
	)
	return s
}

// keyPair makes a key to log in with: its private half in OpenSSH's form, and its public half as a line.
func keyPair(t *testing.T) (private, public string) {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(key, "")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(block)), string(ssh.MarshalAuthorizedKey(signer.PublicKey()))
}

// terraform runs the binary and gives its standard output; an error has all it said.
func (s *stage) terraform(t *testing.T, args ...string) ([]byte, error) {
	t.Helper()
	binary := os.Getenv("TF_ACC_TERRAFORM_PATH")
	if binary == "" {
		binary = "terraform"
	}
	cmd := exec.CommandContext(t.Context(), binary, args...)
	cmd.Dir, cmd.Env = s.dir, s.env
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = time.Minute
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("terraform %s: %w\n%s%s", strings.Join(args, " "), err, out, said.String())
	}
	return out, err
}

func (s *stage) must(t *testing.T, args ...string) []byte {
	t.Helper()
	out, err := s.terraform(t, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// apply applies the example and reads its outputs.
func (s *stage) apply(variable string) timeline {
	s.t.Helper()
	events := s.must(s.t, "apply", "-auto-approve", "-json", "-var", variable)
	if err := os.WriteFile(filepath.Join(s.dir, "apply.json"), events, 0o600); err != nil {
		s.t.Fatal(err)
	}
	s.outputs = outputs{}
	if err := json.Unmarshal(s.must(s.t, "output", "-json"), &s.outputs); err != nil {
		s.t.Fatal(err)
	}
	return readTimeline(s.t, events)
}

func (s *stage) url() string             { return s.outputs.URL.Value }
func (s *stage) nodes() map[string]node  { return s.outputs.Nodes.Value }
func (s *stage) address(n string) string { return s.nodes()[n].Address }

// get reads something behind the page's address.
func (s *stage) get(path string) (string, error) {
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.url()+path, http.NoBody)
	if err != nil {
		return "", err
	}
	resp, err := s.browser.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if resp.StatusCode != http.StatusOK {
		return "", errors.Join(err, errors.New(resp.Status))
	}
	return strings.TrimSpace(string(body)), err
}

// waitForPage waits until the page is served.
func (s *stage) waitForPage(began time.Time) {
	s.t.Helper()
	var said string
	s.eventually(s.t, "served", func() (string, error) {
		text, err := s.get("")
		if err != nil || !strings.Contains(text, "<h1>CoursewareHub") {
			return text, err
		}
		said = text
		return "served", nil
	})
	s.t.Logf("%s after %s:\n%s", s.url(), time.Since(began).Round(time.Second), said)
}

// eventually waits until a question has the wanted answer.
func (s *stage) eventually(t *testing.T, want string, ask func() (string, error)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		got, err := ask()
		if err == nil && got == want {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("never came:\n%s\nlast was:\n%s\n%v", want, got, err)
		case <-tick.C:
		}
	}
}

// vm is the id of a VM by its name.
func (s *stage) vm(name string) string {
	for _, organisation := range s.sim.World().Organisations {
		for _, project := range organisation.Projects {
			for _, vm := range project.VMs {
				if vm.Name == name {
					return vm.UUID
				}
			}
		}
	}
	return ""
}

// tryInside runs a script in a node's Base container, past SSH.
func (s *stage) tryInside(name, script string) (string, error) {
	return s.backend.Exec(s.t.Context(), s.vm(name), "docker exec base sh -c '"+strings.ReplaceAll(script, "'", `'\''`)+"'")
}

func (s *stage) inside(t *testing.T, name, script string) string {
	t.Helper()
	out, err := s.tryInside(name, script)
	if err != nil {
		t.Fatalf("%s: %s: %v\n%s", name, script, err, out)
	}
	return out
}

// containers lists the containers on this machine that are hosts of these VMs.
func (s *stage) containers(ids []string) (string, error) {
	args := []string{"ps", "--all", "--format", "{{.Names}}"}
	for _, id := range ids {
		args = append(args, "--filter", "name=vm-"+id)
	}
	out, err := exec.CommandContext(s.t.Context(), "docker", args...).Output()
	return strings.TrimSpace(string(out)), err
}

func (s *stage) runHere(name string, args ...string) {
	s.t.Helper()
	if out, err := exec.CommandContext(s.t.Context(), name, args...).CombinedOutput(); err != nil {
		s.t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
}
