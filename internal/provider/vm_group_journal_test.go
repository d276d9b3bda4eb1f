package provider_test

import (
	"regexp"
	"testing"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

// A class of members that a killed run has asked for in a few requests is told of in as many lines.
func TestAGroupThatIsTakenUpNamesItsMembers(t *testing.T) {
	t.Setenv("MDX_JOURNAL_DIR", t.TempDir())
	w := startWorld(t, mdxsim.Config{})
	killed := w.plugin(t)
	killed.resource = "mdx_vm_group"
	killed.make(smallGroup("web-", 10)) // and is killed before any of this is in state
	next := w.plugin(t)
	next.resource = "mdx_vm_group"
	_, said := next.apply(t.Context(), next.plan(nil, smallGroup("web-", 10)))
	if !regexp.MustCompile(`(?m)(^|\W)web-\[0-9\]: asked for by an interrupted run at \S+, and taken up; no other was made\.$`).MatchString(said) {
		t.Error(said)
	}
	if deployed := w.Stats().Deployed; deployed != 10 {
		t.Errorf("%d VMs were deployed", deployed)
	}
}
