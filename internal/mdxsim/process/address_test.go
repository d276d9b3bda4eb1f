package process

import (
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"
)

// first is a block's first address; where this user may not listen there, the test is skipped.
func first(t *testing.T, b *block) netip.Addr {
	t.Helper()
	address, err := b.address(t.Context())
	if err != nil && strings.Contains(err.Error(), "port 22") && os.Getenv("MDX_TEST_NOSKIP") == "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return address
}

func TestBlocksOfAddressesAreNobodyElses(t *testing.T) {
	owner := map[netip.Addr]int{}
	var blocks [20]block
	for i := range blocks {
		for range 300 { // more than a block has
			address := first(t, &blocks[i])
			at := address.As4()
			at[3] = 0
			if other, taken := owner[netip.AddrFrom4(at)]; taken && other != i {
				t.Errorf("%s is in a block of %d and of %d", address, other, i)
			}
			owner[netip.AddrFrom4(at)] = i
		}
		if len(blocks[i].claims) != 2 {
			t.Errorf("%d blocks for 300 addresses", len(blocks[i].claims))
		}
	}
	for i := range blocks {
		if err := blocks[i].release(); err != nil {
			t.Error(err)
		}
	}
}

func TestABlockThatIsClaimedIsTaken(t *testing.T) {
	var mine, next block
	at := first(t, &mine).As4()
	at[3] = claimAt
	if listener, err := listenOnce(t.Context(), netip.AddrFrom4(at), 22); err == nil {
		_ = listener.Close()
		t.Error("others could claim it")
	}
	if err := mine.release(); err != nil {
		t.Fatal(err)
	}
	listener, err := listen(t.Context(), netip.AddrFrom4(at), 22)
	if err != nil {
		t.Fatal("released, and still taken: ", err)
	}
	_ = listener.Close()
	if err := next.release(); err != nil {
		t.Error("nothing to release: ", err)
	}
}

// Until it is executed, a program that another host starts has a copy of a socket that is closed meanwhile.
func TestAPortThatWasGivenUpAMomentAgoIsWaitedFor(t *testing.T) {
	var mine block
	address := first(t, &mine)
	before, err := listenOnce(t.Context(), address, 22)
	if err != nil {
		t.Fatal(err)
	}
	held, err := before.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	if err := before.Close(); err != nil {
		t.Fatal(err)
	}
	if again, err := listenOnce(t.Context(), address, 22); err == nil {
		_ = again.Close()
		t.Fatal("a copy of a socket does not keep its port")
	}
	time.AfterFunc(50*time.Millisecond, func() { _ = held.Close() })
	again, err := listen(t.Context(), address, 22)
	if err != nil {
		t.Fatal(err)
	}
	_ = again.Close()
	if err := mine.release(); err != nil {
		t.Error(err)
	}
}
