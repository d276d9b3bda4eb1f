package provider_test

import (
	"fmt"
	"net/http/httptest"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/provider"
)

// world is a portal of its own for one acceptance test.
type world struct {
	*mdxsim.Sim
	endpoint string
}

// startWorld starts a simulated portal that lives as long as the test, so fast that the portal's minutes are tens of
// milliseconds.
func startWorld(t *testing.T, cfg mdxsim.Config) *world {
	t.Helper()
	if cfg.Speed == 0 {
		cfg.Speed = 4000
	}
	sim, err := mdxsim.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(sim.Handler())
	t.Cleanup(func() {
		server.Close()
		sim.Close()
	})
	return &world{Sim: sim, endpoint: server.URL}
}

// config puts the provider block for this portal in front of a configuration.
func (w *world) config(body string) string {
	return fmt.Sprintf(`
provider "mdx" {
  endpoint      = %q
  token         = "demo"
  project_name  = "demo"
  poll_interval = "25ms"
}
`, w.endpoint) + body
}

// providers is the provider under test, in this process.
func providers() map[string]func() (tfprotov6.ProviderServer, error) {
	return map[string]func() (tfprotov6.ProviderServer, error){
		"mdx": providerserver.NewProtocol6WithError(provider.New("test")()),
	}
}
