package portal

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// reconfigure changes the hardware of a VM that is stopped. All disks are told, so that none can be taken for removed.
func (p *Portal) reconfigure(ctx context.Context, c VMChange) error {
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

// SystemDisk is the disk with the lowest number, which disk_size is about.
func SystemDisk(disks []mdx.HardDisk) (mdx.HardDisk, bool) {
	if len(disks) == 0 {
		return mdx.HardDisk{}, false
	}
	return slices.MinFunc(disks, func(a, b mdx.HardDisk) int { return cmp.Compare(a.DiskNumber, b.DiskNumber) }), true
}
