package portal

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// VMChange is what an update asks of the portal. Its zero parts ask for nothing.
type VMChange struct {
	VMTarget
	NewName             string
	PackNum             int
	DiskGB              int
	NetworkAdapters     []mdx.NetworkAdapter
	ServiceLevelChanges bool // the service level changes
	PowerChanges        bool // the power state changes, or the address is still waited for
	MayStop             bool // a running VM may be stopped for it
}

// StopsFor lists the attributes whose change needs a stopped VM.
func (c VMChange) StopsFor() []string {
	var names []string
	for _, part := range []struct {
		changes bool
		name    string
	}{
		{c.PackNum != 0, "pack_num"},
		{c.DiskGB != 0, "disk_size"},
		{c.NetworkAdapters != nil, "network_adapters"},
		{c.ServiceLevelChanges, "service_level"},
	} {
		if part.changes {
			names = append(names, part.name)
		}
	}
	return names
}

// Empty tells whether there is nothing to ask for.
func (c VMChange) Empty() bool { return c.NewName == "" && !c.PowerChanges && len(c.StopsFor()) == 0 }

// ChangeVM carries an update out: rename, stop, reconfigure, start, in this order and as far as needed.
func (p *Portal) ChangeVM(ctx context.Context, c VMChange) error {
	vm, err := p.settle(ctx, c.VMTarget)
	if err != nil {
		return err
	}
	if c.NewName == "" && vm.Name != c.Name { // by somebody, since the state was read: another name than planned is no answer
		c.NewName, c.Name = c.Name, vm.Name
	}
	if err := p.mayBegin(ctx, c, vm); err != nil {
		return err
	}
	renameLater := false
	if c.NewName != "" {
		err := p.rename(ctx, c)
		renameLater = err != nil && IsRefused(err) && IsRunning(vm) && c.MayStop && !p.isTaken(ctx, c)
		if err != nil && !renameLater {
			return err
		}
	}
	if err := p.leaveNetworks(ctx, c); err != nil {
		return err
	}
	if (len(c.StopsFor()) > 0 || renameLater) && IsRunning(vm) {
		if err := p.stop(ctx, c.VMTarget); err != nil {
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
	_, err = p.reach(ctx, c.VMTarget)
	return err
}

// mayBegin refuses what has become impossible since it was planned, before anything is done about it.
func (p *Portal) mayBegin(ctx context.Context, c VMChange, vm mdx.VMSummary) error {
	if stops := c.StopsFor(); len(stops) > 0 && IsRunning(vm) && !c.MayStop {
		return fmt.Errorf("the VM is running meanwhile, and changing %s needs it stopped: set allow_stopping_for_update = true",
			strings.Join(stops, ", "))
	}
	if c.DiskGB == 0 {
		return nil
	}
	detail, err := p.VM(ctx, c.Project, c.ID)
	if err != nil {
		return err
	}
	if disk, ok := SystemDisk(detail.HardDisks); ok && disk.CapacityGB > c.DiskGB {
		return fmt.Errorf("the disk has %d GB meanwhile and cannot become smaller (%d GB): set disk_size to %d or more",
			disk.CapacityGB, c.DiskGB, disk.CapacityGB)
	}
	return nil
}

// leaveNetworks removes the rules that lead to addresses which a change of adapters gives up. The VM tells them only
// while it is on.
func (p *Portal) leaveNetworks(ctx context.Context, c VMChange) error {
	if c.NetworkAdapters == nil {
		return nil
	}
	vm, err := p.VM(ctx, c.Project, c.ID)
	if err != nil {
		return err
	}
	var wanted []string
	for _, adapter := range c.NetworkAdapters {
		wanted = append(wanted, string(adapter.Segment))
	}
	segments, err := p.KnownSegments(ctx, c.Project, wanted...)
	if err != nil {
		return err
	}
	return p.removeRulesTo(ctx, c.VMTarget, givenUp(c.networksOf(vm), c.NetworkAdapters, segments))
}

func (p *Portal) rename(ctx context.Context, c VMChange) error {
	named := func(vm mdx.VMSummary) bool { return vm.Name == c.NewName }
	before := p.historyMark(ctx, c.VMTarget)
	tasks, err := p.Rename(ctx, c.ID, c.NewName)
	if mdx.IsAmbiguous(err) {
		aside, cancel := p.Aside(ctx)
		defer cancel()
		_, err := p.WaitVM(aside, c.Project, c.ID, named, c.named(), p.progress(ctx))
		return err
	}
	err = p.AwaitTasks(ctx, c.VMTarget, tasks, err)
	if p.outlasted(ctx, c.VMTarget, before, err) {
		if p.already(ctx, c.VMTarget, named) {
			return nil
		}
		return p.rename(ctx, c)
	}
	return err
}

// isTaken tells whether another VM has the new name, which the portal refuses of a stopped one too.
func (p *Portal) isTaken(ctx context.Context, c VMChange) bool {
	vm, err := p.VMByName(ctx, c.Project, c.NewName)
	return err == nil && vm.ID != c.ID
}

// reconfigure changes the hardware of a VM that is stopped. All disks are told, so that none can be taken for removed.
func (p *Portal) reconfigure(ctx context.Context, c VMChange) error {
	if c.PackNum == 0 && c.DiskGB == 0 && c.NetworkAdapters == nil {
		return nil
	}
	request := mdx.Reconfiguration{PackNum: c.PackNum, NetworkAdapters: c.NetworkAdapters}
	if c.DiskGB != 0 {
		vm, err := p.VM(ctx, c.Project, c.ID)
		if err != nil {
			return err
		}
		system, ok := SystemDisk(vm.HardDisks)
		if !ok {
			return errors.New("the portal tells no disk of this VM that could grow: look at it on the portal")
		}
		for _, disk := range vm.HardDisks {
			if disk.DiskNumber == system.DiskNumber {
				disk.CapacityGB = c.DiskGB
			}
			request.HardDisks = append(request.HardDisks, disk)
		}
	}
	before := p.historyMark(ctx, c.VMTarget)
	tasks, err := p.Reconfigure(ctx, c.ID, request)
	if mdx.IsAmbiguous(err) {
		// Asked for twice it does no harm, but the second would fail while the first runs.
		task, lookErr := p.newTask(ctx, c.ID, before)
		if lookErr != nil {
			return errors.Join(err, lookErr)
		}
		tasks, err = []mdx.TaskID{task}, nil
	}
	err = p.AwaitTasks(ctx, c.VMTarget, tasks, err)
	if p.outlasted(ctx, c.VMTarget, before, err) {
		return p.reconfigure(ctx, c)
	}
	return err
}

// BringUpVM brings a VM that is made to its power state, with its address if that is wanted, and reads it. The disk of a
// clone grows to growTo GB first; 0 leaves it as it is.
func (p *Portal) BringUpVM(ctx context.Context, t VMTarget, growTo int) (*mdx.VM, error) {
	if growTo != 0 {
		diskGB, err := p.DiskToGrow(ctx, t, growTo)
		if err == nil && diskGB != 0 {
			err = p.reconfigure(ctx, VMChange{VMTarget: t, DiskGB: diskGB})
		}
		if err != nil {
			return nil, err
		}
	}
	vm, err := p.reach(ctx, t)
	if err == nil && vm == nil {
		vm, err = p.VM(ctx, t.Project, t.ID)
	}
	return vm, err
}

// DiskToGrow is the size that a clone's disk is to be given, 0 if it has it: a clone comes with its source's disk.
func (p *Portal) DiskToGrow(ctx context.Context, t VMTarget, diskGB int) (int, error) {
	vm, err := p.VM(ctx, t.Project, t.ID)
	if err != nil {
		return 0, err
	}
	if system, ok := SystemDisk(vm.HardDisks); ok && system.CapacityGB < diskGB {
		return diskGB, nil
	}
	return 0, nil
}

// AwaitTasks waits for the tasks of a request.
func (p *Portal) AwaitTasks(ctx context.Context, t VMTarget, tasks []mdx.TaskID, err error) error {
	for _, task := range tasks {
		if err == nil {
			_, err = p.WaitTask(ctx, t.Project, task, t.named(), p.progress(ctx), mdx.WithPace(mdx.PacePower))
		}
	}
	return err
}

// SystemDisk is the disk with the lowest number, which disk_size is about.
func SystemDisk(disks []mdx.HardDisk) (mdx.HardDisk, bool) {
	if len(disks) == 0 {
		return mdx.HardDisk{}, false
	}
	return slices.MinFunc(disks, func(a, b mdx.HardDisk) int { return cmp.Compare(a.DiskNumber, b.DiskNumber) }), true
}
