package mdx

type wireVMSummary struct {
	UUID         wireText `json:"uuid"`
	Name         wireText `json:"name"`
	Status       wireText `json:"status"`
	VCenter      wireText `json:"vcenter"`
	ServiceLevel wireText `json:"service_level"`
}

func (w wireVMSummary) summary() VMSummary {
	return VMSummary{
		ID: VMID(w.UUID), Name: string(w.Name), Status: VMStatus(w.Status), VCenter: string(w.VCenter),
		ServiceLevel: parseServiceLevel(string(w.ServiceLevel)),
	}
}

// wireVM is a machine's detail. It lacks the machine's own id.
type wireVM struct {
	Name            wireText                `json:"name"`
	Status          wireText                `json:"status"`
	OSType          wireText                `json:"os_type"`
	HostName        wireText                `json:"host_name"`
	ServiceLevel    wireText                `json:"service_level"`
	VMwareTools     wireList[wireTools]     `json:"vmware_tools"`
	CPU             wireInt                 `json:"cpu"`
	Memory          wireGB                  `json:"memory"`
	GPU             wireText                `json:"gpu"`
	NVLink          wireBool                `json:"nvlink"`
	ServiceNetworks wireList[wireServiceIf] `json:"service_networks"`
	StorageNetworks wireList[wireStorageIf] `json:"storage_networks"`
	HardDisks       wireList[wireDisk]      `json:"hard_disks"`
	DVDMedia        wireText                `json:"dvd_media"`
	VCenter         wireText                `json:"vcenter"`
	ESXi            wireText                `json:"esxi"`
	PackType        wireText                `json:"pack_type"`
	PackNum         wireInt                 `json:"pack_num"`
}

type wireTools struct {
	Status  wireText `json:"status"`
	Version wireText `json:"version"`
}

type wireServiceIf struct {
	AdapterNumber wireInt            `json:"adapter_number"`
	Segment       wireText           `json:"segment"`
	Segument      wireText           `json:"segument"` // the portal's own slip
	IPv4          wireList[wireText] `json:"ipv4_address"`
	IPv6          wireList[wireText] `json:"ipv6_address"`
	GlobalIP      wireText           `json:"global_ip"`
}

type wireStorageIf struct {
	AdapterNumber wireInt            `json:"adapter_number"`
	IPv4          wireList[wireText] `json:"ipv4_address"`
	IPv6          wireList[wireText] `json:"ipv6_address"`
	Type          wireText           `json:"type"`
	LongType      wireText           `json:"storage_network_type"`
}

type wireDisk struct {
	DiskNumber wireInt  `json:"disk_number"`
	DeviceKey  wireInt  `json:"device_key"`
	Capacity   wireGB   `json:"capacity"`
	Datastore  wireText `json:"datastore"`
}

func (w wireVM) vm(id VMID) *VM {
	vm := &VM{
		ID: id, Name: string(w.Name), Status: VMStatus(w.Status), ServiceLevel: parseServiceLevel(string(w.ServiceLevel)),
		OSType: OSType(w.OSType), HostName: string(w.HostName), CPU: int(w.CPU), MemoryGB: float64(w.Memory),
		GPU: string(w.GPU), NVLink: bool(w.NVLink), PackType: PackType(w.PackType), PackNum: int(w.PackNum),
		DVDMedia: string(w.DVDMedia), VCenter: string(w.VCenter), ESXi: string(w.ESXi),
	}
	for _, t := range w.VMwareTools {
		vm.Tools = append(vm.Tools, VMTools{Status: string(t.Status), Version: string(t.Version)})
	}
	for _, n := range w.ServiceNetworks {
		vm.ServiceNetworks = append(vm.ServiceNetworks, ServiceNetwork{
			AdapterNumber: int(n.AdapterNumber), SegmentName: string(max(n.Segment, n.Segument)),
			IPv4: addrs(n.IPv4), IPv6: addrs(n.IPv6), GlobalIP: parseAddr(string(n.GlobalIP)),
		})
	}
	for _, n := range w.StorageNetworks {
		vm.StorageNetworks = append(vm.StorageNetworks, StorageNetworkAdapter{
			AdapterNumber: int(n.AdapterNumber), IPv4: addrs(n.IPv4), IPv6: addrs(n.IPv6),
			Type: parseStorageNetwork(string(max(n.Type, n.LongType))),
		})
	}
	for _, d := range w.HardDisks {
		vm.HardDisks = append(vm.HardDisks, HardDisk{
			DiskNumber: int(d.DiskNumber), DeviceKey: int(d.DeviceKey), CapacityGB: d.Capacity.whole(),
			Datastore: string(d.Datastore),
		})
	}
	return vm
}
