package provider_test

import (
	"regexp"
	"strings"
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
	if !regexp.MustCompile(`(?m)(^|\W)web-\[0-9\]: An interrupted run had asked for it at \S+; this run continues with it, and no other was made\.$`).MatchString(said) {
		t.Error(said)
	}
	if deployed := w.Stats().Deployed; deployed != 10 {
		t.Errorf("%d VMs were deployed", deployed)
	}
}

func TestAGroupTellsWhichMemberTookARuleWithIt(t *testing.T) {
	t.Parallel()
	w := startWorld(t, mdxsim.Config{})
	p := w.plugin(t)
	p.resource = "mdx_vm_group"
	state := p.make(smallGroup("web-", 2))
	rule := mdxsim.ACLRule{
		Protocol: "TCP", SrcAddress: "0.0.0.0", SrcMask: "0", SrcPort: "Any",
		DstAddress: w.machine("web-1").Adapters[0].IPv4, DstMask: "32", DstPort: "22",
	}
	if _, err := w.PutACL(defaultSegment, rule); err != nil {
		t.Fatal(err)
	}
	if _, said := p.destroy(state); !strings.Contains(said, "web-1: these rules led to it alone and were removed with its address: ") {
		t.Error(said)
	}
}
