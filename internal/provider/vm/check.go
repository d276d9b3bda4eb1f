package vm

import (
	"context"
	"fmt"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/provider/kit"
)

// checkEntry refuses hardware that is not enough for the catalog entry. Values that are not known yet pass.
func (h newHardware) checkEntry(entry mdx.Catalog) {
	p := h.planned
	if disk := p.DiskSize; kit.IsSet(disk) && disk.ValueInt64() < int64(entry.MinDiskGB) {
		h.diags.AddAttributeError(path.Root("disk_size"), "Disk too small", fmt.Sprintf(
			"%d GB are less than the catalog entry %q needs: at least %d GB.", disk.ValueInt64(), entry.Name, entry.MinDiskGB))
	}
	gpu := p.PackType.ValueString() == string(mdx.PackGPU) || p.GPU.ValueInt64() > 0
	switch {
	case entry.GPURequired && kit.IsSet(p.PackType) && !gpu:
		h.diags.AddAttributeError(path.Root("pack_type"), "GPU packs needed", fmt.Sprintf(
			"The catalog entry %q is for VMs with a GPU: pack_type must be \"gpu\".", entry.Name))
	case entry.GPURequired && kit.IsSet(p.GPU) && !gpu:
		h.diags.AddAttributeError(path.Root("gpu"), "GPU needed", fmt.Sprintf(
			"The catalog entry %q is for VMs with a GPU: gpu must be at least 1.", entry.Name))
	}
	if kit.IsSet(p.PackType) || kit.IsSet(p.GPU) {
		h.checkNVLink(gpu)
	}
	h.checkMemory(entry)
	h.checkPackLimit()
}

func (h newHardware) checkNVLink(gpu bool) {
	if h.planned.NVLink.ValueBool() && !gpu {
		h.diags.AddAttributeError(path.Root("nvlink"), "NVLink without GPUs",
			"NVLink joins the GPUs of a VM, and this one has none: leave nvlink out, or use gpu packs.")
	}
}

// checkMemory compares the memory of a VM with what its catalog entry needs.
func (h newHardware) checkMemory(entry mdx.Catalog) {
	p := h.planned
	if kit.IsSet(p.Memory) && float64(p.Memory.ValueInt64()) < entry.MinMemoryGB {
		h.diags.AddAttributeError(path.Root("memory"), "Too little memory", fmt.Sprintf(
			"%d GB are less than the catalog entry %q needs: at least %g GB.", p.Memory.ValueInt64(), entry.Name, entry.MinMemoryGB))
	}
	if !kit.IsSet(p.PackType) || !kit.IsSet(p.PackNum) {
		return
	}
	per, known := packMemory[mdx.PackType(p.PackType.ValueString())]
	if memory := per * float64(p.PackNum.ValueInt64()); known && memory < entry.MinMemoryGB {
		h.diags.AddAttributeError(path.Root("pack_num"), "Too few packs", fmt.Sprintf(
			"%d %s packs have %.2f GB of memory, less than the catalog entry %q needs: at least %g GB.",
			p.PackNum.ValueInt64(), p.PackType.ValueString(), memory, entry.Name, entry.MinMemoryGB))
	}
}

// packMemory is the memory of a pack in GB (PORTAL.md §5).
var packMemory = map[mdx.PackType]float64{mdx.PackCPU: 1.51, mdx.PackGPU: 57.60}

// checkPackLimit is packLimit for a type that the configuration does not name.
func (h newHardware) checkPackLimit() {
	kind := mdx.PackType(h.planned.PackType.ValueString())
	if limit := int64(kind.MaxPacks()); limit > 0 && h.planned.PackNum.ValueInt64() > limit {
		h.diags.AddAttributeError(path.Root("pack_num"), "Too many packs", fmt.Sprintf(
			"%d %s packs are more than one VM may have: at most %d.", h.planned.PackNum.ValueInt64(), kind, limit))
	}
}

