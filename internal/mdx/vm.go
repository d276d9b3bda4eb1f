package mdx

import (
	"context"
	"errors"
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

// VMs lists the machines of a project. It is the one proof that a machine is gone (PORTAL.md §8).
//
// Those who ask while an answer is on its way share the next one.
func (c *Client) VMs(ctx context.Context, project ProjectID) ([]VMSummary, error) {
	r := listOfVMs(project)
	vms, err := c.sharedList(project).get(ctx, func(ctx context.Context) ([]VMSummary, error) {
		return list(ctx, c, r, wireVMSummary.summary)
	})
	if err != nil && ctx.Err() != nil {
		left := r // the question itself may go on for others
		left.method = http.MethodGet
		return nil, left.failed(ctx.Err())
	}
	return slices.Clone(vms), err
}

func listOfVMs(project ProjectID) call {
	return call{op: "list VMs of project", object: string(project), path: pathOf("/api/vm/project/%s/", project)}
}

func (c *Client) sharedList(project ProjectID) *sharing[[]VMSummary] {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.lists[project] == nil {
		c.lists[project] = &sharing[[]VMSummary]{}
	}
	return c.lists[project]
}

// VMByName looks a machine up in its project's list. Names are unique in a project; a name nobody has
// is an error that [IsNotFound] knows. A list that is itself answered with 404 is none of those: the portal
// does that under load (PORTAL.md §8), and is asked again a few times.
func (c *Client) VMByName(ctx context.Context, project ProjectID, name string) (VMSummary, error) {
	vms, err := c.VMs(ctx, project)
	for tries := range c.cfg.MaxRetries {
		if !IsNotFound(err) || pause(ctx, c.cfg.PollInterval/5<<min(tries, 5)) != nil {
			break
		}
		vms, err = c.VMs(ctx, project)
	}
	if IsNotFound(err) { // of the list, which is no word about the machine
		err = call{op: "find VM", object: name, method: http.MethodGet, path: listOfVMs(project).path}.failed(err)
	}
	if err != nil {
		return VMSummary{}, err
	}
	for _, vm := range vms {
		if vm.Name == name {
			return vm, nil
		}
	}
	return VMSummary{}, c.notListed("find VM", name, project)
}

// notListed is the not-found that a project's list proves.
func (c *Client) notListed(op, object string, project ProjectID) *Error {
	return &Error{
		Op: op, Object: object, Method: http.MethodGet, Path: pathOf("/api/vm/project/%s/", project),
		Status: http.StatusNotFound, Message: "the project's list of VMs does not have it",
	}
}

// VM reads a machine in full. Under load the portal answers 404 for machines that exist, so an error
// that [IsNotFound] knows is returned only if the project's list agrees (PORTAL.md §8), twice in a row, since
// a list may leave one out for once. If list and detail go on contradicting each other, the error is one
// that [IsOverloaded] knows.
func (c *Client) VM(ctx context.Context, project ProjectID, id VMID) (*VM, error) {
	wait, absent := c.cfg.PollInterval/5, 0
	for range c.cfg.MaxRetries + 3 {
		vm, err := c.detail(ctx, id)
		if !IsNotFound(err) {
			return vm, err
		}
		vms, err := c.VMs(ctx, project)
		if IsNotFound(err) { // of the list, which is no word about the machine
			err = call{op: "read VM", object: string(id), method: http.MethodGet, path: vmPath(id)}.failed(err)
		}
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(vms, func(s VMSummary) bool { return s.ID == id }) {
			absent = 0
		} else if absent++; absent == 2 {
			return nil, c.notListed("read VM", string(id), project)
		}
		if err := pause(ctx, wait); err != nil {
			return nil, err
		}
		wait *= 2
	}
	return nil, call{op: "read VM", object: string(id), method: http.MethodGet, path: vmPath(id)}.failed(errContradiction)
}

// errContradiction is the cause when a machine is listed and its detail denied, again and again.
var errContradiction = errors.New("the project's list has it, but its detail is answered with 404: the portal seems overloaded")

func vmPath(id VMID) string { return pathOf("/api/vm/%s/", id) }

func (c *Client) detail(ctx context.Context, id VMID) (*VM, error) {
	return c.detailOf(ctx, id, kindDetail)
}

func (c *Client) detailOf(ctx context.Context, id VMID, kind callKind) (*VM, error) {
	var w wireVM
	r := call{op: "read VM", object: string(id), method: http.MethodGet, path: vmPath(id), kind: kind}
	if err := c.do(ctx, r, &w); err != nil {
		return nil, err
	}
	if w.Name == "" && w.Status == "" { // nothing in it is to be taken for a change
		return nil, r.failed(fmt.Errorf("%w: it tells no machine", errUnreadable))
	}
	return w.vm(id), nil
}
