package mdx

import (
	"context"
	"net/http"
)

// VMAddresses is what the portal exports of a machine for address lists (PORTAL.md §5).
type VMAddresses struct {
	Name            string
	ServiceNetworks []ServiceNetwork
	StorageNetworks []StorageNetworkAdapter
}

// VMAddresses asks for a machine's addresses alone (PORTAL.md §5). An error that [IsNotFound] knows is proven where the
// client has listed the machine: its project's list then lacks it too, twice in a row.
func (c *Client) VMAddresses(ctx context.Context, id VMID) (VMAddresses, error) {
	var w wireVM
	err := c.ask(ctx, call{
		op: "read addresses of VM", object: string(id), method: http.MethodGet, path: pathOf("/api/vm/%s/csv/", id),
		kind: kindDetail, roster: c.vmRoster(id),
	}, &w)
	vm := w.vm(id)
	return VMAddresses{Name: vm.Name, ServiceNetworks: vm.ServiceNetworks, StorageNetworks: vm.StorageNetworks}, err
}
