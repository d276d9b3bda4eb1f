// Package provider is the Terraform plugin: the provider block and what it offers, product by product. The resources, data
// sources, functions and actions themselves are in the packages vm, network, host and project below this one; package kit
// has what those share.
package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/function"
	tflist "github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/provider/host"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/provider/kit"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/provider/network"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/provider/project"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/provider/vm"
)

var (
	_ provider.ProviderWithActions            = (*mdxProvider)(nil)
	_ provider.ProviderWithEphemeralResources = (*mdxProvider)(nil)
	_ provider.ProviderWithFunctions          = (*mdxProvider)(nil)
	_ provider.ProviderWithListResources      = (*mdxProvider)(nil)
)

type mdxProvider struct {
	version string
}

// New returns the constructor that a plugin server asks for. The version goes into the User-Agent.
func New(version string) func() provider.Provider {
	return func() provider.Provider { return &mdxProvider{version: version} }
}

// Metadata names the provider.
func (p *mdxProvider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "mdx"
	resp.Version = p.version
}

// Schema is the provider block.
func (p *mdxProvider) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Manages virtual machines, networks and VCP nodes on [mdx](https://mdx.jp), the cloud of " +
			"Japan's universities for data science. Credentials belong in the environment or in a file, so that the " +
			"same configuration serves everyone who runs it.",
		Attributes: map[string]schema.Attribute{
			"endpoint": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "Address of the portal's API. Set it to a simulator's address to rehearse an apply. " +
					"Plain `http` is accepted for loopback addresses only, since the token travels with every request. " +
					"Defaults to the environment variable `MDX_ENDPOINT`, then `MDX_BASE_URL`, then `" + mdx.DefaultEndpoint + "`.",
				Validators: []validator.String{kit.IsEndpoint()},
			},
			"token": schema.StringAttribute{
				Optional:  true,
				Sensitive: true,
				MarkdownDescription: "API token, issued on the portal from the menu on your user name. Prefer the environment " +
					"variable `MDX_API_TOKEN`, which keeps it out of the configuration.",
				Validators: []validator.String{stringvalidator.LengthAtLeast(1)},
			},
			"token_file": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "File that holds the token, as bare text or as JSON `{\"token\": \"...\"}`. A token that is " +
					"refreshed during a run is written back to it, so that it does not run out between runs. It wins over " +
					"`MDX_API_TOKEN`. Defaults to `MDX_TOKEN_FILE`, then to `~/.config/mdx-cli/token.json` where that exists, both of " +
					"which are read only where there is no `MDX_API_TOKEN`.",
				Validators: []validator.String{stringvalidator.LengthAtLeast(1)},
			},
			"project_id": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "Id of the project to work in. Defaults to `MDX_PROJECT_ID`. Leave it and `project_name` " +
					"out if you are assigned to one project only.",
				Validators: []validator.String{stringvalidator.LengthAtLeast(1)},
			},
			"project_name": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "Name of the project to work in, as the portal shows it; conflicts with `project_id`. " +
					"Defaults to `MDX_PROJECT_NAME`.",
				Validators: []validator.String{
					stringvalidator.LengthAtLeast(1),
					stringvalidator.ConflictsWith(path.MatchRoot("project_id")),
				},
			},
			"ip_version": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "Which addresses of the portal to connect to: `ipv4` (the default; the portal's name may " +
					"resolve to an IPv6 address that cannot be reached) or `any`.",
				Validators: []validator.String{stringvalidator.OneOf("ipv4", "any")},
			},
			"request_timeout": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "How long one request to the portal may take, as in `90s` or `2m`. Defaults to " +
					"`MDX_REQUEST_TIMEOUT`, then `120s`.",
				Validators: []validator.String{kit.IsDuration()},
			},
			"poll_interval": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "How often the portal is asked while something is waited for, as in `10s`. One question " +
					"answers for all that is waited for in a project. The time that the portal gets to show what it has begun grows and " +
					"shrinks with it, 20 times as much for a VM, so don't go below the default of `5s` on the real portal. Defaults to " +
					"`MDX_POLL_INTERVAL`, then `5s`.",
				Validators: []validator.String{kit.IsDuration()},
			},
			"max_retries": schema.Int64Attribute{
				Optional: true,
				MarkdownDescription: "How often a request that may safely be repeated is repeated when the portal is overloaded " +
					"or out of reach. Defaults to `MDX_MAX_RETRIES`, then 4.",
				Validators: []validator.Int64{int64validator.Between(0, 100)},
			},
			"batch_deploys": schema.BoolAttribute{
				Optional: true,
				MarkdownDescription: "Whether VMs that are equal but for their name, and asked for together, go to the portal as " +
					"one deploy request. Defaults to true; false sends a request for each VM.",
			},
			"ssh": kit.SSHSchema(),
		},
	}
}

// Configure makes the client that every resource and data source shares. It sends no request: the project is looked
// up when something needs it, since Terraform starts a provider several times in one apply.
func (p *mdxProvider) Configure(ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	var model kit.ProviderModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() {
		return
	}
	shared := kit.Configure(ctx, model, p.version, req.TerraformVersion, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.ResourceData = shared
	resp.DataSourceData = shared
	resp.EphemeralResourceData = shared
	resp.ListResourceData = shared
	resp.ActionData = shared
}

// Resources lists what can be managed.
func (p *mdxProvider) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{
		vm.NewResource,
		vm.NewGroupResource,
		network.NewNetworkResource,
		network.NewACLRuleResource,
		network.NewDNATResource,
		host.NewResource,
	}
}

// DataSources lists what can be looked up.
func (p *mdxProvider) DataSources(context.Context) []func() datasource.DataSource {
	return []func() datasource.DataSource{
		project.NewCatalogDataSource,
		project.NewCatalogsDataSource,
		project.NewProjectDataSource,
		project.NewProjectsDataSource,
		project.NewProjectUsageDataSource,
		vm.NewDataSource,
		vm.NewVMsDataSource,
		network.NewSegmentDataSource,
		network.NewSegmentsDataSource,
		network.NewGlobalAddressesDataSource,
	}
}

// Functions lists what can be computed from arguments alone.
func (p *mdxProvider) Functions(context.Context) []func() function.Function {
	return []func() function.Function{
		vm.NewExpandNamesFunction,
		vm.NewPackResourcesFunction,
		vm.NewPacksNeededFunction,
	}
}

// EphemeralResources lists what exists during a run only.
func (p *mdxProvider) EphemeralResources(context.Context) []func() ephemeral.EphemeralResource {
	return []func() ephemeral.EphemeralResource{
		project.NewTokenEphemeral,
	}
}

// ListResources lists what `terraform query` finds.
func (p *mdxProvider) ListResources(context.Context) []func() tflist.ListResource {
	return []func() tflist.ListResource{
		network.NewACLRuleList,
		vm.NewList,
	}
}

// Actions lists what can be done without anything being managed.
func (p *mdxProvider) Actions(context.Context) []func() action.Action {
	return []func() action.Action{
		vm.NewSynchronizeAction,
		vm.NewRebootAction,
		vm.NewResetAction,
	}
}
