package process

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"sync"

	"mvdan.cc/sh/v3/expand"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

// Backend is an [mdxsim.Backend].
type Backend struct {
	mu    sync.Mutex
	hosts map[string]*host
	block block

	// Heard, if set before the first host starts, hears of every command and every request to dockerd before it is
	// carried out. It must not call the backend.
	Heard func(what string)

	life context.Context //nolint:containedctx // the life of the backend, not of a call
	end  context.CancelFunc
	jobs sync.WaitGroup // reboots under way
}

var _ mdxsim.Backend = (*Backend)(nil)

// New makes a backend without hosts. Their addresses are in 127.64.0.0/10, in blocks that no other backend on the machine
// has at the same time.
func New() *Backend {
	life, end := context.WithCancel(context.Background())
	return &Backend{hosts: map[string]*host{}, life: life, end: end}
}

// Start boots a host, making it at the first call with its id.
func (b *Backend) Start(ctx context.Context, described mdxsim.Host) (netip.Addr, error) {
	b.mu.Lock()
	h := b.hosts[described.ID]
	source := b.hosts[described.CloneOf]
	b.mu.Unlock()
	if h == nil {
		var err error
		if h, err = newHost(b, described, source); err != nil {
			return netip.Addr{}, err
		}
		b.mu.Lock()
		b.hosts[described.ID] = h
		b.mu.Unlock()
	}
	if err := h.powerOn(ctx); err != nil {
		return netip.Addr{}, err
	}
	return h.where(), nil
}

// Stop powers a host off.
func (b *Backend) Stop(_ context.Context, id string, _ bool) error {
	if h := b.host(id); h != nil {
		h.powerOff()
	}
	return nil
}

// Reboot restarts a host that runs.
func (b *Backend) Reboot(ctx context.Context, id string, _ bool) error {
	h := b.host(id)
	if h == nil {
		return fmt.Errorf("no host %s", id)
	}
	h.powerOff()
	return h.powerOn(ctx)
}

// Destroy removes a host and its folder.
func (b *Backend) Destroy(_ context.Context, id string) error {
	b.mu.Lock()
	h := b.hosts[id]
	delete(b.hosts, id)
	b.mu.Unlock()
	if h == nil {
		return nil
	}
	h.mu.Lock()
	h.gone = true
	h.mu.Unlock()
	h.powerOff()
	return os.RemoveAll(h.root)
}

// Containers lists the ids of the containers that a host's dockerd has, running or not; none of a host that is unknown.
func (b *Backend) Containers(id string) (ids []string) {
	h := b.host(id)
	if h == nil {
		return nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, c := range h.docker.containers {
		ids = append(ids, c.ID)
	}
	return ids
}

// hear tells who listens.
func (b *Backend) hear(what string) {
	if b.Heard != nil {
		b.Heard(what)
	}
}

// Close removes every host.
func (b *Backend) Close() error {
	b.end()
	b.jobs.Wait()
	b.mu.Lock()
	var ids []string
	for id := range b.hosts {
		ids = append(ids, id)
	}
	b.mu.Unlock()
	var failed []error
	for _, id := range ids {
		failed = append(failed, b.Destroy(context.Background(), id))
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return errors.Join(append(failed, b.block.release())...)
}

// Exec runs a shell script on a host, as root, past its sshd: for tests that look at a host from within, or break
// something there. It gives what the script wrote to standard output; one that fails is an error with its last words.
func (b *Backend) Exec(ctx context.Context, id, script string) (string, error) {
	h := b.host(id)
	if h == nil {
		return "", fmt.Errorf("no host %s", id)
	}
	var out, complaints bytes.Buffer
	sh := h.shell("root")
	p := &process{dir: "/", env: expand.ListEnviron(sh.environ()...), stdin: strings.NewReader(""), stdout: &out, stderr: &complaints}
	if code := sh.run(ctx, p, script); code != 0 {
		return out.String(), fmt.Errorf("exit code %d: %s", code, strings.TrimSpace(complaints.String()))
	}
	return strings.TrimSpace(out.String()), nil
}

func (b *Backend) host(id string) *host {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.hosts[id]
}

// answers says whether a host with this address runs, as ping would.
func (b *Backend) answers(address string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, h := range b.hosts {
		h.mu.Lock()
		here := h.on && h.address.String() == address
		h.mu.Unlock()
		if here {
			return true
		}
	}
	return false
}

// freeAddress finds an address that no host has.
func (b *Backend) freeAddress(ctx context.Context) (netip.Addr, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.block.address(ctx)
}
