package kit

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/lifecycle"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/portal"
)

// Provider is what all resources and data sources share: the portal, and the project that the provider block chose.
type Provider struct {
	*portal.Portal
	Settings Settings

	mu      sync.Mutex
	project mdx.Project // zero until it was looked up
}

// Configure makes what is shared from the provider block. It sends no request.
func Configure(ctx context.Context, model ProviderModel, version, terraformVersion string, diags *diag.Diagnostics) *Provider {
	s := model.resolve(os.Getenv, diags)
	s.SSH = resolveSSH(ctx, model.SSH, os.Getenv, diags)
	if diags.HasError() {
		return nil
	}
	most := s.maxRetries
	if most == 0 {
		most = -1 // the client takes 0 for its own default
	}
	p, err := portal.New(portal.Config{
		Config: mdx.Config{
			Endpoint:       s.endpoint,
			Token:          s.token,
			TokenFile:      s.tokenFile,
			IPVersion:      mdx.IPVersion(s.ipVersion),
			RequestTimeout: s.requestTimeout,
			PollInterval:   s.pollInterval,
			MaxRetries:     most,
			UserAgent:      fmt.Sprintf("terraform-provider-mdx/%s Terraform/%s", version, terraformVersion),
			Logger:         logToTerraform,
		},
		DeployAlone: !s.batchDeploys,
		Unheard:     lifecycle.Orphaned,
	})
	if err != nil {
		diags.AddError("Provider configuration not usable", err.Error())
		return nil
	}
	tflog.Debug(ctx, "mdx provider configured", map[string]any{"endpoint": s.endpoint, "poll_interval": s.pollInterval.String()})
	warnLeftBehind(ctx, p.LeftBehind(), diags)
	return &Provider{Portal: p, Settings: s}
}

// logToTerraform hands the client's log to Terraform's, where TF_LOG_PROVIDER chooses the level.
func logToTerraform(ctx context.Context, level mdx.LogLevel, msg string, fields map[string]any) {
	switch level {
	case mdx.LogTrace:
		tflog.Trace(ctx, msg, fields)
	case mdx.LogDebug:
		tflog.Debug(ctx, msg, fields)
	case mdx.LogWarn:
		tflog.Warn(ctx, msg, fields)
	default:
		tflog.Info(ctx, msg, fields)
	}
}

// ProjectFor tells the project to work in: the one that a resource names, else the provider's. The provider's is
// looked up once, when it is first needed.
func (p *Provider) ProjectFor(ctx context.Context, override types.String, diags *diag.Diagnostics) mdx.ProjectID {
	if id := override.ValueString(); id != "" {
		return mdx.ProjectID(id)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.project.ID == "" {
		projects, err := p.KnownProjects(ctx)
		if err != nil {
			diags.Append(PortalError("look up the project", err))
			return ""
		}
		p.project = choose(projects, p.Settings, diags)
	}
	return p.project.ID
}

// choose finds the project that the settings ask for among those the user is assigned to.
func choose(projects []mdx.Project, s Settings, diags *diag.Diagnostics) mdx.Project {
	var labels []string
	for _, project := range projects {
		labels = append(labels, fmt.Sprintf("%q (%s)", project.Name, project.ID))
	}
	if s.projectID == "" && s.projectName != "" && len(projects) > 0 {
		project, refusal := ProjectNamed(projects, s.projectName)
		if refusal != "" {
			diags.AddAttributeError(path.Root("project_name"), "Unknown project", refusal)
			return mdx.Project{}
		}
		return usable(project, diags)
	}
	wanted := func(project mdx.Project) bool {
		return string(project.ID) == s.projectID || s.projectID == "" && len(projects) == 1
	}
	if i := slices.IndexFunc(projects, wanted); i >= 0 {
		return usable(projects[i], diags)
	}
	switch {
	case len(projects) == 0:
		diags.AddError("No project", "The token's user is assigned to no project on the portal. Ask the project's administrator "+
			"to add the user, or use another user's token.")
	case s.projectID != "":
		diags.AddAttributeError(path.Root("project_id"), "Unknown project",
			fmt.Sprintf("The token's user is assigned to no project with the id %q. Assigned: %s.", s.projectID, Join(labels)))
	default:
		diags.AddAttributeError(path.Root("project_name"), "Project not chosen",
			fmt.Sprintf("The token's user is assigned to %d projects: %s. Choose one with project_name or project_id, or with "+
				"MDX_PROJECT_NAME or MDX_PROJECT_ID in the environment.", len(projects), Join(labels)))
	}
	return mdx.Project{}
}

// ProjectNamed finds the project of a name, or says why there is none to choose. Organizations may call theirs the same, and
// one of last year may be there beside that of this year.
func ProjectNamed(projects []mdx.Project, name string) (found mdx.Project, refusal string) {
	var names, same []string
	for _, project := range projects {
		names = append(names, project.Name)
		if project.Name != name || project.ID == found.ID {
			continue
		}
		found = project
		label := string(project.ID)
		if project.Organization != "" {
			label += " of " + project.Organization
		}
		if project.Expired {
			label += ", expired"
		}
		same = append(same, label)
	}
	switch len(same) {
	case 0:
		return found, fmt.Sprintf("The token's user is assigned to no project named %q. %s", name, Near(name, names))
	case 1:
		return found, ""
	}
	return mdx.Project{}, fmt.Sprintf("The token's user is assigned to %d projects named %q: %s. Choose one by its id: project_id or "+
		"MDX_PROJECT_ID for the provider, id for the data source mdx_project.", len(same), name, strings.Join(same, "; "))
}

// usable warns of a project in which the portal will refuse changes.
func usable(project mdx.Project, diags *diag.Diagnostics) mdx.Project {
	if project.Expired || project.Suspended {
		diags.AddWarning("Project not active", fmt.Sprintf("The portal says that project %q has expired or is suspended; it may "+
			"refuse changes. Its period is extended on the portal.", project.Name))
	}
	return project
}

// ProjectByName finds the project that an import names; usage tells how it is written.
func (p *Provider) ProjectByName(ctx context.Context, name, usage string, diags *diag.Diagnostics) mdx.ProjectID {
	projects, err := p.KnownProjects(ctx)
	if err != nil {
		diags.Append(PortalError("list the projects", err))
		return ""
	}
	project, refusal := ProjectNamed(projects, name)
	if refusal != "" {
		diags.AddError("Unknown project", refusal+" "+usage)
	}
	return project.ID
}
