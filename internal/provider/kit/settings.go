package kit

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// ProviderModel is the provider block as written.
type ProviderModel struct {
	Endpoint       types.String `tfsdk:"endpoint"`
	Token          types.String `tfsdk:"token"`
	TokenFile      types.String `tfsdk:"token_file"`
	ProjectID      types.String `tfsdk:"project_id"`
	ProjectName    types.String `tfsdk:"project_name"`
	IPVersion      types.String `tfsdk:"ip_version"`
	RequestTimeout types.String `tfsdk:"request_timeout"`
	PollInterval   types.String `tfsdk:"poll_interval"`
	MaxRetries     types.Int64  `tfsdk:"max_retries"`
	BatchDeploys   types.Bool   `tfsdk:"batch_deploys"`
	SSH            types.Object `tfsdk:"ssh"`
}

// Settings is the provider block after environment and defaults have filled it.
type Settings struct {
	endpoint       string
	token          string
	tokenFile      string
	projectID      string
	projectName    string
	ipVersion      string
	requestTimeout time.Duration
	pollInterval   time.Duration
	maxRetries     int
	batchDeploys   bool
	SSH            sshSettings
}

// environment looks a variable up, as os.Getenv does; tests give their own.
type environment func(name string) string

// resolve fills the block from the environment and the defaults. Values that are not known yet are an error: the
// provider's own configuration must be known before it can plan anything.
func (m ProviderModel) resolve(env environment, diags *diag.Diagnostics) Settings {
	m.refuseUnknown(diags)
	if diags.HasError() {
		return Settings{}
	}
	s := Settings{
		endpoint:       FirstOf(m.Endpoint.ValueString(), env("MDX_ENDPOINT"), env("MDX_BASE_URL"), mdx.DefaultEndpoint),
		token:          m.Token.ValueString(),
		tokenFile:      FirstOf(m.TokenFile.ValueString(), env("MDX_TOKEN_FILE")),
		projectID:      m.ProjectID.ValueString(),
		projectName:    m.ProjectName.ValueString(),
		ipVersion:      FirstOf(m.IPVersion.ValueString(), "ipv4"),
		requestTimeout: duration("request_timeout", m.RequestTimeout, env("MDX_REQUEST_TIMEOUT"), 120*time.Second, diags),
		pollInterval:   duration("poll_interval", m.PollInterval, env("MDX_POLL_INTERVAL"), 5*time.Second, diags),
		maxRetries:     retries(m.MaxRetries, env("MDX_MAX_RETRIES"), diags),
		batchDeploys:   m.BatchDeploys.IsNull() || m.BatchDeploys.ValueBool(),
	}
	if err := mdx.CheckEndpoint(s.endpoint); err != nil {
		diags.AddAttributeError(path.Root("endpoint"), "Bad endpoint", err.Error())
	}
	// What the block says wins over the environment as a whole: an id there is not contradicted by a name outside, nor a
	// token's file by a token.
	if s.token == "" && m.TokenFile.ValueString() == "" {
		s.token = env("MDX_API_TOKEN")
	}
	if s.projectID == "" && s.projectName == "" {
		s.projectID, s.projectName = env("MDX_PROJECT_ID"), env("MDX_PROJECT_NAME")
	}
	if s.token == "" {
		s.tokenFile = tokenFile(s.tokenFile, env, diags)
	} else {
		s.tokenFile = ""
	}
	if s.token == "" && s.tokenFile == "" && !diags.HasError() {
		diags.AddAttributeError(path.Root("token"), "No API token",
			"The portal takes a token with every request. Issue one on the portal (menu on your user name, \"トークン発行\") "+
				"and give it in the environment variable MDX_API_TOKEN, or its file in MDX_TOKEN_FILE or token_file.")
	}
	return s
}

// refuseUnknown reports attributes whose value depends on something that is not created yet.
func (m ProviderModel) refuseUnknown(diags *diag.Diagnostics) {
	for name, value := range map[string]attr.Value{
		"endpoint": m.Endpoint, "token": m.Token, "token_file": m.TokenFile,
		"project_id": m.ProjectID, "project_name": m.ProjectName, "ip_version": m.IPVersion,
		"request_timeout": m.RequestTimeout, "poll_interval": m.PollInterval, "max_retries": m.MaxRetries,
		"batch_deploys": m.BatchDeploys,
	} {
		if value.IsUnknown() {
			diags.AddAttributeError(path.Root(name), "Provider configuration not known yet",
				fmt.Sprintf("%s depends on a value that is known after apply only. Give it as a variable or in the environment, "+
					"or apply what it depends on first (terraform apply -target=...).", name))
		}
	}
}

// tokenFile tells which file holds the token: the one asked for, which must exist, else the CLI's, if it is there.
func tokenFile(asked string, env environment, diags *diag.Diagnostics) string {
	home := env("HOME")
	if asked == "" {
		if home == "" {
			return ""
		}
		usual := filepath.Join(home, ".config", "mdx-cli", "token.json")
		if _, err := os.Stat(usual); err != nil {
			return ""
		}
		return usual
	}
	if len(asked) > 1 && asked[0] == '~' && asked[1] == '/' {
		asked = filepath.Join(home, asked[2:])
	}
	if _, err := os.Stat(asked); err != nil {
		diags.AddAttributeError(path.Root("token_file"), "Token file not readable",
			fmt.Sprintf("%v. Name a file that holds the token, or leave token_file and MDX_TOKEN_FILE out.", err))
	}
	return asked
}

func duration(name string, block types.String, variable string, otherwise time.Duration, diags *diag.Diagnostics) time.Duration {
	text := FirstOf(block.ValueString(), variable)
	if text == "" {
		return otherwise
	}
	d, err := ParseDuration(text)
	if err != nil {
		diags.AddAttributeError(path.Root(name), "Bad duration", err.Error())
	}
	return d
}

// ParseDuration reads a duration greater than zero such as 90s, or says what one looks like.
func ParseDuration(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("%q is not a duration greater than zero such as 90s or 2m", text)
	}
	return d, nil
}

func retries(block types.Int64, variable string, diags *diag.Diagnostics) int {
	switch {
	case !block.IsNull():
		return int(block.ValueInt64())
	case variable == "":
		return 4
	}
	n, err := strconv.Atoi(variable)
	if err != nil || n < 0 {
		diags.AddAttributeError(path.Root("max_retries"), "Bad number of retries",
			fmt.Sprintf("The environment variable MDX_MAX_RETRIES is %q; give a whole number, 0 or more.", variable))
	}
	return n
}

// FirstOf is the first of texts that is not empty.
func FirstOf(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
