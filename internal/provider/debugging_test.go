package provider_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

// attachable starts the provider as a developer does for a debugger, and answers what it says to set where terraform runs.
func attachable(t *testing.T, r *reader, program string) (variable string) {
	t.Helper()
	var log bytes.Buffer
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), program, "-debug") // ends by a signal, as with a developer
	cmd.Env, cmd.Stderr = r.env, &log
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(cmd.Process.Signal(syscall.SIGINT), cmd.Wait()); err != nil {
			t.Errorf("the provider did not end well: %v", err)
		}
		if !strings.Contains(log.String(), "/api/vm/deploy/") {
			t.Errorf("the provider's log is not on its own terminal: %s", log.String())
		}
	})
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if _, value, ok := strings.Cut(lines.Text(), "TF_REATTACH_PROVIDERS='"); ok {
			go func() {
				for lines.Scan() { // so that it never waits for us; ends with the provider
				}
			}()
			return strings.TrimSuffix(value, "'")
		}
	}
	t.Fatal("the provider prints no TF_REATTACH_PROVIDERS")
	return ""
}

func TestAccTerraformAttachesToAProviderUnderADebugger(t *testing.T) {
	t.Parallel()
	binary := acceptanceBinary(t)
	w := startWorld(t, mdxsim.Config{})
	r := newReader(t, binary, "", "quickstart")
	r.env = append(r.env, "MDX_ENDPOINT="+w.endpoint, "TF_CLI_CONFIG_FILE=/dev/null") // there is no plugin that terraform could start itself
	variable := attachable(t, r, buildPlugin(t))
	if isOpenTofu(t, binary) {
		variable = strings.Replace(variable, "registry.terraform.io", "registry.opentofu.org", 1)
	}
	r.env = append(r.env, "TF_REATTACH_PROVIDERS="+variable)
	r.must("init", "-input=false")
	r.must("apply", "-auto-approve", "-input=false")
	if w.machine("hello-mdx") == nil {
		t.Error("there is no VM")
	}
	r.must("destroy", "-auto-approve", "-input=false")
}

// logged runs a plan with a log, and answers the provider's lines about its requests.
func (r *reader) logged(settings ...string) (lines []map[string]any) {
	r.t.Helper()
	path := filepath.Join(r.t.TempDir(), "log")
	r.env = append(r.env, append(settings, "TF_LOG_PATH="+path)...)
	r.must("plan", "-input=false")
	text, err := os.ReadFile(path)
	if err != nil {
		r.t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		var fields map[string]any
		if json.Unmarshal([]byte(line), &fields) == nil && fields["request_id"] != nil {
			lines = append(lines, fields)
		}
	}
	return lines
}

func TestAccTheLogTellsOfEachRequest(t *testing.T) {
	t.Parallel()
	binary := acceptanceBinary(t)
	w := startWorld(t, mdxsim.Config{Token: "a-token-to-be-masked"})
	plugins := filepath.Dir(buildPlugin(t))
	for name, test := range map[string]struct {
		settings []string
		messages map[string]bool // whether there are such
	}{
		"debug: requests": {[]string{"TF_LOG_PROVIDER=debug"}, map[string]bool{"answer": true, "answer body": false}},
		"trace: what they say, too": {
			[]string{"TF_LOG_PROVIDER=trace"}, map[string]bool{"answer": true, "answer body": true},
		},
		"less of this provider than of others": {
			[]string{"TF_LOG_PROVIDER=trace", "TF_LOG_PROVIDER_MDX=debug"}, map[string]bool{"answer": true, "answer body": false},
		},
		"none of this provider": {
			[]string{"TF_LOG_PROVIDER=trace", "TF_LOG_PROVIDER_MDX=info"}, map[string]bool{"answer": false, "answer body": false},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newReader(t, binary, plugins, "quickstart")
			r.env = append(r.env, "MDX_ENDPOINT="+w.endpoint, "MDX_API_TOKEN=a-token-to-be-masked", "TF_LOG=json")
			found := map[string]bool{}
			for _, line := range r.logged(test.settings...) {
				message, _ := line["@message"].(string)
				found[message] = true
				for _, field := range map[string][]string{
					"answer": {"method", "path", "operation", "status", "took", "bytes"}, "answer body": {"method", "path", "body"},
				}[message] {
					if line[field] == nil {
						t.Errorf("%s lacks %s: %v", message, field, line)
					}
				}
				if text, err := json.Marshal(line); err != nil || strings.Contains(string(text), "a-token-to-be-masked") {
					t.Errorf("%v; the token shows in %s", err, text)
				}
			}
			for message, want := range test.messages {
				if found[message] != want {
					t.Errorf("lines %q: %v, want %v", message, found[message], want)
				}
			}
		})
	}
}
