package vm

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/portal"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/provider/kit"
)

// newHardware completes and checks the hardware of VMs to be made: planned, with config beside it to tell what was left
// out from what is not known yet. It runs at plan time with what is known then, and again before the request is sent.
type newHardware struct {
	portal  *kit.Provider
	project mdx.ProjectID
	planned *vmHardwareModel
	config  vmHardwareModel
	diags   *diag.Diagnostics
}

// complete fills in what was left out, and answers the login user; both stay unknown where they depend on something
// that is. Everything that the portal would refuse is an error on its attribute.
func (h newHardware) complete(ctx context.Context) (login types.String) {
	switch {
	case h.config.CatalogID.IsUnknown() || h.config.SourceVMID.IsUnknown():
		return types.StringUnknown()
	case !h.config.CatalogID.IsNull():
		return h.fromCatalog(ctx)
	case !h.config.SourceVMID.IsNull():
		return h.fromSource(ctx)
	}
	h.diags.AddAttributeError(path.Root("catalog_id"), "Nothing to make the VM from",
		"A new VM needs catalog_id, the catalog entry to deploy (see the data source mdx_catalog), or source_vm_id, the VM to clone.")
	return types.StringUnknown()
}

// fromCatalog is for a deploy.
func (h newHardware) fromCatalog(ctx context.Context) types.String {
	id := h.config.CatalogID.ValueString()
	entry, found, err := h.portal.CatalogByID(ctx, h.project, id)
	switch {
	case err != nil:
		h.diags.Append(kit.PortalError("list the catalog", err))
		return types.StringUnknown()
	case !found:
		h.diags.AddAttributeError(path.Root("catalog_id"), "Unknown catalog entry", fmt.Sprintf(
			"The project's catalog has no entry with the id %q. Look one up with the data source mdx_catalog.", id))
		return types.StringUnknown()
	}
	p := h.planned
	leftOut(&p.TemplateName, h.config.TemplateName, kit.Text(entry.TemplateName))
	leftOut(&p.OSType, h.config.OSType, types.StringValue(kit.FirstOf(string(entry.OSType), string(mdx.Linux))))
	leftOut(&p.StorageNetwork, h.config.StorageNetwork, types.StringValue(string(mdx.PortGroup)))
	leftOut(&p.NVLink, h.config.NVLink, types.BoolValue(false))
	leftOut(&p.DiskSize, h.config.DiskSize, types.Int64Value(int64(max(entry.MinDiskGB, 1))))
	h.completeAdapters(ctx)

	packs := mdx.PackCPU
	if entry.GPURequired {
		packs = mdx.PackGPU
	}
	h.completeSize(h.portal.ProjectKind(ctx, h.project), hardwareSize{packType: packs, packNum: 1})
	if p.OSType.ValueString() == string(mdx.Linux) && p.SSHPublicKey.IsNull() {
		h.diags.AddAttributeError(path.Root("ssh_public_key"), "Public key missing",
			"Nobody could log in to a Linux VM that is deployed without a key. Give the text of a .pub file, as in "+
				"file(\"~/.ssh/id_ed25519.pub\").")
	}
	h.checkEntry(entry)
	return kit.Text(entry.LoginUsername)
}

// fromSource is for a clone, which has its source's disks and, unless told otherwise, its size.
func (h newHardware) fromSource(ctx context.Context) types.String {
	id := mdx.VMID(h.config.SourceVMID.ValueString())
	source, err := h.portal.VM(ctx, h.project, id)
	if mdx.IsNotFound(err) {
		h.diags.AddAttributeError(path.Root("source_vm_id"), "Unknown source VM", fmt.Sprintf(
			"The project has no VM with the id %q to clone. A VM is cloned within its project.", id))
		return types.StringUnknown()
	}
	segments, catalogs := []mdx.Segment(nil), []mdx.Catalog(nil)
	if err == nil {
		segments, err = h.portal.KnownSegments(ctx, h.project)
	}
	if err == nil {
		catalogs, err = h.portal.KnownCatalogs(ctx, h.project)
	}
	if err != nil {
		h.diags.Append(kit.PortalError(fmt.Sprintf("read the source VM %q", id), err))
		return types.StringUnknown()
	}
	var like vmModel
	like.set(ctx, h.project, source, segments, h.diags)
	p := h.planned
	p.TemplateName = types.StringNull()
	leftOut(&p.OSType, h.config.OSType, like.OSType)
	leftOut(&p.StorageNetwork, h.config.StorageNetwork, types.StringValue(kit.FirstOf(like.StorageNetwork.ValueString(), string(mdx.PortGroup))))
	leftOut(&p.NVLink, h.config.NVLink, like.NVLink)
	leftOut(&p.DiskSize, h.config.DiskSize, like.DiskSize)
	leftOut(&p.NetworkAdapters, h.config.NetworkAdapters, like.NetworkAdapters)
	h.completeAdapters(ctx)
	h.completeSize(h.portal.ProjectKind(ctx, h.project), hardwareSize{
		packType: source.PackType, packNum: source.PackNum, cpu: like.CPU, memory: like.Memory, gpu: like.GPU,
	})
	h.checkSource(source.Name, like)
	return kit.Text(portal.GuessLogin(source.HostName, catalogs))
}

