package vm

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/provider/kit"
)

// packLimit refuses more packs than one VM may have (PORTAL.md §5).
type packLimit struct{}

func (packLimit) Description(context.Context) string {
	return fmt.Sprintf("at most %d cpu packs or %d gpu packs", mdx.PackCPU.MaxPacks(), mdx.PackGPU.MaxPacks())
}

func (v packLimit) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (v packLimit) ValidateInt64(ctx context.Context, req validator.Int64Request, resp *validator.Int64Response) {
	var kind types.String
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("pack_type"), &kind)...)
	if kind.IsUnknown() || req.ConfigValue.IsUnknown() || req.ConfigValue.IsNull() {
		return
	}
	limit := mdx.PackType(kind.ValueString()).MaxPacks()
	if kind.IsNull() {
		limit = mdx.PackCPU.MaxPacks() // the larger of the two; the catalog entry decides which it is
	}
	if limit > 0 && req.ConfigValue.ValueInt64() > int64(limit) {
		resp.Diagnostics.AddAttributeError(req.Path, "Too many packs", fmt.Sprintf(
			"%d packs are more than one VM may have: %s.", req.ConfigValue.ValueInt64(), v.Description(ctx)))
	}
}

// distinctAdapters refuses two adapters of one number.
type distinctAdapters struct{}

func (distinctAdapters) Description(context.Context) string { return "adapters with different numbers" }

func (v distinctAdapters) MarkdownDescription(c context.Context) string { return v.Description(c) }

func (distinctAdapters) ValidateList(ctx context.Context, req validator.ListRequest, resp *validator.ListResponse) {
	seen := map[int64]bool{}
	for i, adapter := range adaptersOf(ctx, req.ConfigValue, &resp.Diagnostics) {
		if adapter.AdapterNumber.IsUnknown() || adapter.AdapterNumber.IsNull() {
			continue
		}
		n := adapter.AdapterNumber.ValueInt64()
		if seen[n] {
			resp.Diagnostics.AddAttributeError(req.Path.AtListIndex(i).AtName("adapter_number"), "Adapter number used twice",
				fmt.Sprintf("Two adapters have the number %d. Count them 1, 2, 3, ...", n))
		}
		seen[n] = true
	}
}

// statusFilter warns of a state that no VM is known to have, for which a list of VMs would just be empty. It is no error:
// the portal may have states that nobody has told of.
type statusFilter struct{}

func (statusFilter) Description(context.Context) string { return "a state that the portal reports" }

func (v statusFilter) MarkdownDescription(c context.Context) string { return v.Description(c) }

func (statusFilter) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	status := req.ConfigValue.ValueString()
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() || slices.Contains(mdx.VMStatuses(), mdx.VMStatus(status)) {
		return
	}
	var known []string
	for _, status := range mdx.VMStatuses() {
		known = append(known, string(status))
	}
	resp.Diagnostics.AddAttributeWarning(req.Path, "Unknown state of a VM", fmt.Sprintf(
		"The portal is not known to report the state %q, so that this likely finds no VM. %s", status, kit.Near(status, known)))
}

// isVMName refuses what the portal would take for something else: it expands a range in brackets into several VMs,
// and a slash separates project and VM in an import id.
func isVMName() validator.String {
	return kit.CheckString("a name without blanks, brackets and slashes", checkVMName)
}

func checkVMName(name string) error {
	switch {
	case name == "":
		return errors.New("a VM's name must not be empty")
	case strings.ContainsAny(name, "[]"):
		return fmt.Errorf("%q holds a bracket, which the portal expands into several VMs; use mdx_vm_group, count or for_each for many VMs", name)
	case strings.ContainsAny(name, "/\\ \t\r\n"):
		return fmt.Errorf("%q holds a blank or a slash; a VM's name is its host name too, so use letters, digits and hyphens", name)
	}
	return nil
}
