package mdx

import "strings"

// VMStatus is a machine's state (PORTAL.md §5). A state that this package does not know is kept as it came.
type VMStatus string

// The states the portal reports.
const (
	VMPowerOn     VMStatus = "PowerON"
	VMPowerOff    VMStatus = "PowerOFF"
	VMSuspended   VMStatus = "Suspended"
	VMDeallocated VMStatus = "Deallocated" // stopped, and its compute given back
	VMDeploying   VMStatus = "Deploying"
	VMDetached    VMStatus = "Detached"
	VMNotFound    VMStatus = "NotFound" // the hypervisor has lost it
)

// VMStatuses are the states this package knows.
func VMStatuses() []VMStatus {
	return []VMStatus{VMPowerOn, VMPowerOff, VMSuspended, VMDeallocated, VMDeploying, VMDetached, VMNotFound}
}

// IsStopped tells whether a machine in this state may be started, reconfigured and destroyed.
func (s VMStatus) IsStopped() bool { return s == VMPowerOff || s == VMDeallocated }

// ServiceLevel says whether the portal may stop a machine to make room (PORTAL.md §5).
type ServiceLevel string

// The service levels.
const (
	Spot      ServiceLevel = "spot"      // cheap, may be stopped by the portal at any time
	Guarantee ServiceLevel = "guarantee" // keeps running
)

// parseServiceLevel takes the words of requests and the Japanese ones of answers.
func parseServiceLevel(s string) ServiceLevel {
	switch s = strings.TrimSpace(s); s {
	case "スポット仮想マシン", "スポットVM":
		return Spot
	case "起動保証仮想マシン", "起動保証VM":
		return Guarantee
	}
	for _, level := range []ServiceLevel{Spot, Guarantee} {
		if strings.EqualFold(s, string(level)) {
			return level
		}
	}
	return ServiceLevel(s)
}

// PackType is the kind of pack that a machine is made of (PORTAL.md §5).
type PackType string

// The pack types.
const (
	PackCPU PackType = "cpu" // 1 core and 1.51 GB of memory each
	PackGPU PackType = "gpu" // 18 cores, 57.60 GB of memory and a GPU each
)

// MaxPacks is how many packs of a type one machine may have, or 0 for a type this package does not know.
func (p PackType) MaxPacks() int {
	switch p {
	case PackCPU:
		return 152
	case PackGPU:
		return 8
	default:
		return 0
	}
}

// OSType is the guest's family (PORTAL.md §5).
type OSType string

// The guest families.
const (
	Linux   OSType = "Linux"
	Windows OSType = "Windows"
)

// StorageNetwork is how a machine reaches the storage network (PORTAL.md §5).
type StorageNetwork string

// The storage network types.
const (
	PortGroup StorageNetwork = "portgroup"
	SRIOV     StorageNetwork = "sr-iov"
	PVRDMA    StorageNetwork = "pvrdma"
)

// parseStorageNetwork takes the words of requests and those of answers, which were seen in other letter
// case and in Japanese. A text that names none of the types is kept as it came.
func parseStorageNetwork(s string) StorageNetwork {
	s = strings.TrimSpace(s)
	letters := strings.NewReplacer("-", "", "_", "", " ", "").Replace(strings.ToLower(s))
	switch {
	case strings.Contains(letters, "portgroup"), strings.Contains(letters, "ポートグループ"):
		return PortGroup
	case strings.Contains(letters, "sriov"):
		return SRIOV
	case strings.Contains(letters, "pvrdma"):
		return PVRDMA
	}
	return StorageNetwork(s)
}
