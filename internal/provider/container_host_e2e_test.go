//go:build e2e

package provider_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	tfjson "github.com/hashicorp/terraform-json"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

const nodeConfig = `
terraform {
  required_providers { mdx = { source = "nii-gakunin-cloud/mdx" } }
}
provider "mdx" {
  poll_interval = "50ms"
  ssh           = { timeout = "3m" }
}
variable "nodes" { type = number }
variable "image" { type = string }
variable "registry" { type = string }
variable "public_key" { type = string }
variable "zone" {
  type    = string
  default = "Asia/Tokyo"
}
variable "password" {
  type      = string
  sensitive = true
  ephemeral = true
}
data "mdx_catalog" "ubuntu" { name = "Ubuntu 22.04 (推奨版)" }
resource "mdx_vm" "node" {
  count          = var.nodes
  name           = "node-${count.index}"
  catalog_id     = data.mdx_catalog.ubuntu.id
  pack_type      = "cpu"
  pack_num       = 2
  disk_size      = 40
  ssh_public_key = var.public_key
}
resource "mdx_container_host" "node" {
  count               = var.nodes
  host                = mdx_vm.node[count.index].ipv4_address
  user                = mdx_vm.node[count.index].login_username
  hostname            = mdx_vm.node[count.index].name
  initial_password_wo = var.password
  docker              = { insecure_registries = [var.registry] }
  vc_controller       = { address = "192.0.2.1", id = "vc1" }
  triggers            = { vm = mdx_vm.node[count.index].id }
  base_container = {
    image           = var.image
    environment     = { TZ = var.zone }
    authorized_keys = [var.public_key]
  }
}
output "nodes" {
  value = [for n in mdx_container_host.node : { host = n.host, state = n.state, container = n.container_id, image = n.image_id }]
}
`

const e2ePassword = "e2e-secret-Passw0rd"

// cli is the real terraform with the real provider's binary, in a folder of its own.
type cli struct {
	t       *testing.T
	dir     string
	env     []string
	private string
}

type node struct{ Host, State, Container, Image string }

// newCLI builds the provider and writes the configuration.
func newCLI(t *testing.T, w *world, backend *mdxsim.DockerBackend, nodes int) *cli {
	t.Helper()
	dir := t.TempDir()
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(dir, "bin", "terraform-provider-mdx"), "../..").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	image, err := backend.BaseImage(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	registry, _, _ := strings.Cut(image, "/")
	rc := fmt.Sprintf("provider_installation {\n  dev_overrides { \"nii-gakunin-cloud/mdx\" = %q }\n  direct {}\n}\n", filepath.Join(dir, "bin"))
	for name, content := range map[string]string{"main.tf": nodeConfig, "cli.tfrc": rc} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	private, public := keyPair(t)
	return &cli{t: t, dir: dir, private: private, env: append(os.Environ(),
		"TF_CLI_CONFIG_FILE="+filepath.Join(dir, "cli.tfrc"), "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1", "TF_INPUT=0", "TF_CLI_ARGS=-no-color",
		"TF_LOG=TRACE", "TF_LOG_PATH="+filepath.Join(dir, "trace.log"),
		"MDX_ENDPOINT="+w.endpoint, "MDX_API_TOKEN=demo", "MDX_PROJECT_NAME=demo", "MDX_SSH_PRIVATE_KEY="+private, "MDX_JOURNAL_DIR=",
		fmt.Sprintf("TF_VAR_nodes=%d", nodes), "TF_VAR_image="+image, "TF_VAR_registry="+registry,
		"TF_VAR_public_key="+public, "TF_VAR_password="+e2ePassword)}
}

func (c *cli) command(ctx context.Context, args ...string) *exec.Cmd {
	binary := os.Getenv("TF_ACC_TERRAFORM_PATH")
	if binary == "" {
		binary = "terraform"
	}
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Dir, cmd.Env = c.dir, c.env
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = time.Minute
	return cmd
}