// hardwareSize is the size of a VM where the configuration does not tell.
type hardwareSize struct {
	packType         mdx.PackType
	packNum          int
	cpu, memory, gpu types.Int64
}

// completeSize sizes the VM by packs or, in a dedicated project, by cores, memory and GPUs.
func (h newHardware) completeSize(kind portal.ProjectKind, like hardwareSize) {
	p, c := h.planned, h.config
	packs := !c.PackType.IsNull() || !c.PackNum.IsNull()
	direct := !c.CPU.IsNull() || !c.Memory.IsNull() || !c.GPU.IsNull()
	dedicated := kind == portal.KindDedicated || kind == portal.KindUnknown && (direct || like.packType == "")
	switch {
	case kind == portal.KindNormal && direct:
		h.diags.AddAttributeError(path.Root("cpu"), "Cores and memory in a normal project",
			"The project is a normal one, whose VMs are sized by packs: give pack_type and pack_num. Cores, memory and GPUs are given "+
				"directly in dedicated projects only.")
	case kind == portal.KindDedicated && packs:
		h.diags.AddAttributeError(path.Root("pack_num"), "Packs in a dedicated project",
			"The project is a dedicated one, whose VMs are given cores, memory and GPUs directly: give cpu and memory in place of packs.")
	case dedicated && !direct && like.cpu.ValueInt64() == 0:
		h.diags.AddAttributeError(path.Root("cpu"), "Size missing",
			"The project is a dedicated one, whose VMs are given cores, memory and GPUs directly: give cpu and memory.")
	}
	if dedicated {
		p.PackType, p.PackNum = types.StringNull(), types.Int64Null()
		leftOut(&p.CPU, c.CPU, like.cpu)
		leftOut(&p.Memory, c.Memory, like.memory)
		leftOut(&p.GPU, c.GPU, types.Int64Value(like.gpu.ValueInt64()))
		return
	}
	p.CPU, p.Memory, p.GPU = types.Int64Null(), types.Int64Null(), types.Int64Null()
	leftOut(&p.PackType, c.PackType, types.StringValue(kit.FirstOf(string(like.packType), string(mdx.PackCPU))))
	leftOut(&p.PackNum, c.PackNum, types.Int64Value(int64(max(like.packNum, 1))))
}

// completeAdapters puts a VM on the project's default segment unless told otherwise, and checks that the segments it
// is told are the project's.
func (h newHardware) completeAdapters(ctx context.Context) {
	segments, err := h.portal.KnownSegments(ctx, h.project)
	if err != nil {
		h.diags.Append(kit.PortalError("list the segments", err))
		return
	}
	if h.planned.NetworkAdapters.IsUnknown() && h.config.NetworkAdapters.IsNull() {
		segment, ok := defaultSegment(segments)
		if !ok {
			h.diags.AddAttributeError(path.Root("network_adapters"), "No default segment", fmt.Sprintf(
				"None of the project's segments is its default. Give network_adapters; the segments are %s.", kit.Join(kit.SegmentNames(segments))))
			return
		}
		h.planned.NetworkAdapters = kit.ListOf(ctx, adapterType, []adapterModel{{
			AdapterNumber: types.Int64Value(1), SegmentID: types.StringValue(string(segment.ID)),
		}}, h.diags)
	}
	checkSegments(ctx, h.planned.NetworkAdapters, segments, h.diags)
}

// leftOut gives a planned value that the configuration leaves out its default.
func leftOut[V attr.Value](planned *V, config, value V) {
	if (*planned).IsUnknown() && !config.IsUnknown() {
		*planned = value
	}
}
