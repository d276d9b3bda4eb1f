package provider_test

import (
	"net/http"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/echoprovider"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"
	"github.com/hashicorp/terraform-plugin-testing/tfversion"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

const echoToken = `
ephemeral "mdx_token" "fresh" {}

provider "echo" {
  data = ephemeral.mdx_token.fresh
}

resource "echo" "test" {}
`

func TestAccTokenIsFreshAndGood(t *testing.T) {
	w := startWorld(t, mdxsim.Config{})
	factories := providers()
	factories["echo"] = echoprovider.NewProviderServer()
	at := tfjsonpath.New("data")
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories,
		TerraformVersionChecks:   []tfversion.TerraformVersionCheck{tfversion.SkipBelow(tfversion.Version1_10_0)},
		Steps: []resource.TestStep{{
			Config: w.config(echoToken),
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownValue("echo.test", at.AtMapKey("token"), knownvalue.StringFunc(w.accepts(t))),
				statecheck.ExpectKnownValue("echo.test", at.AtMapKey("expires_at"), knownvalue.NotNull()),
			},
		}},
	})
}

// accepts checks that the portal takes a token, which is not the one that the user issued.
func (w *world) accepts(t *testing.T) func(string) error {
	t.Helper()
	return func(token string) error {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.endpoint+"/api/project/assigned/", http.NoBody)
		if err != nil {
			return err
		}
		request.Header.Set("Authorization", "JWT "+token)
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		if token == "demo" || answer.StatusCode != http.StatusOK {
			t.Errorf("the token %q: %s", token, answer.Status)
		}
		return nil
	}
}

func TestAccTokenThatCannotBeRefreshedIsAnError(t *testing.T) {
	w := startWorld(t, mdxsim.Config{})
	w.ExpireTokens()
	factories := providers()
	factories["echo"] = echoprovider.NewProviderServer()
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories,
		TerraformVersionChecks:   []tfversion.TerraformVersionCheck{tfversion.SkipBelow(tfversion.Version1_10_0)},
		Steps: []resource.TestStep{{
			Config:      w.config(echoToken),
			ExpectError: says("issue a new one on the portal"),
		}},
	})
}