// run gives the output and the exit code.
func (c *cli) run(args ...string) (string, int) {
	c.t.Helper()
	out, err := c.command(c.t.Context(), args...).CombinedOutput()
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		c.t.Fatalf("terraform %v: %v", args, err)
	}
	if failed != nil {
		return string(out), failed.ExitCode()
	}
	return string(out), 0
}

func (c *cli) must(args ...string) string {
	c.t.Helper()
	out, code := c.run(args...)
	if code != 0 {
		c.t.Fatalf("terraform %v: exit code %d\n%s", args, code, out)
	}
	return out
}

// nodes reads the output as a VC controller would.
func (c *cli) nodes() []node {
	c.t.Helper()
	var nodes []node
	if err := json.Unmarshal([]byte(c.must("output", "-json", "nodes")), &nodes); err != nil {
		c.t.Fatal(err)
	}
	return nodes
}

// planned gives what a plan does to the hosts.
func (c *cli) planned() map[string]tfjson.Actions {
	c.t.Helper()
	c.must("plan", "-out=plan.bin")
	var plan tfjson.Plan
	if err := json.Unmarshal([]byte(c.must("show", "-json", "plan.bin")), &plan); err != nil {
		c.t.Fatal(err)
	}
	actions := map[string]tfjson.Actions{}
	for _, change := range plan.ResourceChanges {
		if change.Type == "mdx_container_host" && !change.Change.Actions.NoOp() {
			actions[change.Address] = change.Change.Actions
		}
	}
	return actions
}

// hostWorld is a portal whose machines are real hosts.
func hostWorld(t *testing.T) (*world, *mdxsim.DockerBackend) {
	t.Helper()
	backend, err := mdxsim.NewDockerBackend(t.Context(), mdxsim.DockerConfig{Log: slog.New(slog.NewTextHandler(os.Stderr, nil))})
	if err != nil {
		t.Fatal(err)
	}
	return startWorld(t, mdxsim.Config{Backend: backend, Speed: 2000}), backend // closing the portal closes the backend
}

// vmID is the id of a machine by its name.
func (w *world) vmID(t *testing.T, name string) string {
	t.Helper()
	for _, vm := range w.World().Organisations[0].Projects[0].VMs {
		if vm.Name == name {
			return vm.UUID
		}
	}
	t.Fatalf("no VM %s", name)
	return ""
}

