package mdx

import (
	"context"
)

// DeployRequest describes machines to deploy (PORTAL.md §5).
type DeployRequest struct {
	Project ProjectID
	Catalog CatalogID
	// VMName is the machine's name, or a range such as "web-[1-3]" for several equal ones. Which
	// ranges are safe, [PlanNames] knows.
	VMName string
	// TemplateName and OSType repeat what the catalog says.
	TemplateName string
	OSType       OSType
	DiskGB       int
	// PackType and PackNum size a machine of a normal project.
	PackType PackType
	PackNum  int
	// CPU (cores), MemoryGB and GPU size a machine of a dedicated project; leave the packs zero then.
	CPU, MemoryGB, GPU int
	ServiceLevel       ServiceLevel
	StorageNetwork     StorageNetwork
	NetworkAdapters    []NetworkAdapter
	// SharedKey is the text of the public key that may log in first.
	SharedKey string
	PowerOn   bool
	NVLink    bool
}

// NetworkAdapter puts an adapter into a segment.
type NetworkAdapter struct {
	AdapterNumber int       `json:"adapter_number"` // from 1
	Segment       SegmentID `json:"segment"`
}

type wireDeploy struct {
	Catalog         CatalogID        `json:"catalog"`
	Project         ProjectID        `json:"project"`
	VMName          string           `json:"vm_name"`
	TemplateName    string           `json:"template_name"`
	OSType          OSType           `json:"os_type"`
	DiskSize        int              `json:"disk_size"`
	PackType        PackType         `json:"pack_type,omitempty"`
	PackNum         int              `json:"pack_num,omitempty"`
	CPU             int              `json:"cpu,omitempty"`
	Memory          int              `json:"memory,omitempty"`
	GPU             wireDecimal      `json:"gpu"`
	ServiceLevel    ServiceLevel     `json:"service_level"`
	StorageNetwork  StorageNetwork   `json:"storage_network"`
	NetworkAdapters []NetworkAdapter `json:"network_adapters"`
	SharedKey       string           `json:"shared_key"`
	PowerOn         bool             `json:"power_on"`
	NVLink          bool             `json:"nvlink"`
}

// Deploy asks for new machines, one at a time per project (PORTAL.md §8), and answers a task for each
// name of a range. A [Batcher] does this for many at once, and sees to what may go wrong.
//
// An error that [IsAmbiguous] knows means that machines of that name may come into being: look with
// [Client.WaitVMNamed] before deploying again.
func (c *Client) Deploy(ctx context.Context, req DeployRequest) ([]TaskID, error) {
	release, err := c.limits.lockDeploy(ctx, req.Project)
	if err != nil {
		return nil, deployError(req.VMName, err)
	}
	defer release()
	return c.deployNow(ctx, req)
}

// deployNow is for those whose turn it is.
func (c *Client) deployNow(ctx context.Context, req DeployRequest) ([]TaskID, error) {
	order := Order{Project: req.Project, Names: namesOf(req.VMName), Digest: req.Digest()}
	return c.makeVMs(ctx, order, call{
		op: "deploy VM", object: req.VMName, path: deployPath, kind: kindDeploy,
		body: wireDeploy{
			Catalog: req.Catalog, Project: req.Project, VMName: req.VMName, TemplateName: req.TemplateName,
			OSType: req.OSType, DiskSize: req.DiskGB, PackType: req.PackType, PackNum: req.PackNum, CPU: req.CPU,
			Memory: req.MemoryGB, GPU: wireDecimal(req.GPU), ServiceLevel: req.ServiceLevel,
			StorageNetwork: req.StorageNetwork, NetworkAdapters: req.NetworkAdapters, SharedKey: req.SharedKey,
			PowerOn: req.PowerOn, NVLink: req.NVLink,
		},
	})
}

// CloneRequest describes a copy of a machine (PORTAL.md §5).
type CloneRequest struct {
	Project ProjectID
	VMName  string
	OSType  OSType
	// PackType and PackNum size the copy in a normal project, CPU (cores), MemoryGB and GPU in a dedicated one.
	PackType           PackType
	PackNum            int
	CPU, MemoryGB, GPU int
	ServiceLevel       ServiceLevel
	StorageNetwork     StorageNetwork
	NetworkAdapters    []NetworkAdapter
}

type wireClone struct {
	Project         ProjectID        `json:"project"`
	VMName          string           `json:"vm_name"`
	OSType          OSType           `json:"os_type"`
	PackType        PackType         `json:"pack_type,omitempty"`
	PackNum         int              `json:"pack_num,omitempty"`
	CPU             int              `json:"cpu,omitempty"`
	Memory          int              `json:"memory,omitempty"`
	GPU             wireDecimal      `json:"gpu"`
	ServiceLevel    ServiceLevel     `json:"service_level"`
	StorageNetwork  StorageNetwork   `json:"storage_network"`
	NetworkAdapters []NetworkAdapter `json:"network_adapters"`
}

// Clone copies a machine. The copy ends powered off; start it when the task is done, not earlier
// (PORTAL.md §5). It takes turns with [Client.Deploy], and errors mean the same.
func (c *Client) Clone(ctx context.Context, source VMID, req CloneRequest) ([]TaskID, error) {
	release, err := c.limits.lockDeploy(ctx, req.Project)
	if err != nil {
		return nil, deployError(req.VMName, err)
	}
	defer release()
	return c.cloneNow(ctx, source, req)
}

// cloneNow is for those whose turn it is.
func (c *Client) cloneNow(ctx context.Context, source VMID, req CloneRequest) ([]TaskID, error) {
	order := Order{Project: req.Project, Names: []string{req.VMName}, Digest: req.Digest(source)}
	return c.makeVMs(ctx, order, call{
		op: "clone VM", object: req.VMName, path: pathOf("/api/vm/%s/clone/", source), kind: kindDeploy,
		body: wireClone{
			Project: req.Project, VMName: req.VMName, OSType: req.OSType, PackType: req.PackType,
			PackNum: req.PackNum, CPU: req.CPU, Memory: req.MemoryGB, GPU: wireDecimal(req.GPU), ServiceLevel: req.ServiceLevel,
			StorageNetwork: req.StorageNetwork, NetworkAdapters: req.NetworkAdapters,
		},
	})
}
