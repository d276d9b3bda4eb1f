package network

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

func TestPublicAddressesAreSortedByWhatTheyServe(t *testing.T) {
	t.Parallel()
	pool := func(last byte) netip.Addr { return netip.AddrFrom4([4]byte{203, 0, 113, last}) }
	rules := []mdx.DNAT{
		{ID: "b", PoolAddress: pool(13), SegmentName: "default", DstAddress: netip.MustParseAddr("10.0.8.3")},
		{ID: "a", PoolAddress: pool(11), SegmentName: "default", DstAddress: netip.MustParseAddr("10.0.8.1")},
	}
	machines := []*mdx.VM{
		{ID: "vm", Name: "web", ServiceNetworks: []mdx.ServiceNetwork{{GlobalIP: pool(11)}, {}}},
		{ID: "other", Name: "plain"},
	}
	// The second is still said to be free, though a rule has it already.
	model := newGlobalAddresses("project", []netip.Addr{pool(12), pool(11), pool(10)}, rules, machines)
	var free, byDNAT, byVM []string
	for _, a := range model.Free {
		free = append(free, a.ValueString())
	}
	for _, a := range model.ByDNAT {
		byDNAT = append(byDNAT, a.Address.ValueString()+" "+a.DNATID.ValueString())
	}
	for _, a := range model.ByVM {
		byVM = append(byVM, a.Address.ValueString()+" "+a.VMName.ValueString())
	}
	for what, pair := range map[string][2][]string{
		"free":    {free, {"203.0.113.10", "203.0.113.12"}},
		"by DNAT": {byDNAT, {"203.0.113.11 a", "203.0.113.13 b"}},
		"by VM":   {byVM, {"203.0.113.11 web"}},
	} {
		if !slices.Equal(pair[0], pair[1]) {
			t.Errorf("%s: %q, want %q", what, pair[0], pair[1])
		}
	}
}
