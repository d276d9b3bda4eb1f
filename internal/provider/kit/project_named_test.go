package kit

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// Which of them comes first is the portal's affair, and VMs cost points wherever they are made.
func TestOfTwoProjectsOfOneNameNoneIsChosen(t *testing.T) {
	projects := []mdx.Project{
		{ID: "p-2025", Name: "気象予測", Organization: "東京大学", Expired: true}, {ID: "p-2026", Name: "気象予測", Organization: "東京大学"},
	}
	var diags diag.Diagnostics
	if project := choose(projects, Settings{projectName: "気象予測"}, &diags); project.ID != "" {
		t.Errorf("%s was chosen", project.ID)
	}
	if len(diags) != 1 {
		t.Fatal(diags)
	}
	for _, part := range []string{"2 projects", "p-2025 of 東京大学, expired", "p-2026", "MDX_PROJECT_ID"} {
		if said := diags[0].Detail(); !strings.Contains(said, part) {
			t.Errorf("nothing is said of %s: %s", part, said)
		}
	}
	diags = nil
	if project := choose(projects, Settings{projectID: "p-2026", projectName: "気象予測"}, &diags); project.ID != "p-2026" || diags != nil {
		t.Errorf("by its id: %q, %v", project.ID, diags)
	}
}
