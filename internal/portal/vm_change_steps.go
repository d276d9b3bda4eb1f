package portal

import (
	"context"
	"fmt"
	"strings"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// mayBegin refuses what has become impossible since it was planned, before anything is done about it.
func (p *Portal) mayBegin(ctx context.Context, c *vmChange) error {
	if stops := c.StopsFor(); len(stops) > 0 && c.running && !c.MayStop {
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
