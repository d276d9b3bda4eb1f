package provider

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"golang.org/x/crypto/ssh"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// vmChange is what an update asks of the portal. Its zero parts ask for nothing.
type vmChange struct {
	vmTarget
	rename   string
	packNum  int
	diskGB   int
	adapters []mdx.NetworkAdapter
	level    bool // the service level changes
	power    bool // the power state changes, or the address is still waited for
	mayStop  bool // a running VM may be stopped for it
}

// changeOf compares plan and state.
func changeOf(ctx context.Context, state, plan vmModel, diags *diag.Diagnostics) vmChange {
	c := vmChange{
		vmTarget: plan.target(),
		level:    !plan.ServiceLevel.Equal(state.ServiceLevel),
		power:    !plan.PowerState.Equal(state.PowerState) || continuesWait(state, plan),
		mayStop:  plan.AllowStoppingForUpdate.ValueBool() || !plan.wantsRunning(),
	}
	c.lastAddresses, c.lastNetworks = parseAddresses(state.IPv4Address, state.IPv6Address), state.lastNetworks()
	if settled(plan.Name) && !plan.Name.Equal(state.Name) {
		c.rename, c.name = plan.Name.ValueString(), state.Name.ValueString()
	}
	if settled(plan.PackNum) && !plan.PackNum.Equal(state.PackNum) {
		c.packNum = int(plan.PackNum.ValueInt64())
	}
	if settled(plan.DiskSize) && !plan.DiskSize.Equal(state.DiskSize) {
		c.diskGB = int(plan.DiskSize.ValueInt64())
	}
	if settled(plan.NetworkAdapters) && !plan.NetworkAdapters.Equal(state.NetworkAdapters) {
		c.adapters = networkAdapters(ctx, plan.vmHardwareModel, diags)
	}
	return c
}

// continuesWait tells whether a running VM's address is yet to come, as after an apply that was interrupted.
func continuesWait(state, plan vmModel) bool {
	return plan.wantsRunning() && plan.WaitForAddress.ValueBool() && state.IPv4Address.IsNull()
}

// stopsFor lists the attributes whose change needs a stopped VM.
func (c vmChange) stopsFor() []string {
	var names []string
	for _, part := range []struct {
		changes bool
		name    string
	}{
		{c.packNum != 0, "pack_num"},
		{c.diskGB != 0, "disk_size"},
		{c.adapters != nil, "network_adapters"},
		{c.level, "service_level"},
	} {
		if part.changes {
			names = append(names, part.name)
		}
	}
	return names
}

// empty tells whether there is nothing to ask for.
func (c vmChange) empty() bool { return c.rename == "" && !c.power && len(c.stopsFor()) == 0 }

// change carries an update out: rename, stop, reconfigure, start, in this order and as far as needed.
func (p *portal) change(ctx context.Context, c vmChange) error {
	vm, err := p.settle(ctx, c.vmTarget)
	if err != nil {
		return err
	}
	if c.rename == "" && vm.Name != c.name { // by somebody, since the state was read: another name than planned is no answer
		c.rename, c.name = c.name, vm.Name
	}
	if err := p.mayBegin(ctx, c, vm); err != nil {
		return err
	}
	renameLater := false
	if c.rename != "" {
		err := p.rename(ctx, c)
		renameLater = err != nil && refused(err) && isRunning(vm) && c.mayStop && !p.isTaken(ctx, c)
		if err != nil && !renameLater {
			return err
		}
	}
	if err := p.leaveNetworks(ctx, c); err != nil {
		return err
	}
	if (len(c.stopsFor()) > 0 || renameLater) && isRunning(vm) {
		if err := p.stop(ctx, c.vmTarget); err != nil {
			return err
		}
	}
	if renameLater {
		if err := p.rename(ctx, c); err != nil {
			return err
		}
	}
	if err := p.reconfigure(ctx, c); err != nil {
		return err
	}
	_, err = p.reach(ctx, c.vmTarget)
	return err
}

// mayBegin refuses what has become impossible since it was planned, before anything is done about it.
func (p *portal) mayBegin(ctx context.Context, c vmChange, vm mdx.VMSummary) error {
	if stops := c.stopsFor(); len(stops) > 0 && isRunning(vm) && !c.mayStop {
		return fmt.Errorf("the VM is running meanwhile, and changing %s needs it stopped: set allow_stopping_for_update = true",
			strings.Join(stops, ", "))
	}
	if c.diskGB == 0 {
		return nil
	}
	detail, err := p.VM(ctx, c.project, c.id)
	if err != nil {
		return err
	}
	if disk, ok := systemDisk(detail.HardDisks); ok && disk.CapacityGB > c.diskGB {
		return fmt.Errorf("the disk has %d GB meanwhile and cannot become smaller (%d GB): set disk_size to %d or more",
			disk.CapacityGB, c.diskGB, disk.CapacityGB)
	}
	return nil
}

