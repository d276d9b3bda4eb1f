package mdxsim

import (
	"encoding/json"
	"fmt"
	"io"
)

// World is what exists in the portal: what -world FILE sets up, and what
// [Sim.World] and /_sim/world report. A reported world can be set up again.
type World struct {
	Organisations []Organisation `json:"organisations"`
	// Quirks and Durations are as the command's options of these names take
	// them, e.g. {"names": "late"} and {"address": "90s"}. What Config sets
	// itself comes first.
	Quirks    map[string]string `json:"quirks,omitempty"`
	Durations map[string]string `json:"durations,omitempty"`
}

// ReadWorld reads a world as JSON; a field that it does not know is an error.
func ReadWorld(r io.Reader) (*World, error) {
	decoder := json.NewDecoder(r)
	decoder.DisallowUnknownFields()
	world := new(World)
	if err := decoder.Decode(world); err != nil {
		return nil, fmt.Errorf("world: %w", err)
	}
	return world, nil
}

// options sets what the configuration leaves open as the world says.
func (w *World) options(cfg *Config) error {
	var ofWorld Config
	for name, value := range w.Quirks {
		if err := ofWorld.Quirks.Set(name, value); err != nil {
			return err
		}
	}
	for name, value := range w.Durations {
		if err := ofWorld.Durations.Set(name, value); err != nil {
			return err
		}
	}
	for _, k := range quirks {
		orDefault(k.field(&cfg.Quirks), *k.field(&ofWorld.Quirks))
	}
	set := ofWorld.Durations.table()
	for i, e := range cfg.Durations.table() {
		orDefault(e.field, *set[i].field)
	}
	return nil
}

// Organisation holds projects. Its UUID may be empty: some organisations come
// without one (PORTAL.md §4).
type Organisation struct {
	UUID     string    `json:"uuid,omitempty"`
	Name     string    `json:"name"`
	Projects []Project `json:"projects"`
}

// Project is one project with all that is in it.
type Project struct {
	UUID        string    `json:"uuid"`
	Name        string    `json:"name"`
	Description string    `json:"description,omitempty"`
	Type        string    `json:"type"`                // as the portal says it
	Dedicated   bool      `json:"dedicated,omitempty"` // machines are sized by cpu, memory and gpu, not by packs
	Expired     bool      `json:"expired,omitempty"`
	Suspended   bool      `json:"suspended,omitempty"`
	Quota       Quota     `json:"quota"`
	Catalogs    []Catalog `json:"catalogs"`
	Segments    []Segment `json:"segments"`
	// GlobalAddresses are the project's global IPv4 addresses, in use or free.
	GlobalAddresses []string `json:"global_addresses,omitempty"`
	VMs             []VM     `json:"vms"`
	DNATs           []DNAT   `json:"dnats,omitempty"`
}

// Quota bounds a project; zero is no bound.
type Quota struct {
	CPUPacks int `json:"cpu_packs,omitempty"`
	GPUPacks int `json:"gpu_packs,omitempty"`
	DiskGB   int `json:"disk_gb,omitempty"`
	CPUs     int `json:"cpus,omitempty"`      // dedicated projects
	MemoryGB int `json:"memory_gb,omitempty"` // dedicated projects
	GPUs     int `json:"gpus,omitempty"`      // dedicated projects
}

// Catalog is a template that machines are deployed from.
type Catalog struct {
	UUID          string `json:"uuid"`
	Name          string `json:"name"`
	Type          string `json:"type,omitempty"`
	TemplateName  string `json:"template_name"`
	OSType        string `json:"os_type"`
	OSName        string `json:"os_name,omitempty"`
	OSVersion     string `json:"os_version,omitempty"`
	HWVersion     string `json:"hw_version,omitempty"`
	Description   string `json:"description,omitempty"`
	LoginUsername string `json:"login_username,omitempty"`
	GPURequired   bool   `json:"gpu_required,omitempty"`
	MinDiskGB     int    `json:"lower_limit_disk"`
	MinMemoryGB   int    `json:"lower_limit_memory"`
}

// Segment is a network of a project.
type Segment struct {
	UUID    string    `json:"uuid"`
	Name    string    `json:"name"`
	Default bool      `json:"default,omitempty"`
	VLANID  int       `json:"vlan_id"`
	VNI     int       `json:"vni"`
	IPRange string    `json:"ip_range"`             // IPv4 CIDR; host bits may be set
	IPv6    string    `json:"ipv6_range,omitempty"` // IPv6 CIDR; empty: no IPv6
	ACL     []ACLRule `json:"acl,omitempty"`
	ACLv6   []ACLRule `json:"acl_v6,omitempty"`
}

// ACLRule allows traffic. Masks and ports are text, as the portal keeps them.
type ACLRule struct {
	UUID       string `json:"uuid"`
	Protocol   string `json:"protocol"`
	SrcAddress string `json:"src_address"`
	SrcMask    string `json:"src_mask"`
	SrcPort    string `json:"src_port"`
	DstAddress string `json:"dst_address"`
	DstMask    string `json:"dst_mask"`
	DstPort    string `json:"dst_port"`
	Foreign    bool   `json:"foreign,omitempty"` // somebody else's, by a lever or the world
}

// DNAT leads a global address to a machine's address.
type DNAT struct {
	UUID        string `json:"uuid"`
	PoolAddress string `json:"pool_address"`
	SegmentID   string `json:"segment_id"`
	DstAddress  string `json:"dst_address"`
	Foreign     bool   `json:"foreign,omitempty"` // somebody else's, by a lever or the world
}

// VM is a machine.
type VM struct {
	UUID           string    `json:"uuid"`
	Name           string    `json:"name"`
	Status         Status    `json:"status"`
	CatalogID      string    `json:"catalog_id,omitempty"`
	PackType       string    `json:"pack_type,omitempty"`
	PackNum        int       `json:"pack_num,omitempty"`
	CPU            int       `json:"cpu,omitempty"`       // dedicated projects
	MemoryGB       int       `json:"memory_gb,omitempty"` // dedicated projects
	GPU            int       `json:"gpu,omitempty"`
	NVLink         bool      `json:"nvlink,omitempty"`
	ServiceLevel   string    `json:"service_level"` // spot or guarantee
	StorageNetwork string    `json:"storage_network,omitempty"`
	Adapters       []Adapter `json:"adapters,omitempty"`
	Disks          []Disk    `json:"disks,omitempty"`
	SharedKey      string    `json:"shared_key,omitempty"`
	Foreign        bool      `json:"foreign,omitempty"` // somebody else's
	// HostError is what the [Backend] said when the machine's host did not start.
	HostError string `json:"host_error,omitempty"`
}

// Adapter is a machine's place on a segment.
type Adapter struct {
	Number    int    `json:"adapter_number"`
	SegmentID string `json:"segment_id"`
	IPv4      string `json:"ipv4,omitempty"` // held from deploy to destroy, shown or not
	IPv6      string `json:"ipv6,omitempty"`
}

// Disk is one of a machine's disks.
type Disk struct {
	Number     int `json:"disk_number"`
	DeviceKey  int `json:"device_key"`
	CapacityGB int `json:"capacity_gb"`
}

// Status is a machine's state (PORTAL.md §5).
type Status string

// The states of a machine.
const (
	PowerOn     Status = "PowerON"
	PowerOff    Status = "PowerOFF"
	Suspended   Status = "Suspended"
	Deallocated Status = "Deallocated" // off, and holding no compute
	Deploying   Status = "Deploying"
)
