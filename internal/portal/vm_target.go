package portal

import (
	"net/netip"
	"time"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// VMTarget is a VM that the portal has, and how it is to be run.
type VMTarget struct {
	Project mdx.ProjectID
	ID      mdx.VMID
	Name    string
	// Running tells whether it is to be on.
	Running bool
	// ServiceLevel is taken by the portal when it starts a VM (PORTAL.md §5).
	ServiceLevel mdx.ServiceLevel
	// WaitForAddress tells whether a VM that runs is to have its first address before it counts as up.
	WaitForAddress bool
	// ShutdownTimeout is how long the guest has to shut itself down before its power is cut.
	ShutdownTimeout time.Duration
	// LastAddresses and LastNetworks, the same adapter by adapter, are what a VM that is off had last: it may tell none.
	LastAddresses []netip.Addr
	LastNetworks  []mdx.ServiceNetwork
	// OnRulesRemoved, if set, hears which rules went with an address that the VM gave up.
	OnRulesRemoved func(removed []string)
}

func (t VMTarget) named() mdx.WaitOption { return mdx.WithObject(t.Name) }

// IsRunning tells whether a VM is on.
func IsRunning(vm mdx.VMSummary) bool { return vm.Status == mdx.VMPowerOn }

func isStopped(vm mdx.VMSummary) bool { return vm.Status.IsStopped() }
