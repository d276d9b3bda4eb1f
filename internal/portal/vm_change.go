package portal

import (
	"context"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// VMChange is what is to become of a VM. Zero values ask for nothing.
type VMChange struct {
	// VMTarget has the VM under the name that it has before the change.
	VMTarget
	NewName         string
	PackNum         int // packs
	DiskGB          int // of the system disk, which only grows
	NetworkAdapters []mdx.NetworkAdapter
	// ServiceLevelChanges tells that the VM has another service level than VMTarget's.
	ServiceLevelChanges bool
	// PowerChanges tells that the power state is another one, or that the address is still waited for.
	PowerChanges bool
	// MayStop tells whether a running VM may be stopped for the change.
	MayStop bool
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

// ChangeVM carries an update out, in the steps below and as far as needed. What was done before is not done again, so
// it may be called once more after an error.
//
// A VM that is broken, a change that has become impossible since it was planned, and the portal's refusals ([IsRefused])
// end it with an error that says so, before anything further is done.
func (p *Portal) ChangeVM(ctx context.Context, c VMChange) error {
	vm, err := p.settle(ctx, c.VMTarget)
	if err != nil {
		return err
	}
	if c.NewName == "" && vm.Name != c.Name { // by somebody, since the state was read: another name than planned is no answer
		c.NewName, c.Name = c.Name, vm.Name
	}
	under := &vmChange{VMChange: c, running: IsRunning(vm)}
	for _, next := range changeSteps {
		if !next.needed(under) {
			continue
		}
		p.log(ctx, mdx.LogInfo, "changing a VM", map[string]any{"vm": c.Name, "step": next.name})
		if err := next.apply(ctx, p, under); err != nil {
			return err
		}
	}
	return nil
}

// vmChange is a change of a VM under way.
type vmChange struct {
	VMChange
	running     bool // when it began
	renameLater bool // the portal refuses a running VM another name
}

// step is one thing to do for a change.
type step struct {
	name   string
	needed func(*vmChange) bool
	apply  func(context.Context, *Portal, *vmChange) error
}

// changeSteps are the steps of a change, in order. What may be refused comes before what stops the VM.
var changeSteps = []step{
	{"check", (*vmChange).asksForMore, func(ctx context.Context, p *Portal, c *vmChange) error { return p.mayBegin(ctx, c) }},
	{"rename", func(c *vmChange) bool { return c.NewName != "" }, func(ctx context.Context, p *Portal, c *vmChange) error {
		err := p.rename(ctx, c.VMChange)
		c.renameLater = err != nil && IsRefused(err) && c.running && c.MayStop && !p.isTaken(ctx, c.VMChange)
		if c.renameLater {
			return nil
		}
		return err
	}},
	{"leave networks", func(c *vmChange) bool { return c.NetworkAdapters != nil }, func(ctx context.Context, p *Portal, c *vmChange) error {
		return p.leaveNetworks(ctx, c.VMChange)
	}},
	{"stop", func(c *vmChange) bool { return c.running && (len(c.StopsFor()) > 0 || c.renameLater) }, func(ctx context.Context, p *Portal, c *vmChange) error {
		return p.stop(ctx, c.VMTarget)
	}},
	{"rename while stopped", func(c *vmChange) bool { return c.renameLater }, func(ctx context.Context, p *Portal, c *vmChange) error {
		return p.rename(ctx, c.VMChange)
	}},
	{"reconfigure", (*vmChange).reconfigures, func(ctx context.Context, p *Portal, c *vmChange) error {
		return p.reconfigure(ctx, c.VMChange)
	}},
	{"power", func(*vmChange) bool { return true }, func(ctx context.Context, p *Portal, c *vmChange) error {
		_, err := p.reach(ctx, c.VMTarget)
		return err
	}},
}

func (c *vmChange) asksForMore() bool { return len(c.StopsFor()) > 0 }
func (c *vmChange) reconfigures() bool {
	return c.PackNum != 0 || c.DiskGB != 0 || c.NetworkAdapters != nil
}
