package mdxsim_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

// recorder is a backend that writes down what it is asked.
type recorder struct {
	mu    sync.Mutex
	asked []string
	host  mdxsim.Host
	fail  error
	gate  chan struct{} // Start waits for it to be closed
}

func (r *recorder) note(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked = append(r.asked, text)
}

func (r *recorder) seen(want ...string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Equal(r.asked, want)
}

func (r *recorder) Start(ctx context.Context, host mdxsim.Host) (netip.Addr, error) {
	if r.gate != nil {
		select {
		case <-r.gate:
		case <-ctx.Done():
			return netip.Addr{}, ctx.Err()
		}
	}
	r.note("start " + host.Name)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.host = host
	return netip.MustParseAddr("127.0.7.1"), r.fail
}

func (r *recorder) Stop(_ context.Context, _ string, graceful bool) error {
	r.note(fmt.Sprint("stop ", graceful))
	return nil
}

func (r *recorder) Reboot(_ context.Context, _ string, graceful bool) error {
	r.note(fmt.Sprint("reboot ", graceful))
	return nil
}

func (r *recorder) Destroy(context.Context, string) error { r.note("destroy"); return nil }
func (r *recorder) Close() error                          { r.note("close"); return nil }

// empty is a world in which nothing runs yet.
func empty(cfg mdxsim.Config, backend mdxsim.Backend) mdxsim.Config {
	cfg.World, cfg.Backend = crowd(0), backend
	return cfg
}

// Every power cycle reaches the host, in order, and its address is the
// machine's.
func TestBackendFollowsTheMachine(t *testing.T) {
	r := new(recorder)
	p := frozen(t, empty(fast(), r))
	p.post("/api/vm/deploy/", deployBody("a", nil)).must(202)
	p.Advance(10 * time.Minute)
	want := []string{"start a"}
	eventually(t, func() bool { return r.seen(want...) })
	id := p.vmNamed("a")["uuid"].(string)
	eventually(t, func() bool { return fmt.Sprint(p.addresses(id)) == "[127.0.7.1]" })
	if r.host.ID != id || r.host.LoginUser != "mdxuser" || r.host.AuthorizedKey != "ssh-ed25519 AAAA test" ||
		r.host.Segment != "default" || r.host.OSVersion != "22.04" {
		t.Errorf("host: %+v", r.host)
	}
	for operation, call := range map[string][]string{
		"reboot": {"reboot true"}, "reset": {"reboot false"},
		"shutdown": {"stop true"}, "power_off": {"stop false"},
	} {
		want = append(want, call...)
		p.post("/api/vm/"+id+"/"+operation+"/", nil).must(202)
		p.Advance(10 * time.Minute)
		if operation == "shutdown" || operation == "power_off" {
			want = append(want, "start a")
			p.post("/api/vm/"+id+"/power_on/", map[string]any{"service_level": "spot"}).must(202)
			p.Advance(10 * time.Minute)
		}
		eventually(t, func() bool { return r.seen(want...) })
		eventually(t, func() bool { return fmt.Sprint(p.addresses(id)) == "[127.0.7.1]" })
	}
	if err := p.Sleep("a"); err != nil {
		t.Fatal(err)
	}
	p.post("/api/vm/"+id+"/destroy/", nil).must(202)
	p.Advance(10 * time.Minute)
	want = append(want, "stop false", "destroy")
	eventually(t, func() bool { return r.seen(want...) })
}

// The address shows no sooner than the host has one.
func TestSlowHost(t *testing.T) {
	r := &recorder{gate: make(chan struct{})}
	p := frozen(t, empty(fast(), r))
	id := p.deployed("a")
	if address, shown := p.addressOf(id); shown {
		t.Fatalf("address: %s", address)
	}
	close(r.gate)
	eventually(t, func() bool { return fmt.Sprint(p.addresses(id)) == "[127.0.7.1]" })
}

// A machine that is reset while its host still boots shows its address all the
// same.
func TestResetOfASlowHost(t *testing.T) {
	r := &recorder{gate: make(chan struct{})}
	p := frozen(t, empty(fast(), r))
	id := p.deployed("a")
	p.post("/api/vm/"+id+"/reset/", nil).must(202)
	p.Advance(10 * time.Minute)
	if address, shown := p.addressOf(id); shown {
		t.Fatalf("address: %s", address)
	}
	close(r.gate)
	eventually(t, func() bool { return fmt.Sprint(p.addresses(id)) == "[127.0.7.1]" })
}

// A host that does not start is a machine whose address never comes; the world
// says why.
func TestHostThatDoesNotStart(t *testing.T) {
	r := &recorder{fail: errors.New("no room")}
	p := frozen(t, empty(fast(), r))
	id := p.deployed("a")
	eventually(t, func() bool { return p.World().Organisations[0].Projects[0].VMs[0].HostError == "no room" })
	if address, shown := p.addressOf(id); shown {
		t.Errorf("address: %s", address)
	}
}

// With hosts behind it, things happen at their time though nobody asks.
func TestHostsNeedNoRequests(t *testing.T) {
	r := new(recorder)
	p := serve(t, empty(fast(), r))
	p.post("/api/vm/deploy/", deployBody("a", nil)).must(202)
	eventually(t, func() bool { return r.seen("start a") })
}

// Closing ends what a backend is still at.
func TestCloseEndsWhatRuns(t *testing.T) {
	r := &recorder{gate: make(chan struct{})}
	sim, err := mdxsim.New(empty(fast(), r))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sim.Start(t.Context(), "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	if err := sim.Close(); err != nil {
		t.Fatal(err)
	}
	if !r.seen("close") {
		t.Errorf("asked: %q", r.asked)
	}
}
