package mdx

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
)

// VMSummary is a machine as a project's list shows it: everything but addresses and hardware
// (PORTAL.md §5).
type VMSummary struct {
	ID           VMID
	Name         string
	Status       VMStatus
	ServiceLevel ServiceLevel
	VCenter      string
}

// VM is a machine in full (PORTAL.md §5).
type VM struct {
	ID           VMID
	Name         string
	Status       VMStatus
	ServiceLevel ServiceLevel
	OSType       OSType
	// HostName is what the guest calls itself; before the guest reports, a part of the template's name.
	HostName string
	// Tools is what the guest's tools report.
	Tools    []VMTools
	CPU      int     // cores
	MemoryGB float64 // GB
	GPU      string  // the portal's text, such as "0"
	NVLink   bool
	PackType PackType
	PackNum  int

	ServiceNetworks []ServiceNetwork
	StorageNetworks []StorageNetworkAdapter
	HardDisks       []HardDisk
	DVDMedia        string
	VCenter         string
	ESXi            string
}

// VMTools is the state of the guest's tools.
type VMTools struct{ Status, Version string }

// ServiceNetwork is an adapter in a segment.
type ServiceNetwork struct {
	AdapterNumber int
	// SegmentName is the segment's name: the portal does not tell its id here.
	SegmentName string
	// IPv4 and IPv6 hold real addresses only; both are empty until the guest's tools report.
	IPv4, IPv6 []netip.Addr
	// GlobalIP is the public address that leads here; the zero Addr if none does.
	GlobalIP netip.Addr
}

// StorageNetworkAdapter is an adapter in the storage network.
type StorageNetworkAdapter struct {
	AdapterNumber int
	IPv4, IPv6    []netip.Addr
	Type          StorageNetwork
}

// HardDisk is a virtual disk.
type HardDisk struct {
	DiskNumber int
	DeviceKey  int
	CapacityGB int
	Datastore  string
}

// IPv4 is the machine's first service network address, or the zero Addr while it has none.
func (v *VM) IPv4() netip.Addr {
	for _, n := range v.ServiceNetworks {
		for _, addr := range n.IPv4 {
			return addr
		}
	}
	return netip.Addr{}
}

// VMs lists the machines of a project (PORTAL.md §5). It is the one proof that a machine is gone (PORTAL.md §8), so an
// omission hurts: a bare array is read twice, and with [Expecting] any list that lacks one of the caller's machines.
//
// Those who ask while an answer is on its way share the next one.
func (c *Client) VMs(ctx context.Context, project ProjectID, opts ...ListOption) ([]VMSummary, error) {
	r := listOfVMs(project)
	id := func(vm VMSummary) string { return string(vm.ID) }
	vms, err := believed(ctx, c, r, opts, func(ctx context.Context) (look[VMSummary], error) {
		return c.vms.Get(ctx, project, 0, func(ctx context.Context) (look[VMSummary], error) {
			seen, err := lookAt(ctx, c, r, oneEach(wireVMSummary.summary), id)
			c.homes.learn(project, seen.ids)
			return seen, err
		})
	})
	if err != nil && ctx.Err() != nil {
		return nil, r.failed(ctx.Err()) // the question itself may go on for others
	}
	return slices.Clone(vms), err
}

// lookAtVMs is VMs for those who look for what is there, or look again themselves.
func (c *Client) lookAtVMs(ctx context.Context, project ProjectID) ([]VMSummary, error) {
	return c.VMs(ctx, project, Expecting[VMID]())
}

func listOfVMs(project ProjectID) call {
	return call{
		op: "list VMs of project", object: string(project), method: http.MethodGet,
		path: pathOf("/api/vm/project/%s/", project),
	}
}

// VMByName looks a machine up in its project's list. Names are unique in a project; a name that two looks lack is an
// error that [IsNotFound] knows. A list that is itself answered with 404 is none of those: the portal does that under load
// (PORTAL.md §8).
func (c *Client) VMByName(ctx context.Context, project ProjectID, name string) (VMSummary, error) {
	r := call{op: "find VM", object: name, method: http.MethodGet, path: listOfVMs(project).path}
	for range 2 {
		vms, err := c.lookAtVMs(ctx, project)
		if IsNotFound(err) { // of the list, which is no word about the machine
			err = r.failed(err)
		}
		if err != nil {
			return VMSummary{}, err
		}
		if i := slices.IndexFunc(vms, func(vm VMSummary) bool { return vm.Name == name }); i >= 0 {
			return vms[i], nil
		}
	}
	return VMSummary{}, r.notListed("VMs")
}

// VM reads a machine in full (PORTAL.md §5). Under load the portal answers 404 for machines that exist, so an error
// that [IsNotFound] knows is returned only if the project's list agrees (PORTAL.md §8), twice in a row, since
// a list may omit one once. If list and detail go on contradicting each other, the error is one
// that [IsOverloaded] knows.
func (c *Client) VM(ctx context.Context, project ProjectID, id VMID) (vm *VM, err error) {
	r := detailCall(id, kindDetail)
	r.roster = c.vmRosterOf(project, id)
	err = c.insist(ctx, r, func() error {
		vm, err = c.detail(ctx, id)
		return err
	})
	return vm, err
}

func vmPath(id VMID) string { return pathOf("/api/vm/%s/", id) }

func detailCall(id VMID, kind callKind) call {
	return call{op: "read VM", object: string(id), method: http.MethodGet, path: vmPath(id), kind: kind}
}

func (c *Client) detail(ctx context.Context, id VMID) (*VM, error) {
	return c.detailOf(ctx, id, kindDetail)
}

func (c *Client) detailOf(ctx context.Context, id VMID, kind callKind) (*VM, error) {
	var w wireVM
	r := detailCall(id, kind)
	if err := c.do(ctx, r, &w); err != nil {
		return nil, err
	}
	if w.Name == "" && w.Status == "" { // nothing in it is to be taken for a change
		return nil, r.failed(fmt.Errorf("%w: it tells no machine", errUnreadable))
	}
	return w.vm(id), nil
}
