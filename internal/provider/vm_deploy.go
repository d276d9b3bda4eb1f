package provider

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/journal"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// vmOrder is a VM that is to be made: deployed, or cloned where source is given.
type vmOrder struct {
	project mdx.ProjectID
	name    string
	deploy  mdx.DeployRequest
	source  mdx.VMID
	clone   mdx.CloneRequest
}

// order makes the request for a VM out of its plan, whose hardware is complete.
func order(ctx context.Context, plan vmModel, diags *diag.Diagnostics) vmOrder {
	hw := plan.vmHardwareModel
	adapters := networkAdapters(ctx, hw, diags)
	o := vmOrder{project: plan.project(), name: plan.Name.ValueString()}
	if !hw.SourceVMID.IsNull() {
		o.source = mdx.VMID(hw.SourceVMID.ValueString())
		o.clone = mdx.CloneRequest{
			Project: o.project, VMName: o.name, OSType: mdx.OSType(hw.OSType.ValueString()),
			PackType: mdx.PackType(hw.PackType.ValueString()), PackNum: int(hw.PackNum.ValueInt64()),
			CPU: int(hw.CPU.ValueInt64()), MemoryGB: int(hw.Memory.ValueInt64()), GPU: int(hw.GPU.ValueInt64()),
			ServiceLevel: plan.level(), StorageNetwork: mdx.StorageNetwork(hw.StorageNetwork.ValueString()),
			NetworkAdapters: adapters,
		}
		return o
	}
	o.deploy = mdx.DeployRequest{
		Project: o.project, VMName: o.name, Catalog: mdx.CatalogID(hw.CatalogID.ValueString()),
		TemplateName: hw.TemplateName.ValueString(), OSType: mdx.OSType(hw.OSType.ValueString()),
		DiskGB:   int(hw.DiskSize.ValueInt64()),
		PackType: mdx.PackType(hw.PackType.ValueString()), PackNum: int(hw.PackNum.ValueInt64()),
		CPU: int(hw.CPU.ValueInt64()), MemoryGB: int(hw.Memory.ValueInt64()), GPU: int(hw.GPU.ValueInt64()),
		ServiceLevel: plan.level(), StorageNetwork: mdx.StorageNetwork(hw.StorageNetwork.ValueString()),
		NetworkAdapters: adapters, SharedKey: hw.SSHPublicKey.ValueString(), PowerOn: plan.wantsRunning(),
		NVLink: hw.NVLink.ValueBool(),
	}
	return o
}

func networkAdapters(ctx context.Context, hw vmHardwareModel, diags *diag.Diagnostics) []mdx.NetworkAdapter {
	var adapters []mdx.NetworkAdapter
	for _, m := range adaptersOf(ctx, hw.NetworkAdapters, diags) {
		adapters = append(adapters, mdx.NetworkAdapter{
			AdapterNumber: int(m.AdapterNumber.ValueInt64()), Segment: mdx.SegmentID(m.SegmentID.ValueString()),
		})
	}
	return adapters
}

// digest is the same for orders that are equal but for the name.
func (o vmOrder) digest() string {
	if o.source != "" {
		return o.clone.Digest(o.source)
	}
	return o.deploy.Digest()
}

// placed is a VM that the portal has begun to make. Its task is empty where its answer was lost.
type placed struct {
	id      mdx.VMID
	task    mdx.TaskID
	takenUp string // says so where the VM was not made now, but by an interrupted run

	doubtful []journal.Entry // of interrupted runs, where nothing shows that came of them
}

// place asks for a VM and answers its id as soon as the portal tells it, which takes seconds. An id may come with an
// error: a failed deploy may leave a VM behind. All that is deployed or cloned passes here. What an interrupted run has
// made already is taken up.
//
// From the request on the id must not be lost, so a cancelled context ends the wait for a turn, but not this.
func (p *portal) place(ctx context.Context, o vmOrder) (placed, error) {
	left, err := p.takeUp(ctx, o)
	if !errors.Is(err, errNotLeft) {
		return left, err
	}
	var made mdx.Deployment
	if o.source != "" {
		made, err = p.deploys.Clone(ctx, o.source, o.clone)
	} else {
		made, err = p.deploys.Deploy(ctx, o.deploy)
	}
	p.cameToNothing(ctx, left.doubtful, err)
	if err != nil && made.VM == "" {
		err = p.takenMeanwhile(ctx, o, err)
	}
	return placed{id: made.VM, task: made.Task}, err
}

// patience is how many poll intervals the portal gets for what takes it seconds: 100 s at the default of 5 s, which is
// how long the operator's own client looks for a new VM (PORTAL.md §8).
const patience = 20

// aside is a context for what must be finished although ctx may be cancelled, with a limit of its own.
func (p *portal) aside(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), patience*p.pollInterval)
}

// awaitMade waits until a VM that was placed is made. A failure of the portal's task is a [*mdx.TaskError]. Where the task is
// not known, a VM that does not run has a history that tells.
func (p *portal) awaitMade(ctx context.Context, t vmTarget, made placed) error {
	if made.task != "" {
		if _, err := p.WaitTask(ctx, t.project, made.task, t.named(), p.progress(ctx), mdx.WithPace(mdx.PaceDeploy)); err != nil {
			return err
		}
	}
	vm, err := p.settle(ctx, t)
	if err != nil || made.task != "" || isRunning(vm) {
		return err
	}
	return p.howMade(ctx, t.id)
}

// refused tells whether the portal said no to what was asked, as opposed to not having finished it, or not having been
// heard. A VM whose making was refused is none to wait for.
func refused(err error) bool {
	if _, failed := errors.AsType[*mdx.TaskError](err); failed {
		return true
	}
	portal, answered := errors.AsType[*mdx.Error](err)
	if !answered {
		return false
	}
	switch portal.Status {
	case http.StatusBadRequest, http.StatusNotFound, http.StatusGone, http.StatusConflict, http.StatusUnprocessableEntity:
		return true
	}
	return false
}

// progress tells the log what a wait has learned.
func (p *portal) progress(ctx context.Context) mdx.WaitOption {
	return mdx.WithProgress(func(news mdx.Progress) {
		p.log(ctx, mdx.LogInfo, "waiting for the portal", map[string]any{
			"operation": news.Operation, "object": news.Object, "percent": news.Percent, "status": news.Status,
			"elapsed": news.Elapsed.Round(time.Second).String(),
		})
	})
}
