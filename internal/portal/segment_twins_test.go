package portal

import (
	"net/netip"
	"testing"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

// twins are two segments of one name.
func twins(t *testing.T) (*runs, *Portal, []mdxsim.Segment) {
	t.Helper()
	world := mdxsim.DefaultWorld()
	segments := world.Organisations[0].Projects[0].Segments
	segments[1].Name = segments[0].Name
	r := newRuns(t, mdxsim.Config{World: world})
	p := r.run()
	return r, p, segments[:2]
}

// The portal tells a VM's segment by its name alone.
func TestARuleToAVMGoesFromWhicheverSegmentOfThatName(t *testing.T) {
	r, p, segments := twins(t)
	for i, segment := range segments {
		rule := mdxsim.ACLRule{
			Protocol: "TCP", SrcAddress: "192.0.2.0", SrcMask: "24", SrcPort: "Any", DstAddress: "10.0.8.7", DstMask: "32", DstPort: "22",
		}
		if _, err := r.PutACL(segment.UUID, rule); err != nil {
			t.Fatal(err)
		}
		removed, err := p.removeRulesOn(t.Context(), leftProject, segments[0].Name, []netip.Addr{netip.MustParseAddr("10.0.8.7")})
		if err != nil || len(removed) != 1 {
			t.Errorf("of segment %d it removed %q, %v", i, removed, err)
		}
	}
}
