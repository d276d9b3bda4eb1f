package provider_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

// newestBinary is a terraform that knows list resources and actions; without one, the test is skipped: over the protocol
// both are tested everywhere.
func newestBinary(t *testing.T) string {
	t.Helper()
	binary := acceptanceBinary(t)
	if !knowsActions(t, binary) {
		t.Skip("list resources and actions need Terraform 1.14 (make terraform builds one)")
	}
	return binary
}

func TestAccTerraformQueryWritesWhatTheNextPlanImports(t *testing.T) {
	t.Parallel()
	binary := newestBinary(t)
	plugins := filepath.Dir(buildPlugin(t))
	for resource, want := range map[string]string{
		"mdx_vm":       "web-7",
		"mdx_acl_rule": "default: TCP 192.0.2.0/24 port any -> 10.0.0.2/32 port 22",
	} {
		t.Run(resource, func(t *testing.T) {
			t.Parallel()
			w := startWorld(t, mdxsim.Config{})
			w.plugin(t).make(smallVM(attributes{"name": "web-7"}))
			r := newReader(t, binary, plugins, "list-resources/"+resource)
			r.env = append(r.env, "MDX_ENDPOINT="+w.endpoint)
			if said := r.must("query", "-generate-config-out=found.tf"); !strings.Contains(said, want) || strings.Contains(said, "sato-notebook") {
				t.Errorf("found, instead of %s:\n%s", want, said)
			}
			if said := r.must("plan", "-input=false", "-no-color"); !strings.Contains(said, "Plan: 1 to import, 0 to add, 0 to change, 0 to destroy.") {
				t.Errorf("the plan is another:\n%s", said)
			}
		})
	}
}

func TestAccTerraformInvokesActions(t *testing.T) {
	t.Parallel()
	binary := newestBinary(t)
	plugins := filepath.Dir(buildPlugin(t))
	for action, route := range map[string]string{
		"mdx_vm_reboot.web":   "POST /api/vm/{vm}/reboot/",
		"mdx_vm_reset.web":    "POST /api/vm/{vm}/reset/",
		"mdx_synchronize.now": "POST /api/vm/synchronize/project/{project}/",
	} {
		t.Run(action, func(t *testing.T) {
			t.Parallel()
			w := startWorld(t, mdxsim.Config{})
			r := newReader(t, binary, plugins, "actions/"+strings.Split(action, ".")[0])
			r.env = append(r.env, "MDX_ENDPOINT="+w.endpoint)
			r.must("apply", "-auto-approve", "-input=false")
			if asked := w.asked(route); asked != 0 {
				t.Errorf("%d requests before it was invoked", asked)
			}
			r.must("apply", "-auto-approve", "-input=false", "-invoke=action."+action)
			if asked := w.asked(route); asked != 1 {
				t.Errorf("%d requests, want 1", asked)
			}
		})
	}
}