// leaveNetworks removes the rules that lead to addresses which a change of adapters gives up. The VM tells them only
// while it is on.
func (p *portal) leaveNetworks(ctx context.Context, c vmChange) error {
	if c.adapters == nil {
		return nil
	}
	vm, err := p.VM(ctx, c.project, c.id)
	if err != nil {
		return err
	}
	var wanted []string
	for _, adapter := range c.adapters {
		wanted = append(wanted, string(adapter.Segment))
	}
	segments, err := p.knownSegments(ctx, c.project, wanted...)
	if err != nil {
		return err
	}
	return p.removeRulesTo(ctx, c.vmTarget, givenUp(c.networksOf(vm), c.adapters, segments))
}

func (p *portal) rename(ctx context.Context, c vmChange) error {
	named := func(vm mdx.VMSummary) bool { return vm.Name == c.rename }
	before := p.historyMark(ctx, c.vmTarget)
	tasks, err := p.Rename(ctx, c.id, c.rename)
	if mdx.IsAmbiguous(err) {
		aside, cancel := p.aside(ctx)
		defer cancel()
		_, err := p.WaitVM(aside, c.project, c.id, named, c.named(), p.progress(ctx))
		return err
	}
	err = p.ended(ctx, c.vmTarget, tasks, err)
	if p.outlasted(ctx, c.vmTarget, before, err) {
		if p.already(ctx, c.vmTarget, named) {
			return nil
		}
		return p.rename(ctx, c)
	}
	return err
}

// isTaken tells whether another VM has the new name, which the portal refuses of a stopped one too.
func (p *portal) isTaken(ctx context.Context, c vmChange) bool {
	vm, err := p.VMByName(ctx, c.project, c.rename)
	return err == nil && vm.ID != c.id
}

// reconfigure changes the hardware of a VM that is stopped. All disks are told, so that none can be taken for removed.
func (p *portal) reconfigure(ctx context.Context, c vmChange) error {
	if c.packNum == 0 && c.diskGB == 0 && c.adapters == nil {
		return nil
	}
	request := mdx.Reconfiguration{PackNum: c.packNum, NetworkAdapters: c.adapters}
	if c.diskGB != 0 {
		vm, err := p.VM(ctx, c.project, c.id)
		if err != nil {
			return err
		}
		system, ok := systemDisk(vm.HardDisks)
		if !ok {
			return errors.New("the portal tells no disk of this VM that could grow: look at it on the portal")
		}
		for _, disk := range vm.HardDisks {
			if disk.DiskNumber == system.DiskNumber {
				disk.CapacityGB = c.diskGB
			}
			request.HardDisks = append(request.HardDisks, disk)
		}
	}
	before := p.historyMark(ctx, c.vmTarget)
	tasks, err := p.Reconfigure(ctx, c.id, request)
	if mdx.IsAmbiguous(err) {
		// Asked for twice it does no harm, but the second would fail while the first runs.
		task, lookErr := p.newTask(ctx, c.id, before)
		if lookErr != nil {
			return errors.Join(err, lookErr)
		}
		tasks, err = []mdx.TaskID{task}, nil
	}
	err = p.ended(ctx, c.vmTarget, tasks, err)
	if p.outlasted(ctx, c.vmTarget, before, err) {
		return p.reconfigure(ctx, c)
	}
	return err
}

// bringUp brings a VM that is made to its power state, with its address if that is wanted, and reads it. The disk of a
// clone grows to growTo GB first; 0 leaves it as it is.
func (p *portal) bringUp(ctx context.Context, t vmTarget, growTo int) (*mdx.VM, error) {
	if growTo != 0 {
		diskGB, err := p.yetToGrow(ctx, t, growTo)
		if err == nil && diskGB != 0 {
			err = p.reconfigure(ctx, vmChange{vmTarget: t, diskGB: diskGB})
		}
		if err != nil {
			return nil, err
		}
	}
	vm, err := p.reach(ctx, t)
	if err == nil && vm == nil {
		vm, err = p.VM(ctx, t.project, t.id)
	}
	return vm, err
}

// yetToGrow is the size that a clone's disk is to be given, 0 if it has it: a clone comes with its source's disk.
func (p *portal) yetToGrow(ctx context.Context, t vmTarget, diskGB int) (int, error) {
	vm, err := p.VM(ctx, t.project, t.id)
	if err != nil {
		return 0, err
	}
	if system, ok := systemDisk(vm.HardDisks); ok && system.CapacityGB < diskGB {
		return diskGB, nil
	}
	return 0, nil
}

// ended waits for the tasks of a request.
func (p *portal) ended(ctx context.Context, t vmTarget, tasks []mdx.TaskID, err error) error {
	for _, task := range tasks {
		if err == nil {
			_, err = p.WaitTask(ctx, t.project, task, t.named(), p.progress(ctx), mdx.WithPace(mdx.PacePower))
		}
	}
	return err
}

// sameKey tells whether two public keys are one, whatever their comments.
func sameKey(a, b types.String) bool {
	one, _, _, _, errA := ssh.ParseAuthorizedKey([]byte(a.ValueString()))
	two, _, _, _, errB := ssh.ParseAuthorizedKey([]byte(b.ValueString()))
	if errA != nil || errB != nil {
		return a.Equal(b)
	}
	return bytes.Equal(one.Marshal(), two.Marshal())
}
