package process

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"syscall"
	"time"
)

// block is addresses that one backend has to itself: a.b.c.10 to a.b.c.254, while it listens on a.b.c.9. A host that is
// off has no listener to say that its address is taken, and one that boots says so a moment late.
type block struct {
	claims []net.Listener
	next   netip.Addr // zero: a block is to be claimed
}

// Within a block, by the last byte.
const (
	claimAt = 9
	lastAt  = 254
)

// address is the next that was not given out; the first of another block when one is used up.
func (b *block) address(ctx context.Context) (netip.Addr, error) {
	if !b.next.IsValid() {
		if err := b.claim(ctx); err != nil {
			return netip.Addr{}, err
		}
	}
	address := b.next
	if b.next = address.Next(); address.As4()[3] == lastAt {
		b.next = netip.Addr{}
	}
	return address, nil
}

// claim takes a block that is nobody's, somewhere in 127.64.0.0/10.
func (b *block) claim(ctx context.Context) error {
	for range 1000 {
		at := netip.AddrFrom4([4]byte{127, byte(64 + rand.IntN(64)), byte(rand.IntN(256)), claimAt}) //nolint:gosec // to keep apart, not to be secret
		listener, err := listenOnce(ctx, at, 22)
		switch {
		case err == nil:
			b.claims, b.next = append(b.claims, listener), at.Next()
			return nil
		case errors.Is(err, syscall.EACCES):
			return errors.New("this user may not listen on port 22: run as root, or sysctl net.ipv4.ip_unprivileged_port_start=0")
		case !errors.Is(err, syscall.EADDRINUSE):
			return fmt.Errorf("%w (outside Linux, 127.0.0.0/8 is not the machine's own)", err)
		}
	}
	return errors.New("port 22 is taken on a thousand addresses of 127.64.0.0/10: stop the SSH server that listens on all of them, or " +
		"have it listen on this machine's own address only")
}

// release gives all blocks back.
func (b *block) release() error {
	var failed []error
	for _, claim := range b.claims {
		failed = append(failed, claim.Close())
	}
	b.claims, b.next = nil, netip.Addr{}
	return errors.Join(failed...)
}

// listen listens on an address of a host. A program that is just being started, for whatever host, has a copy of every
// socket of this process until it is executed, so a port that was given up a moment ago may be in use a moment longer.
func listen(ctx context.Context, address netip.Addr, port int) (net.Listener, error) {
	const most, tick = 10 * time.Second, 2 * time.Millisecond
	for end := time.Now().Add(most); ; {
		listener, err := listenOnce(ctx, address, port)
		if !errors.Is(err, syscall.EADDRINUSE) || time.Now().After(end) || !pause(ctx, tick) {
			return listener, err
		}
	}
}

func listenOnce(ctx context.Context, address netip.Addr, port int) (net.Listener, error) {
	return new(net.ListenConfig).Listen(ctx, "tcp", netip.AddrPortFrom(address, uint16(port)).String()) //nolint:gosec // ports are checked where they are read
}
