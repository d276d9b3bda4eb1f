package vm

import (
	"net/http/httptest"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/provider/kit"
)

// An overloaded portal answers 404 to anything. Taken for the VM's absence, that would drop a VM from the state that
// exists and costs points.
func TestA404AboutSomethingElseIsNotTheEndOfAVMThatIsRead(t *testing.T) {
	for name, route := range map[string]string{
		"the segments are denied": "GET /api/segment/project/{project}/all/",
		"the catalog is denied":   "GET /api/catalog/project/{project}/",
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("MDX_JOURNAL_DIR", t.TempDir())
			world := mdxsim.DefaultWorld()
			project := world.Organisations[0].Projects[0]
			sim, err := mdxsim.New(mdxsim.Config{World: world, Speed: 1000})
			if err != nil {
				t.Fatal(err)
			}
			server := httptest.NewServer(sim.Handler())
			defer server.Close()
			defer sim.Close()
			var diags diag.Diagnostics
			p := kit.Configure(t.Context(), kit.ProviderModel{
				Endpoint: types.StringValue(server.URL), Token: types.StringValue("demo"), PollInterval: types.StringValue("20ms"),
			}, "test", "test", &diags)
			if diags.HasError() {
				t.Fatal(diags)
			}
			if err := sim.SetFaults([]mdxsim.Fault{{Route: route, Nth: 1, Times: 99, Kind: mdxsim.NotFound}}); err != nil {
				t.Fatal(err)
			}
			err = refresh(t.Context(), p, &vmModel{
				ID: types.StringValue(project.VMs[0].UUID), ProjectID: types.StringValue(project.UUID),
			})
			if err == nil || mdx.IsNotFound(err) {
				t.Errorf("taken for the end of the VM: %v", err)
			}
		})
	}
}
