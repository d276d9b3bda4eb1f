package vm

import (
	"context"
	"regexp"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/provider/kit"
)

var _ datasource.DataSourceWithConfigure = (*vmsDataSource)(nil)

type vmsDataSource struct{ portal *kit.Provider }

// NewVMsDataSource is the data source mdx_vms.
func NewVMsDataSource() datasource.DataSource { return &vmsDataSource{} }

// Metadata names the data source.
func (d *vmsDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_vms"
}

// Configure takes the shared portal.
func (d *vmsDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.portal = kit.Configured(req.ProviderData, &resp.Diagnostics)
}

type vmsModel struct {
	ProjectID     types.String    `tfsdk:"project_id"`
	NameRegex     types.String    `tfsdk:"name_regex"`
	Status        types.String    `tfsdk:"status"`
	SegmentID     types.String    `tfsdk:"segment_id"`
	ReadAddresses types.Bool      `tfsdk:"read_addresses"`
	VMs           []vmsEntryModel `tfsdk:"vms"`
}

type vmsEntryModel struct {
	ID                types.String `tfsdk:"id"`
	Name              types.String `tfsdk:"name"`
	Status            types.String `tfsdk:"status"`
	ServiceLevel      types.String `tfsdk:"service_level"`
	VCenter           types.String `tfsdk:"vcenter"`
	IPv4Address       types.String `tfsdk:"ipv4_address"`
	IPv6Address       types.String `tfsdk:"ipv6_address"`
	GlobalIPv4Address types.String `tfsdk:"global_ipv4_address"`
}

// Schema is the data source's schema.
func (d *vmsDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	entry := map[string]schema.Attribute{}
	for name, description := range map[string]string{
		"id": vmTells["id"], "name": "Name of the VM.", "status": vmTells["status"], "service_level": "`spot` or `guarantee`.",
		"vcenter":      vmTells["vcenter"],
		"ipv4_address": vmTells["ipv4_address"] + " Empty unless `read_addresses` is true or `segment_id` is given.",
		"ipv6_address": "First IPv6 address of the VM, as for IPv4.", "global_ipv4_address": vmTells["global_ipv4_address"],
	} {
		entry[name] = schema.StringAttribute{Computed: true, MarkdownDescription: description}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "The VMs of the project, whoever made them. Without filters, all of them; none that fits is an empty list.",
		Attributes: map[string]schema.Attribute{
			"project_id": schema.StringAttribute{
				Optional: true, Computed: true, MarkdownDescription: "Id of the project. Defaults to the provider's project.",
			},
			"name_regex": schema.StringAttribute{
				Optional: true, Validators: []validator.String{kit.IsRegex()},
				MarkdownDescription: "Regular expression that a VM's name matches, in [RE2 syntax](https://github.com/google/re2/wiki/Syntax).",
			},
			"status": schema.StringAttribute{
				Optional: true, Validators: []validator.String{stringvalidator.LengthAtLeast(1), statusFilter{}},
				MarkdownDescription: "The portal's word for the state, letter for letter: `PowerON`, `PowerOFF`, `Suspended`, `Deallocated`, " +
					"`Deploying`, `Detached` or `NotFound`. Any other text is warned of, since it likely finds no VM.",
			},
			"segment_id": schema.StringAttribute{
				Optional: true, Validators: []validator.String{stringvalidator.LengthAtLeast(1)},
				MarkdownDescription: "Id of a segment that the VMs have an adapter on. The portal's list does not tell segments, so that each " +
					"VM that passes the other filters is asked for.",
			},
			"read_addresses": schema.BoolAttribute{
				Optional: true,
				MarkdownDescription: "Whether to read the VMs' addresses. The portal's list does not tell them either, so that this takes a " +
					"moment where there are many VMs. Defaults to false.",
			},
			"vms": schema.ListNestedAttribute{
				Computed: true, MarkdownDescription: "The VMs that fit, in the portal's order.",
				NestedObject: schema.NestedAttributeObject{Attributes: entry},
			},
		},
	}
}

// Read lists the VMs.
func (d *vmsDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model vmsModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	project := d.portal.ProjectFor(ctx, model.ProjectID, &resp.Diagnostics)
	name, err := regexp.Compile(model.NameRegex.ValueString())
	if err != nil || resp.Diagnostics.HasError() {
		return // the expression was validated before
	}
	vms, err := d.portal.VMs(ctx, project)
	if err != nil {
		resp.Diagnostics.Append(kit.PortalError("list the VMs", err))
		return
	}
	vms = slices.DeleteFunc(vms, func(vm mdx.VMSummary) bool {
		return !name.MatchString(vm.Name) || !model.Status.IsNull() && string(vm.Status) != model.Status.ValueString()
	})
	details := make([]*mdx.VM, len(vms))
	if model.ReadAddresses.ValueBool() || !model.SegmentID.IsNull() {
		if details, err = d.portal.VMDetails(ctx, project, vms); err != nil {
			resp.Diagnostics.Append(kit.PortalError("read the VMs", err))
			return
		}
	}
	segment := ""
	if !model.SegmentID.IsNull() {
		segment = d.portal.FindSegmentFor(ctx, project,
			kit.SegmentChoice{ID: model.SegmentID.ValueString(), IDAttribute: "segment_id"}, &resp.Diagnostics).Name
	}
	if resp.Diagnostics.HasError() {
		return
	}
	model.ProjectID = types.StringValue(string(project))
	model.VMs = []vmsEntryModel{}
	for i, vm := range vms {
		if segment == "" || isOn(details[i], segment) {
			model.VMs = append(model.VMs, newVMsEntryModel(vm, details[i]))
		}
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}

// isOn tells whether a VM has an adapter on a segment.
func isOn(vm *mdx.VM, segment string) bool {
	return vm != nil && slices.ContainsFunc(vm.ServiceNetworks, func(n mdx.ServiceNetwork) bool { return n.SegmentName == segment })
}

func newVMsEntryModel(vm mdx.VMSummary, detail *mdx.VM) vmsEntryModel {
	model := vmsEntryModel{
		ID: types.StringValue(string(vm.ID)), Name: types.StringValue(vm.Name), Status: types.StringValue(string(vm.Status)),
		ServiceLevel: kit.Text(string(vm.ServiceLevel)), VCenter: kit.Text(vm.VCenter),
	}
	if detail != nil {
		model.IPv4Address = kit.Text(firstAddress(detail, ipv4Of))
		model.IPv6Address = kit.Text(firstAddress(detail, ipv6Of))
		model.GlobalIPv4Address = kit.Text(firstAddress(detail, globalOf))
	}
	return model
}