// checkSource refuses what a clone cannot have otherwise than its source.
func (h newHardware) checkSource(name string, source vmModel) {
	p := h.planned
	if kit.IsSet(p.DiskSize) && p.DiskSize.ValueInt64() < source.DiskSize.ValueInt64() {
		h.diags.AddAttributeError(path.Root("disk_size"), "Disk smaller than its source's", fmt.Sprintf(
			"A clone begins with the disk of its source, which has %d GB in VM %q; it can grow, but not shrink to %d GB.",
			source.DiskSize.ValueInt64(), name, p.DiskSize.ValueInt64()))
	}
	differs := func(name string, planned, had types.String) {
		if kit.IsSet(planned) && kit.IsSet(had) && !planned.Equal(had) {
			h.diags.AddAttributeError(path.Root(name), "Not like its source", fmt.Sprintf(
				"A clone has its source's %s, which is %q in VM %q, not %q. Leave %s out.",
				name, had.ValueString(), name, planned.ValueString(), name))
		}
	}
	differs("os_type", p.OSType, source.OSType)
	h.checkPackLimit()
}

// checkQuota tells what the project has no room for, for so many equal VMs: an error where it never will, a warning
// where it may have by then, since something else may be given back first.
func (h newHardware) checkQuota(ctx context.Context, count int64, had vmHardwareModel) {
	usage, ok := h.portal.Quota(ctx, h.project)
	if !ok {
		return
	}
	check := func(name, what string, wanted, had types.Int64, of mdx.Usage) {
		more, total := float64(count*(wanted.ValueInt64()-had.ValueInt64())), of.Used+of.Unused
		switch {
		case total == 0 || !kit.IsSet(wanted) || more <= of.Unused: // no quota told, not known, or room enough
		case float64(count*wanted.ValueInt64()) > total:
			h.diags.AddAttributeError(path.Root(name), "More than the project has", fmt.Sprintf(
				"This takes %d %s, and the project has %g altogether. Use less, or apply for more on the portal.",
				count*wanted.ValueInt64(), what, total))
		default:
			h.diags.AddAttributeWarning(path.Root(name), "Perhaps more than the project has left", fmt.Sprintf(
				"This takes %g more %s, and the project has %g left of %g. The portal will refuse it unless others are given back "+
					"before.", more, what, of.Unused, total))
		}
	}
	switch h.planned.PackType.ValueString() {
	case string(mdx.PackCPU):
		check("pack_num", "cpu packs", h.planned.PackNum, had.PackNum, usage.CPUPacks)
	case string(mdx.PackGPU):
		check("pack_num", "gpu packs", h.planned.PackNum, had.PackNum, usage.GPUPacks)
	}
	check("disk_size", "GB of disk", h.planned.DiskSize, had.DiskSize, usage.DiskGB)
}

// checkSegments refuses adapters on segments that are not the project's.
func checkSegments(ctx context.Context, adapters types.List, segments []mdx.Segment, diags *diag.Diagnostics) {
	for i, adapter := range adaptersOf(ctx, adapters, diags) {
		id := adapter.SegmentID
		if !kit.IsSet(id) || slices.ContainsFunc(segments, func(s mdx.Segment) bool { return string(s.ID) == id.ValueString() }) {
			continue
		}
		at := path.Root("network_adapters").AtListIndex(i).AtName("segment_id")
		if j := slices.IndexFunc(segments, func(s mdx.Segment) bool { return s.Name == id.ValueString() }); j >= 0 {
			diags.AddAttributeError(at, "A segment's name in place of its id", fmt.Sprintf(
				"%q is the name of the segment with the id %q; give the id, or look it up with the data source mdx_segment.",
				id.ValueString(), segments[j].ID))
			continue
		}
		diags.AddAttributeError(at, "Unknown segment", fmt.Sprintf(
			"The project has no segment with the id %q. Look one up with the data source mdx_segment; the segments are named %s.",
			id.ValueString(), kit.Join(kit.SegmentNames(segments))))
	}
}

func defaultSegment(segments []mdx.Segment) (mdx.Segment, bool) {
	i := slices.IndexFunc(segments, func(s mdx.Segment) bool { return s.Default })
	if i < 0 {
		return mdx.Segment{}, false
	}
	return segments[i], true
}
