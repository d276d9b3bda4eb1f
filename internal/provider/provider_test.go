package provider_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

// says makes a pattern that finds a sentence in the binary's output, wherever that broke the lines.
func says(sentence string) *regexp.Regexp {
	words := strings.Fields(sentence)
	for i, word := range words {
		words[i] = regexp.QuoteMeta(word)
	}
	return regexp.MustCompile(strings.Join(words, `[\s│]+`))
}

func TestAccProviderRefusesAPortalItCannotUse(t *testing.T) {
	const lookUp = `data "mdx_segment" "default" {}`
	w := startWorld(t, mdxsim.Config{})
	for name, test := range map[string]struct {
		block string
		want  string
	}{
		"no token": {
			`endpoint = "%s"`, "Issue one on the portal",
		},
		"a wrong token": {
			`endpoint = "%s"
			 token    = "stale"`, "Issue a new token on the portal",
		},
		"project not chosen": {
			`endpoint = "%s"
			 token    = "demo"`, `Choose one with project_name or project_id`,
		},
		"unknown project": {
			`endpoint     = "%s"
			 token        = "demo"
			 project_name = "demos"`, `no project named "demos". The nearest: "demo",`,
		},
		"unknown project id": {
			`endpoint   = "%s"
			 token      = "demo"
			 project_id = "nothing"`, `no project with the id "nothing". Assigned: "demo"`,
		},
		"project given twice": {
			`endpoint     = "%s"
			 token        = "demo"
			 project_id   = "a"
			 project_name = "b"`, `Attribute "project_id" cannot be specified when "project_name" is specified`,
		},
		"nobody listens": {
			`endpoint     = "http://127.0.0.1:1" # %s
			 token        = "demo"
			 max_retries  = 0`, "reachable only from mdx's own network",
		},
		"plain http": {
			`endpoint = "http://portal.example" # %s
			 token    = "demo"`, "would send the token unencrypted",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("HOME", t.TempDir())
			for _, variable := range []string{"MDX_API_TOKEN", "MDX_TOKEN_FILE", "MDX_PROJECT_ID", "MDX_PROJECT_NAME"} {
				t.Setenv(variable, "")
			}
			resource.Test(t, resource.TestCase{
				ProtoV6ProviderFactories: providers(),
				Steps: []resource.TestStep{{
					Config:      "provider \"mdx\" {\n" + fmt.Sprintf(test.block, w.endpoint) + "\n}\n" + lookUp,
					PlanOnly:    true,
					ExpectError: says(test.want),
				}},
			})
		})
	}
}
