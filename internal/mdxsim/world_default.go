package mdxsim

// DefaultWorld is a small university: a project to work in with machines and
// rules of other people in it, a dedicated project, and one that has expired.
// It is the same at every call.
func DefaultWorld() *World {
	return &World{Organisations: []Organisation{
		{
			UUID:     "0f6b1c52-6f0e-4d0e-9a5d-0c8f5a3e1b01",
			Name:     "国立情報学研究所",
			Projects: []Project{demoProject(), expiredProject()},
		},
		{Name: "シミュレーション大学", Projects: []Project{dedicatedProject()}},
	}}
}

func demoProject() Project {
	const segmentID = "5f0c8f3e-5d0b-4e55-8a63-51d5e1c0a001"
	return Project{
		UUID: "7d6f4c1e-9c53-4a1b-8f6d-2f4f5b6c7d01", Name: "demo", Type: "normal",
		Description: "A project to rehearse in",
		Quota:       Quota{CPUPacks: 4000, GPUPacks: 64, DiskGB: 100000},
		Catalogs:    defaultCatalogs(),
		Segments: []Segment{
			{
				UUID: segmentID, Name: "default", Default: true, VLANID: 583, VNI: 583,
				IPRange: "10.0.1.0/21", IPv6: "2001:2f8:1041:223::/64",
				ACL: []ACLRule{{
					UUID: "c0ffee00-0000-4000-8000-000000000001", Protocol: "TCP",
					SrcAddress: "192.0.2.0", SrcMask: "24", SrcPort: "Any",
					DstAddress: "10.0.0.2", DstMask: "32", DstPort: "22", Foreign: true,
				}},
			},
			{
				UUID: "5f0c8f3e-5d0b-4e55-8a63-51d5e1c0a002", Name: "backend", VLANID: 584, VNI: 584,
				IPRange: "10.0.8.0/24",
			},
		},
		GlobalAddresses: []string{"203.0.113.10", "203.0.113.11", "203.0.113.12", "203.0.113.13"},
		VMs: []VM{
			{
				UUID: "e7a10000-0000-4000-8000-000000000001", Name: "sato-notebook", Status: PowerOn,
				CatalogID: catalogUbuntu2204, PackType: "cpu", PackNum: 8, ServiceLevel: "guarantee",
				StorageNetwork: "portgroup", Foreign: true,
				Adapters: []Adapter{{Number: 1, SegmentID: segmentID, IPv4: "10.0.0.2"}},
				Disks:    []Disk{{Number: 1, DeviceKey: 2000, CapacityGB: 40}},
			},
			{
				UUID: "e7a10000-0000-4000-8000-000000000002", Name: "suzuki-batch", Status: Deallocated,
				CatalogID: catalogUbuntu2004, PackType: "cpu", PackNum: 32, ServiceLevel: "spot",
				StorageNetwork: "portgroup", Foreign: true,
				Adapters: []Adapter{{Number: 1, SegmentID: segmentID, IPv4: "10.0.0.3"}},
				Disks:    []Disk{{Number: 1, DeviceKey: 2000, CapacityGB: 100}},
			},
		},
		DNATs: []DNAT{{
			UUID: "d0a70000-0000-4000-8000-000000000001", PoolAddress: "203.0.113.13",
			SegmentID: segmentID, DstAddress: "10.0.0.2", Foreign: true,
		}},
	}
}

func dedicatedProject() Project {
	return Project{
		UUID: "7d6f4c1e-9c53-4a1b-8f6d-2f4f5b6c7d02", Name: "demo-dedicated", Type: "dedicated", Dedicated: true,
		Quota:    Quota{CPUs: 152, MemoryGB: 256, GPUs: 8, DiskGB: 20000},
		Catalogs: defaultCatalogs(),
		Segments: []Segment{{
			UUID: "5f0c8f3e-5d0b-4e55-8a63-51d5e1c0a003", Name: "default", Default: true,
			VLANID: 901, VNI: 901, IPRange: "10.9.0.0/22",
		}},
		GlobalAddresses: []string{"203.0.113.40"},
	}
}

func expiredProject() Project {
	return Project{
		UUID: "7d6f4c1e-9c53-4a1b-8f6d-2f4f5b6c7d03", Name: "last-year", Type: "normal", Expired: true,
		Quota:    Quota{CPUPacks: 10, DiskGB: 100},
		Catalogs: defaultCatalogs(),
		Segments: []Segment{{
			UUID: "5f0c8f3e-5d0b-4e55-8a63-51d5e1c0a004", Name: "default", Default: true,
			VLANID: 702, VNI: 702, IPRange: "10.7.0.0/24",
		}},
	}
}

const (
	catalogUbuntu2204 = "ca7a1060-0000-4000-8000-000000002204"
	catalogUbuntu2004 = "ca7a1060-0000-4000-8000-000000002004"
)

func defaultCatalogs() []Catalog {
	return []Catalog{
		{
			UUID: catalogUbuntu2204, Name: "Ubuntu 22.04 (推奨版)", Type: "推奨", TemplateName: "UT-20240401-1200-ubuntu-2204-server",
			OSType: "Linux", OSName: "Ubuntu", OSVersion: "22.04", HWVersion: "vmx-19", Description: "Ubuntu 22.04 LTS Server",
			LoginUsername: "mdxuser", MinDiskGB: 40, MinMemoryGB: 1,
		},
		{
			UUID: catalogUbuntu2004, Name: "Ubuntu 20.04", Type: "推奨", TemplateName: "UT-20220412-0000-ubuntu-2004-server",
			OSType: "Linux", OSName: "Ubuntu", OSVersion: "20.04", HWVersion: "vmx-17",
			LoginUsername: "mdxuser", MinDiskGB: 40, MinMemoryGB: 1,
		},
		{
			UUID: "ca7a1060-0000-4000-8000-000000002404", Name: "Ubuntu 24.04", TemplateName: "UT-20250401-0900-ubuntu-2404-server",
			OSType: "Linux", OSName: "Ubuntu", OSVersion: "24.04",
			LoginUsername: "mdx-user01", MinDiskGB: 40, MinMemoryGB: 2,
		},
		{
			UUID: "ca7a1060-0000-4000-8000-0000000022ff", Name: "Ubuntu 22.04 GPU", TemplateName: "UT-20240401-1300-ubuntu-2204-gpu",
			OSType: "Linux", OSName: "Ubuntu", OSVersion: "22.04", LoginUsername: "mdxuser",
			GPURequired: true, MinDiskGB: 100, MinMemoryGB: 16,
		},
		{
			UUID: "ca7a1060-0000-4000-8000-00000000deb1", Name: "Debian 12", TemplateName: "DB-20231010-0900-debian-12",
			OSType: "Linux", OSName: "Debian", OSVersion: "12", LoginUsername: "mdxuser", MinDiskGB: 20, MinMemoryGB: 1,
		},
	}
}
