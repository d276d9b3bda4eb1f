package kit

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

// configuredFor is what resources share in front of a simulator of a world.
func configuredFor(t *testing.T, world *mdxsim.World) *Provider {
	t.Helper()
	t.Setenv("MDX_JOURNAL_DIR", t.TempDir())
	sim, err := mdxsim.New(mdxsim.Config{World: world, Speed: 1000})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(sim.Handler())
	t.Cleanup(func() {
		server.Close()
		_ = sim.Close()
	})
	var diags diag.Diagnostics
	p := Configure(t.Context(), ProviderModel{
		Endpoint: types.StringValue(server.URL), Token: types.StringValue("demo"),
		ProjectID: types.StringValue(world.Organisations[0].Projects[0].UUID), PollInterval: types.StringValue("20ms"),
	}, "test", "test", &diags)
	if p == nil || len(diags) > 0 {
		t.Fatal(diags)
	}
	return p
}

// Which of them comes first is the portal's affair, and rules open one of them to others.
func TestOfTwoSegmentsOfOneNameNoneIsChosen(t *testing.T) {
	world := mdxsim.DefaultWorld()
	project := world.Organisations[0].Projects[0]
	segments := project.Segments[:2]
	segments[1].Name = segments[0].Name
	p, id := configuredFor(t, world), mdx.ProjectID(project.UUID)
	for what, find := range map[string]func(*diag.Diagnostics) string{
		"looked up": func(d *diag.Diagnostics) string {
			return string(p.FindSegment(t.Context(), id, "", segments[0].Name, d).ID)
		},
		"imported": func(d *diag.Diagnostics) string {
			return string(p.SegmentByText(t.Context(), id, segments[0].Name, d).ID)
		},
	} {
		var diags diag.Diagnostics
		if found := find(&diags); found != "" || len(diags) != 1 {
			t.Fatalf("%s: %q, %v", what, found, diags)
		}
		for _, segment := range segments {
			if said := diags[0].Detail(); !strings.Contains(said, segment.UUID) {
				t.Errorf("%s: nothing is said of %s: %s", what, segment.UUID, said)
			}
		}
	}
	if found := p.FindSegment(t.Context(), id, segments[1].UUID, "", new(diag.Diagnostics)); string(found.ID) != segments[1].UUID {
		t.Errorf("by its id: %+v", found)
	}
}
