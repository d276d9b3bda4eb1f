package mdxsim

import (
	"context"
	"net/netip"
	"sync"
)

// Host is a simulated machine as a [Backend] needs to know it.
type Host struct {
	ID            string       // the VM's id, a UUID: the key of all later calls
	Name          string       // the VM's name at this moment; renames may change it
	LoginUser     string       // the catalog's login user, e.g. mdxuser
	AuthorizedKey string       // the deployed public key, one authorized_keys line; may be empty
	OSName        string       // the catalog's os_name, e.g. Ubuntu
	OSVersion     string       // the catalog's os_version, e.g. 22.04
	TemplateHost  string       // the host name that the template starts out with
	CloneOf       string       // the id of the VM whose disk this one began as; empty after a deploy
	Segment       string       // the name of the segment of the first adapter
	SegmentRange  netip.Prefix // that segment's IPv4 range
}

// Backend gives simulated machines real hosts. Calls for one host come one at a
// time and in order; calls for different hosts come at the same time. Each call
// may take as long as it must: the portal's clock goes on meanwhile, and the
// machine's address shows no sooner than Start returned it. The context ends
// when the simulator closes.
type Backend interface {
	// Start powers a host on, creating it at the first call with this id, and
	// returns the address at which it can be reached from where the simulator
	// runs. It need not wait until services on the host answer. A host that
	// was stopped before comes back with its disk, at the same address if at
	// all possible. An error is what the operator sees as a machine whose
	// address never comes; it shows in [Sim.World] and in the log.
	Start(ctx context.Context, host Host) (netip.Addr, error)
	// Stop powers a host off and keeps its disk. With graceful the guest is
	// asked to shut down; without, the plug is pulled.
	Stop(ctx context.Context, id string, graceful bool) error
	// Reboot restarts a running host; graceful as for Stop. The host keeps its
	// disk and its address.
	Reboot(ctx context.Context, id string, graceful bool) error
	// Destroy removes a host, running or not, and its disk. An unknown id is
	// not an error.
	Destroy(ctx context.Context, id string) error
	// Close removes every host that is left.
	Close() error
}

// hostWorker hands calls to a Backend, in order for each host and at the same
// time for different ones, without the simulator's lock being held.
type hostWorker struct {
	backend Backend
	ctx     context.Context //nolint:containedctx // the life of the simulator, not of a call
	cancel  context.CancelFunc
	mu      sync.Mutex
	queues  map[string][]func(context.Context)
	running sync.WaitGroup
}

func newHostWorker(backend Backend) *hostWorker {
	ctx, cancel := context.WithCancel(context.Background())
	return &hostWorker{backend: backend, ctx: ctx, cancel: cancel, queues: map[string][]func(context.Context){}}
}

// do queues a call for the host with this id.
func (w *hostWorker) do(id string, work func(context.Context)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	queue, busy := w.queues[id]
	w.queues[id] = append(queue, work)
	if !busy {
		w.running.Go(func() { w.drain(id) })
	}
}

func (w *hostWorker) drain(id string) {
	for {
		w.mu.Lock()
		queue := w.queues[id]
		if len(queue) == 0 || w.ctx.Err() != nil {
			delete(w.queues, id)
			w.mu.Unlock()
			return
		}
		w.queues[id] = queue[1:]
		w.mu.Unlock()
		queue[0](w.ctx)
	}
}

// close ends all calls, waits for them and removes what is left.
func (w *hostWorker) close() error {
	w.cancel()
	w.running.Wait()
	return w.backend.Close()
}
