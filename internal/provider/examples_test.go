package provider_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim/process"
)

const examples = "../../examples"

// hosted is what an example needs a VM for that answers.
const hosted = `resource "mdx_container_host"`

// notApplied tells why an example with this text is validated only; empty if it is applied.
func notApplied(t *testing.T, text string) string {
	t.Helper()
	if strings.Contains(text, `ephemeral "mdx_token"`) {
		return "its script asks the real portal"
	}
	if strings.Contains(text, hosted) && os.Getenv("MDX_TEST_NOSKIP") == "" {
		listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.63.0.1:22")
		if err != nil {
			return "its VM answers on port 22, where this user may not listen: " + err.Error()
		}
		if err := listener.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return ""
}

// exampleFolders are the folders below examples/ that hold a configuration each.
func exampleFolders(t *testing.T) (folders []string) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(examples), ".", func(path string, _ fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".tf") && !slices.Contains(folders, filepath.Dir(path)) {
			folders = append(folders, filepath.Dir(path))
		}
		return err
	})
	if err != nil || len(folders) < 5 {
		t.Fatal(err, folders)
	}
	return folders
}

// reader is someone who tries an example: the real binary, the provider built from this tree, and a portal.
type reader struct {
	t      *testing.T
	binary string
	dir    string
	env    []string
}

// newReader copies an example into a folder of its own; without one the folder is empty.
func newReader(t *testing.T, binary, plugins, example string) *reader {
	t.Helper()
	r := &reader{t: t, binary: binary, dir: t.TempDir()}
	if example != "" {
		if err := os.CopyFS(r.dir, os.DirFS(filepath.Join(examples, example))); err != nil {
			t.Fatal(err)
		}
	}
	home := t.TempDir()
	private, public := keyPair(t)
	for name, text := range map[string]string{
		".ssh/id_ed25519":     private,
		".ssh/id_ed25519.pub": public,
		"cli.tfrc": fmt.Sprintf(`provider_installation {
  dev_overrides {
    "nii-gakunin-cloud/mdx" = %q
    "hashicorp/mdx"         = %[1]q
  }
}`, plugins),
	} {
		path := filepath.Join(home, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r.env = append(os.Environ(), "HOME="+home, "TF_CLI_CONFIG_FILE="+filepath.Join(home, "cli.tfrc"), "CHECKPOINT_DISABLE=1",
		"MDX_API_TOKEN=demo", "MDX_PROJECT_NAME=demo", "MDX_PROJECT_ID=", "MDX_POLL_INTERVAL=25ms",
		"SSH_AUTH_SOCK=", "MDX_SSH_PRIVATE_KEY=", "TF_VAR_campus_cidr=192.0.2.0/24", `TF_VAR_admin_cidrs=["192.0.2.0/24"]`,
		"TF_VAR_vc_controller_address=192.0.2.1", "TF_VAR_vc_controller_id=vc1", "TF_VAR_vc_controller_public_key="+public,
		"TF_VAR_ssh_public_key="+public,
		"TF_VAR_unit_name=web", "TF_VAR_num_nodes=2", "TF_VAR_flavor=small", "TF_VAR_mdx_catalog_name=Ubuntu 22.04 (推奨版)",
		// What coursewarehub builds on its nodes takes Docker inside: TestE2ECoursewareHub has it.
		"TF_VAR_build_environment=false", "TF_VAR_hub_image=192.0.2.1:5001/hub:1", "TF_VAR_database_image=192.0.2.1:5001/database:1")
	return r
}

// must runs the binary, which has to succeed, and answers what it said.
func (r *reader) must(args ...string) (said string) {
	r.t.Helper()
	cmd := exec.CommandContext(r.t.Context(), r.binary, args...)
	cmd.Dir, cmd.Env = r.dir, r.env
	out, err := cmd.CombinedOutput()
	if err != nil {
		r.t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// text is the example's configuration.
func (r *reader) text() string {
	r.t.Helper()
	files, err := filepath.Glob(filepath.Join(r.dir, "*.tf"))
	if err != nil {
		r.t.Fatal(err)
	}
	var all strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			r.t.Fatal(err)
		}
		all.Write(text)
	}
	return all.String()
}

// acceptanceBinary is the terraform or tofu that acceptance tests drive.
func acceptanceBinary(t *testing.T) string {
	t.Helper()
	binary := os.Getenv("TF_ACC_TERRAFORM_PATH")
	if os.Getenv("TF_ACC") == "" || binary == "" {
		t.Skip("Acceptance tests skipped unless env 'TF_ACC' set")
	}
	return binary
}

// buildPlugin builds the provider from this tree, in a folder of its own.
func buildPlugin(t *testing.T) (program string) {
	t.Helper()
	program = filepath.Join(t.TempDir(), "terraform-provider-mdx")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "../..").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return program
}

func isOpenTofu(t *testing.T, binary string) bool {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), binary, "version").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Contains(string(out), "OpenTofu v")
}

// knowsActions tells whether the binary is Terraform 1.14 or newer. OpenTofu has no actions yet.
func knowsActions(t *testing.T, binary string) bool {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), binary, "version", "-json").Output()
	if err != nil {
		t.Fatal(err)
	}
	var version struct {
		Terraform string `json:"terraform_version"`
	}
	if err := json.Unmarshal(out, &version); err != nil {
		t.Fatal(err)
	}
	var major, minor int
	if _, err := fmt.Sscanf(version.Terraform, "%d.%d", &major, &minor); err != nil {
		t.Fatal(version, err)
	}
	return !isOpenTofu(t, binary) && (major > 1 || minor >= 14)
}

func TestAccEveryExampleIsValidAndDoesWhatItShows(t *testing.T) {
	t.Parallel()
	binary := acceptanceBinary(t)
	plugins := filepath.Dir(buildPlugin(t))
	actions := knowsActions(t, binary)
	for _, example := range exampleFolders(t) {
		if kind, _, _ := strings.Cut(example, "/"); !actions && (kind == "actions" || kind == "list-resources") {
			continue // TestActionAndListExamplesFitTheirSchemas reads these
		}
		t.Run(example, func(t *testing.T) {
			t.Parallel()
			r := newReader(t, binary, plugins, example)
			text := r.text()
			cfg := mdxsim.Config{}
			if strings.Contains(text, hosted) {
				cfg.Backend = process.New() // plays a template's first login, Docker, and a Base container's sshd
			}
			w := startWorld(t, cfg)
			r.env = append(r.env, "MDX_ENDPOINT="+w.endpoint)
			r.must("validate")
			if why := notApplied(t, text); why != "" {
				t.Log("validated only: " + why)
				return
			}
			r.must("apply", "-auto-approve", "-input=false")
			r.must("plan", "-input=false", "-detailed-exitcode")
			r.must("destroy", "-auto-approve", "-input=false")
			w.touchedNothing(t)
		})
	}
}
