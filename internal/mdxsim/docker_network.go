package mdxsim

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// network is the bridge that the hosts are on.
type network struct {
	prefix netip.Prefix
	next   netip.Addr
}

// registryOffset and firstHostOffset are places in the network: .2 is the registry's, .1 is the bridge's own.
const (
	registryOffset  = 2
	firstHostOffset = 10
)

// fallbackNetworks are tried when the segment's own range is in use on this machine.
func fallbackNetworks() []netip.Prefix {
	var list []netip.Prefix
	for third := range 64 {
		list = append(list, netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 213, byte(third * 4), 0}), 22))
	}
	return list
}

// address takes the next free address, making the network for the first. The first segment's range becomes the
// network's if this machine can have it, so that addresses look as the portal says.
func (b *DockerBackend) address(ctx context.Context, subnet netip.Prefix) (netip.Addr, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.makeNetwork(ctx, subnet); err != nil {
		return netip.Addr{}, err
	}
	address := b.net.next
	if !b.net.prefix.Contains(address.Next()) {
		return netip.Addr{}, fmt.Errorf("the network %s has no address left", b.net.prefix)
	}
	b.net.next = address.Next()
	return address, nil
}

// makeNetwork makes the network if there is none yet. The lock is held.
func (b *DockerBackend) makeNetwork(ctx context.Context, subnet netip.Prefix) error {
	if b.net.prefix.IsValid() {
		return nil
	}
	candidates := fallbackNetworks()
	if subnet.IsValid() && subnet.Addr().Is4() && subnet.Bits() <= 24 {
		candidates = append([]netip.Prefix{subnet.Masked()}, candidates...)
	}
	var errs []error
	for _, prefix := range candidates {
		_, err := b.docker.run(ctx, "network", "create", "--subnet", prefix.String(), b.name("net"))
		if err == nil {
			b.net = network{prefix, offset(prefix, firstHostOffset)}
			return nil
		}
		errs = append(errs, err)
		if ctx.Err() != nil || !strings.Contains(err.Error(), "overlap") && !strings.Contains(err.Error(), "conflict") {
			break
		}
	}
	return errors.Join(errs...)
}

// offset is the n-th address of a network.
func offset(prefix netip.Prefix, n int) netip.Addr {
	address := prefix.Masked().Addr()
	for range n {
		address = address.Next()
	}
	return address
}
