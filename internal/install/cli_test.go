//go:build install

package install

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// user is someone with terraform or tofu, a configuration, and no provider yet.
type user struct {
	binary   string
	registry string // where the binary installs from by itself
	dir      string
	env      []string
}

// newUser copies the quick start of the examples into a fresh folder. The installation block says where providers
// come from; empty, they come from the registry.
func newUser(t *testing.T, binary string, net *internet, portal simulator, installation string) *user {
	t.Helper()
	u := &user{binary: binary, registry: "registry.terraform.io", dir: t.TempDir()}
	if strings.HasPrefix(filepath.Base(binary), "tofu") {
		u.registry = "registry.opentofu.org"
	}
	u.write(t, "main.tf", read(t, filepath.Join(root, "examples", "quickstart", "main.tf")))
	u.write(t, "id.pub", []byte("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJkGbJFxMzn0smuPKcukSHdOueVhpoI9Qwnl4dF/2U0W install-test\n"))
	u.write(t, "cli.tfrc", []byte(installation))
	u.env = append(os.Environ(),
		"HOME="+u.dir, "TF_CLI_CONFIG_FILE="+filepath.Join(u.dir, "cli.tfrc"), "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1",
		"HTTPS_PROXY="+net.proxy, "SSL_CERT_FILE="+net.roots, "SSL_CERT_DIR="+t.TempDir(), "NO_PROXY=127.0.0.1",
		"TF_VAR_ssh_public_key_path="+filepath.Join(u.dir, "id.pub"),
		"MDX_ENDPOINT="+portal.Endpoint, "MDX_API_TOKEN="+portal.Token, "MDX_PROJECT_NAME="+portal.ProjectName,
		"MDX_PROJECT_ID=", "MDX_POLL_INTERVAL=50ms")
	return u
}

func (u *user) write(t *testing.T, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(u.dir, name), data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// colours are what the binaries put between their words.
var colours = regexp.MustCompile("\x1b\\[[0-9;]*m")

// try runs the binary, and answers what it said on one line.
func (u *user) try(t *testing.T, args ...string) (said string, err error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), u.binary, args...)
	cmd.Dir, cmd.Env = u.dir, u.env
	out, err := cmd.CombinedOutput()
	text := colours.ReplaceAllString(string(out), "")
	t.Logf("$ %s %s\n%s", filepath.Base(u.binary), strings.Join(args, " "), text)
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" \n│╷╵", r) }), " "), err
}

// must runs the binary, which has to succeed and to say what is wanted.
func (u *user) must(t *testing.T, want string, args ...string) {
	t.Helper()
	said, err := u.try(t, args...)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(said, want) {
		t.Fatalf("it does not say %q", want)
	}
}

// refused runs init, which has to fail for the reason that is wanted.
func (u *user) refused(t *testing.T, want string, args ...string) {
	t.Helper()
	said, err := u.try(t, append([]string{"init", "-input=false"}, args...)...)
	if err == nil {
		t.Fatal("init took it")
	}
	if !regexp.MustCompile(want).MatchString(said) {
		t.Fatalf("it was refused, but not with %q", want)
	}
}

// live puts the installed provider to use.
func (u *user) live(t *testing.T) {
	t.Helper()
	u.must(t, "Apply complete! Resources: 1 added", "apply", "-auto-approve", "-input=false")
	u.must(t, "No changes", "plan", "-input=false", "-detailed-exitcode")
	u.must(t, "Destroy complete! Resources: 1 destroyed", "destroy", "-auto-approve", "-input=false")
}

// locked tells the hashes in the lock file.
func (u *user) locked(t *testing.T) string {
	t.Helper()
	return string(read(t, filepath.Join(u.dir, ".terraform.lock.hcl")))
}

// simulator is a running mdxsim of the release.
type simulator struct {
	Endpoint    string `json:"endpoint"`
	Token       string `json:"token"`
	ProjectName string `json:"project_name"`

	callers *sync.Map // what was in User-Agent
}

func startSimulator(t *testing.T) (ready simulator) {
	t.Helper()
	binary := unzip(t, asset("mdxsim", platform+".zip"), "mdxsim", t.TempDir())
	cmd := exec.CommandContext(t.Context(), binary, "-listen", "127.0.0.1:0", "-speed", "2000")
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Wait() })
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &ready)
	}
	if err != nil {
		t.Fatal(fmt.Errorf("the released mdxsim did not get ready: %w", err))
	}
	target, err := url.Parse(ready.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	ready.callers = new(sync.Map)
	forward := httputil.NewSingleHostReverseProxy(target)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ready.callers.Store(r.UserAgent(), true)
		forward.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	ready.Endpoint = front.URL
	return ready
}

// knows checks how the provider introduces itself to the portal. Which Terraform it says it serves is what that told it:
// OpenTofu tells a version of Terraform that it is compatible with.
func (s simulator) knows(t *testing.T) {
	t.Helper()
	s.callers.Range(func(caller, _ any) bool {
		t.Logf("User-Agent: %s", caller)
		if text, _ := caller.(string); !strings.HasPrefix(text, "terraform-provider-mdx/"+version+" Terraform/1.") {
			t.Errorf("the portal was asked by %q", text)
		}
		return true
	})
}
