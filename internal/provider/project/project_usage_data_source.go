package project

import (
	"context"
	"math/big"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/provider/kit"
)

var _ datasource.DataSourceWithConfigure = (*projectUsageDataSource)(nil)

type projectUsageDataSource struct{ portal *kit.Provider }

// NewProjectUsageDataSource is the data source mdx_project_usage.
func NewProjectUsageDataSource() datasource.DataSource { return &projectUsageDataSource{} }

// Metadata names the data source.
func (d *projectUsageDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_project_usage"
}

// Configure takes the shared portal.
func (d *projectUsageDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.portal = kit.Configured(req.ProviderData, &resp.Diagnostics)
}

type projectUsageModel struct {
	ProjectID       types.String  `tfsdk:"project_id"`
	CPUPacks        usageModel    `tfsdk:"cpu_packs"`
	GPUPacks        usageModel    `tfsdk:"gpu_packs"`
	Disk            usageModel    `tfsdk:"disk"`
	SpotVMs         vmCountsModel `tfsdk:"spot_vms"`
	GuaranteeVMs    vmCountsModel `tfsdk:"guarantee_vms"`
	RemainingPoints types.Number  `tfsdk:"remaining_points"`
}

type usageModel struct {
	Used   types.Float64 `tfsdk:"used"`
	Unused types.Float64 `tfsdk:"unused"`
}

type vmCountsModel struct {
	PowerOn     types.Int64 `tfsdk:"power_on"`
	PowerOff    types.Int64 `tfsdk:"power_off"`
	Deallocated types.Int64 `tfsdk:"deallocated"`
	Detached    types.Int64 `tfsdk:"detached"`
	Total       types.Int64 `tfsdk:"total"`
}

// Schema is the data source's schema.
func (d *projectUsageDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	usage := func(what string) schema.SingleNestedAttribute {
		return schema.SingleNestedAttribute{
			Computed: true, MarkdownDescription: what,
			Attributes: map[string]schema.Attribute{
				"used":   schema.Float64Attribute{Computed: true, MarkdownDescription: "How much is in use."},
				"unused": schema.Float64Attribute{Computed: true, MarkdownDescription: "How much is left."},
			},
		}
	}
	counts := func(what string) schema.SingleNestedAttribute {
		count := func(description string) schema.Int64Attribute {
			return schema.Int64Attribute{Computed: true, MarkdownDescription: description}
		}
		return schema.SingleNestedAttribute{
			Computed: true, MarkdownDescription: what,
			Attributes: map[string]schema.Attribute{
				"power_on": count("VMs that run."), "power_off": count("VMs that are off, and hold their packs."),
				"deallocated": count("VMs that are off, and hold no packs."), "detached": count("VMs that the hypervisor has let go."),
				"total": count("All of them."),
			},
		}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "How much of its packs, disk and points a project uses, and how many VMs it has.",
		Attributes: map[string]schema.Attribute{
			"project_id": schema.StringAttribute{
				Optional: true, Computed: true, MarkdownDescription: "Id of the project. Defaults to the provider's project.",
			},
			"cpu_packs":     usage("cpu packs of the project."),
			"gpu_packs":     usage("gpu packs of the project."),
			"disk":          usage("Disk of the project's VMs, in GB."),
			"spot_vms":      counts("VMs of the service level `spot`."),
			"guarantee_vms": counts("VMs of the service level `guarantee`."),
			"remaining_points": schema.NumberAttribute{
				Computed: true, MarkdownDescription: "Points that the project has left, all lots together. Empty where the portal tells of none.",
			},
		},
	}
}

// Read asks the portal for the project's figures.
func (d *projectUsageDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model projectUsageModel
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("project_id"), &model.ProjectID)...)
	project := d.portal.ProjectFor(ctx, model.ProjectID, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	usage, err := d.portal.ProjectUsage(ctx, project)
	var spot, guarantee mdx.VMCounts
	if err == nil {
		spot, err = d.portal.VMCounts(ctx, project, mdx.Spot)
	}
	if err == nil {
		guarantee, err = d.portal.VMCounts(ctx, project, mdx.Guarantee)
	}
	var points []mdx.Points
	if err == nil {
		points, _, err = d.portal.ProjectPoints(ctx, project)
	}
	if err != nil {
		resp.Diagnostics.Append(kit.PortalError("read the project's usage", err))
		return
	}
	model = projectUsageModel{
		ProjectID: types.StringValue(string(project)), CPUPacks: newUsageModel(usage.CPUPacks), GPUPacks: newUsageModel(usage.GPUPacks),
		Disk: newUsageModel(usage.DiskGB), SpotVMs: newVMCountsModel(spot), GuaranteeVMs: newVMCountsModel(guarantee),
		RemainingPoints: remaining(points),
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}

func newUsageModel(u mdx.Usage) usageModel {
	return usageModel{types.Float64Value(u.Used), types.Float64Value(u.Unused)}
}

func newVMCountsModel(c mdx.VMCounts) vmCountsModel {
	return vmCountsModel{
		PowerOn: types.Int64Value(int64(c.PowerOn)), PowerOff: types.Int64Value(int64(c.PowerOff)),
		Deallocated: types.Int64Value(int64(c.Deallocated)), Detached: types.Int64Value(int64(c.Detached)),
		Total: types.Int64Value(int64(c.Total)),
	}
}

// remaining adds up what is left of all lots of points; null if there is none.
func remaining(points []mdx.Points) types.Number {
	sum, told := new(big.Rat), false
	for _, lot := range points {
		if lot.Remaining != nil {
			sum, told = sum.Add(sum, lot.Remaining), true
		}
	}
	if !told {
		return types.NumberNull()
	}
	const precision = 512 // as Terraform's own numbers
	return types.NumberValue(new(big.Float).SetPrec(precision).SetRat(sum))
}
