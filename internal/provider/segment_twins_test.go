package provider

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

// twins are two segments of one name.
func twins(t *testing.T) (*runs, *portal, []mdxsim.Segment) {
	t.Helper()
	world := mdxsim.DefaultWorld()
	segments := world.Organisations[0].Projects[0].Segments
	segments[1].Name = segments[0].Name
	r := newRuns(t, mdxsim.Config{World: world})
	p, _ := r.run()
	return r, p, segments[:2]
}

// Which of them comes first is the portal's affair, and rules open one of them to others.
func TestOfTwoSegmentsOfOneNameNoneIsChosen(t *testing.T) {
	_, p, segments := twins(t)
	for what, find := range map[string]func(*diag.Diagnostics) string{
		"looked up": func(d *diag.Diagnostics) string {
			return string(p.findSegment(t.Context(), leftProject, "", segments[0].Name, d).ID)
		},
		"imported": func(d *diag.Diagnostics) string {
			return string(p.segmentByText(t.Context(), leftProject, segments[0].Name, d).ID)
		},
	} {
		var diags diag.Diagnostics
		if id := find(&diags); id != "" || len(diags) != 1 {
			t.Fatalf("%s: %q, %v", what, id, diags)
		}
		for _, segment := range segments {
			if said := diags[0].Detail(); !strings.Contains(said, segment.UUID) {
				t.Errorf("%s: nothing is said of %s: %s", what, segment.UUID, said)
			}
		}
	}
	if found := p.findSegment(t.Context(), leftProject, segments[1].UUID, "", new(diag.Diagnostics)); string(found.ID) != segments[1].UUID {
		t.Errorf("by its id: %+v", found)
	}
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
