package kit

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// variables is an environment of a test's own.
func variables(pairs map[string]string) environment {
	return func(name string) string { return pairs[name] }
}

func TestSettingsComeFromTheBlockThenTheEnvironmentThenDefaults(t *testing.T) {
	for name, test := range map[string]struct {
		block ProviderModel
		env   map[string]string
		want  func(Settings) bool
	}{
		"a token alone is enough": {
			env: map[string]string{"MDX_API_TOKEN": "t"},
			want: func(s Settings) bool {
				return s == Settings{
					endpoint: "https://oprpl.mdx.jp", token: "t", ipVersion: "ipv4", requestTimeout: 2 * time.Minute,
					pollInterval: 5 * time.Second, maxRetries: 4, batchDeploys: true,
				}
			},
		},
		"MDX_ENDPOINT before MDX_BASE_URL": {
			env: map[string]string{
				"MDX_API_TOKEN": "t", "MDX_ENDPOINT": "https://a.example", "MDX_BASE_URL": "https://b.example",
			},
			want: func(s Settings) bool { return s.endpoint == "https://a.example" },
		},
		"MDX_BASE_URL alone": {
			env:  map[string]string{"MDX_API_TOKEN": "t", "MDX_BASE_URL": "https://b.example"},
			want: func(s Settings) bool { return s.endpoint == "https://b.example" },
		},
		"the block before the environment": {
			block: ProviderModel{
				Endpoint: types.StringValue("http://127.0.0.1:1"), Token: types.StringValue("block"),
				RequestTimeout: types.StringValue("7s"), MaxRetries: types.Int64Value(0), BatchDeploys: types.BoolValue(false),
			},
			env: map[string]string{
				"MDX_API_TOKEN": "env", "MDX_ENDPOINT": "https://a.example", "MDX_REQUEST_TIMEOUT": "9s", "MDX_MAX_RETRIES": "9",
			},
			want: func(s Settings) bool {
				return s.endpoint == "http://127.0.0.1:1" && s.token == "block" && s.requestTimeout == 7*time.Second &&
					s.maxRetries == 0 && !s.batchDeploys
			},
		},
		"times and retries from the environment": {
			env: map[string]string{
				"MDX_API_TOKEN": "t", "MDX_REQUEST_TIMEOUT": "9s", "MDX_POLL_INTERVAL": "250ms", "MDX_MAX_RETRIES": "0",
			},
			want: func(s Settings) bool {
				return s.requestTimeout == 9*time.Second && s.pollInterval == 250*time.Millisecond && s.maxRetries == 0
			},
		},
		"a project in the block is not contradicted by one in the environment": {
			block: ProviderModel{ProjectName: types.StringValue("ours")},
			env:   map[string]string{"MDX_API_TOKEN": "t", "MDX_PROJECT_ID": "another"},
			want:  func(s Settings) bool { return s.projectName == "ours" && s.projectID == "" },
		},
		"a project from the environment": {
			env:  map[string]string{"MDX_API_TOKEN": "t", "MDX_PROJECT_ID": "p"},
			want: func(s Settings) bool { return s.projectID == "p" },
		},
	} {
		t.Run(name, func(t *testing.T) {
			var diags diag.Diagnostics
			if got := test.block.resolve(variables(test.env), &diags); diags.HasError() || !test.want(got) {
				t.Errorf("resolved to %+v, %v", got, diags)
			}
		})
	}
}

func TestTokenFileIsFound(t *testing.T) {
	home := t.TempDir()
	usual := filepath.Join(home, ".config", "mdx-cli", "token.json")
	if err := os.MkdirAll(filepath.Dir(usual), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{usual, filepath.Join(home, "mine")} {
		if err := os.WriteFile(file, []byte(`{"token": "t"}`), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, test := range map[string]struct {
		block string
		env   map[string]string
		want  string
	}{
		"where mdx-cli keeps it":     {"", map[string]string{}, usual},
		"where the environment says": {"", map[string]string{"MDX_TOKEN_FILE": filepath.Join(home, "mine")}, filepath.Join(home, "mine")},
		"where the block says":       {"~/mine", map[string]string{"MDX_TOKEN_FILE": "/nowhere"}, filepath.Join(home, "mine")},
		"before a token outside":     {"~/mine", map[string]string{"MDX_API_TOKEN": "t"}, filepath.Join(home, "mine")},
		"not needed with a token":    {"", map[string]string{"MDX_API_TOKEN": "t"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			test.env["HOME"] = home
			model := ProviderModel{TokenFile: types.StringNull()}
			if test.block != "" {
				model.TokenFile = types.StringValue(test.block)
			}
			var diags diag.Diagnostics
			got := model.resolve(variables(test.env), &diags)
			if diags.HasError() || got.tokenFile != test.want || (got.token == "") != (test.want != "") {
				t.Errorf("token file %q, token %q, want file %q; %v", got.tokenFile, got.token, test.want, diags)
			}
		})
	}
}

func TestBadSettingsAreRefusedWithARemedy(t *testing.T) {
	token := map[string]string{"MDX_API_TOKEN": "t"}
	for name, test := range map[string]struct {
		block ProviderModel
		env   map[string]string
		want  []string
	}{
		"no token":               {ProviderModel{}, nil, []string{"MDX_API_TOKEN", "トークン発行"}},
		"a token file not there": {ProviderModel{TokenFile: types.StringValue("/no/such/file")}, nil, []string{"/no/such/file", "holds the token"}},
		"plain http to the world": {
			ProviderModel{Endpoint: types.StringValue("http://portal.example")},
			token,
			[]string{"http://portal.example", "use https"},
		},
		"not a URL":            {ProviderModel{Endpoint: types.StringValue("portal")}, token, []string{`"portal"`, "https"}},
		"no duration":          {ProviderModel{PollInterval: types.StringValue("5")}, token, []string{`"5"`, "90s"}},
		"a duration of zero":   {ProviderModel{RequestTimeout: types.StringValue("0s")}, token, []string{`"0s"`, "greater than zero"}},
		"no number of retries": {ProviderModel{}, map[string]string{"MDX_API_TOKEN": "t", "MDX_MAX_RETRIES": "many"}, []string{`"many"`, "whole number"}},
		"a value known after apply only": {
			ProviderModel{Endpoint: types.StringUnknown()}, token, []string{"endpoint", "known after apply", "-target"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var diags diag.Diagnostics
			test.block.resolve(variables(test.env), &diags)
			if diags.ErrorsCount() != 1 {
				t.Fatalf("want one error, got %v", diags)
			}
			for _, want := range test.want {
				if !strings.Contains(diags[0].Detail(), want) {
					t.Errorf("%q does not say %q", diags[0].Detail(), want)
				}
			}
		})
	}
}