// TestE2ETerraformMakesNodes walks three nodes through their life with the real terraform.
func TestE2ETerraformMakesNodes(t *testing.T) {
	w, backend := hostWorld(t)
	c := newCLI(t, w, backend, 3)
	break0 := func(script string) {
		t.Helper()
		if out, err := backend.Exec(t.Context(), w.vmID(t, "node-0"), script); err != nil {
			t.Fatalf("%s: %v\n%s", script, err, out)
		}
	}
	const first, second = "mdx_container_host.node[0]", "mdx_container_host.node[1]"

	start := time.Now()
	c.must("apply", "-auto-approve")
	t.Logf("three VMs deployed and made nodes in %s", time.Since(start).Round(time.Second))
	made := c.nodes()
	for _, n := range made {
		if n.State != "RUNNING" || n.Container == "" || !strings.HasPrefix(n.Image, "sha256:") {
			t.Errorf("node %+v", n)
		}
	}
	if out, code := c.run("plan", "-detailed-exitcode"); code != 0 {
		t.Errorf("the second plan is not empty:\n%s", out)
	}

	break0("docker rm -f base")
	if got := c.planned(); len(got) != 1 || !got[first].Update() {
		t.Errorf("container removed: planned %v", got)
	}
	c.must("apply", "-auto-approve")
	if now := c.nodes(); now[0].State != "RUNNING" || now[0].Container == made[0].Container || now[1] != made[1] {
		t.Errorf("healed: %+v, were %+v", now, made)
	}

	c.env = append(c.env, "TF_VAR_zone=UTC")
	if got := c.planned(); len(got) != 3 || !got[second].Update() {
		t.Errorf("environment changed: planned %v", got)
	}
	c.must("apply", "-auto-approve")
	if now := c.nodes(); now[1].Container == made[1].Container || now[1].State != "RUNNING" {
		t.Errorf("environment changed: %+v", now)
	}

	// A host that is off is a warning, and its state is kept.
	if err := backend.Stop(t.Context(), w.vmID(t, "node-0"), false); err != nil {
		t.Fatal(err)
	}
	if out, code := c.run("plan"); code != 0 || !strings.Contains(out, "could not be asked") || strings.Contains(out, "will be") {
		t.Errorf("host off: exit code %d\n%s", code, out)
	}
	if _, err := backend.Start(t.Context(), mdxsim.Host{ID: w.vmID(t, "node-0")}); err != nil {
		t.Fatal(err)
	}

	// A VM that is replaced is a new node with a new host key.
	c.must("apply", "-auto-approve", "-replace=mdx_vm.node[1]")
	if now := c.nodes(); now[1].State != "RUNNING" {
		t.Errorf("replaced: %+v", now[1])
	}
	if out, code := c.run("plan", "-detailed-exitcode"); code != 0 {
		t.Errorf("after all: the plan is not empty:\n%s", out)
	}
	c.keepsSecrets()

	c.must("destroy", "-auto-approve")
	for _, vm := range w.World().Organisations[0].Projects[0].VMs {
		if strings.HasPrefix(vm.Name, "node-") {
			t.Errorf("%s is left", vm.Name)
		}
	}
}

// keepsSecrets looks for key and password in all that terraform wrote.
func (c *cli) keepsSecrets() {
	c.t.Helper()
	lines := strings.Split(strings.TrimSpace(c.private), "\n")
	files, err := filepath.Glob(filepath.Join(c.dir, "*"))
	if err != nil {
		c.t.Fatal(err)
	}
	looked := 0
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			continue // a folder
		}
		looked++
		for _, secret := range []string{e2ePassword, lines[len(lines)/2]} {
			if at := bytes.Index(data, []byte(secret)); at >= 0 {
				c.t.Errorf("%s holds a secret: ...%s...", filepath.Base(file), data[max(0, at-200):at])
			}
		}
	}
	if looked < 4 { // state, its backup, a plan, the log
		c.t.Errorf("only %d files were there to look at: %v", looked, files)
	}
}

// TestE2ETerraformKilledInTheMiddle ends terraform and provider while a node is made.
func TestE2ETerraformKilledInTheMiddle(t *testing.T) {
	w, backend := hostWorld(t)
	c := newCLI(t, w, backend, 1)
	kill := c.command(t.Context(), "apply", "-auto-approve")
	if err := kill.Start(); err != nil {
		t.Fatal(err)
	}
	awaitLog(t, filepath.Join(c.dir, "trace.log"), "base-image applying")
	if err := syscall.Kill(-kill.Process.Pid, syscall.SIGKILL); err != nil { // the group that this test started
		t.Fatal(err)
	}
	_ = kill.Wait()

	c.must("apply", "-auto-approve")
	if nodes := c.nodes(); len(nodes) != 1 || nodes[0].State != "RUNNING" {
		t.Errorf("%+v", nodes)
	}
	if out, code := c.run("plan", "-detailed-exitcode"); code != 0 {
		t.Errorf("the plan is not empty:\n%s", out)
	}
	c.must("destroy", "-auto-approve")
}

// awaitLog waits for words in a file that another process writes.
func awaitLog(t *testing.T, file, words string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		if data, err := os.ReadFile(file); err == nil && bytes.Contains(data, []byte(words)) {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%q never came in %s", words, file)
		case <-tick.C:
		}
	}
}
