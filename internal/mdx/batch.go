package mdx

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"
)

// DefaultBatchWindow is a window for [NewBatcher] that a few questions to the portal fit into, and that nobody
// notices beside the minutes that a deploy takes.
const DefaultBatchWindow = 250 * time.Millisecond

// Batcher deploys machines one by one for those who ask, and in as few requests as the portal's ranges
// allow for the portal (PORTAL.md §5): what is asked for within a window, and is equal but for the name,
// goes out together. It is safe for concurrent use.
type Batcher struct {
	client *Client
	window time.Duration

	mu     sync.Mutex
	queues map[string]*queue
}

// NewBatcher makes a batcher for a client. A request waits for others as long as window says, and goes out
// when nobody came during a whole window, or after ten. With a window of zero or less, every machine has a
// request of its own.
func NewBatcher(client *Client, window time.Duration) *Batcher {
	return &Batcher{client: client, window: window, queues: map[string]*queue{}}
}

// Deployment is a machine that is coming into being.
type Deployment struct {
	VM VMID
	// Task is the deploy's task; empty if the answer to the deploy was lost and the machine was found by
	// its name.
	Task TaskID
}

// Deploy asks for one machine, and answers as soon as the portal tells its id. The name in req is a plain
// one, no range.
//
// What the portal refuses is refused for the machine that is to blame: a range that is refused is asked
// for again name by name. When an answer is lost, the portal is asked for the names, for 100 seconds at
// the default [Config.PollInterval] (PORTAL.md §8), and only what it does not have then is asked for again.
//
// A machine whose making failed may have an id all the same; it comes with the error, a [*TaskError] then.
// The end of ctx ends the wait for a turn. Once the request is sent the id must not be lost, so it is
// waited for a while longer. An error that [IsAmbiguous] knows means that a machine of the name may still
// come into being.
func (b *Batcher) Deploy(ctx context.Context, req DeployRequest) (Deployment, error) {
	name := req.VMName
	if b.window > 0 {
		req.VMName = ""
	}
	key, err := json.Marshal(req)
	if err != nil {
		return Deployment{}, deployError(name, err)
	}
	return b.make(ctx, name, batchOrder{string(key), req.Project, func(ctx context.Context, vmName string) ([]TaskID, error) {
		req.VMName = vmName
		return b.client.deployNow(ctx, req)
	}})
}

// Clone asks for a copy of a machine, as [Batcher.Deploy] does for a new one; the portal makes one at a time.
func (b *Batcher) Clone(ctx context.Context, source VMID, req CloneRequest) (Deployment, error) {
	key := "clone " + string(req.Project) + " " + req.VMName
	return b.make(ctx, req.VMName, batchOrder{key, req.Project, func(ctx context.Context, _ string) ([]TaskID, error) {
		return b.client.cloneNow(ctx, source, req)
	}})
}

// make has a machine of a name made as part of an order.
func (b *Batcher) make(ctx context.Context, name string, o batchOrder) (Deployment, error) {
	if strings.ContainsAny(name, "[]") {
		return Deployment{}, deployError(name, errRange)
	}
	m := &member{name: name, outcome: make(chan outcome, 1)}
	q, err := b.join(ctx, o, m)
	if err != nil {
		return Deployment{}, err
	}
	defer b.leave(q, m)
	var late <-chan time.Time
	for ended := ctx.Done(); ; ended = nil {
		select {
		case o := <-m.outcome:
			return o.Deployment, o.err
		case <-ended:
			if b.withdraw(q, m, ctx.Err()) {
				return Deployment{}, m.withdrawn()
			}
			late = time.After(b.visible())
		case <-late:
			e := deployError(m.name, ctx.Err())
			e.Ambiguous = true
			return Deployment{}, e
		}
	}
}

var (
	errNameInQueue = errors.New("another machine of this name is being deployed: names are unique in a project")
	errRange       = errors.New("a name with brackets is a range, and makes other machines")
)

// deployError is an error about a machine that this package found itself.
func deployError(name string, err error) *Error {
	return &Error{Op: "deploy VM", Object: name, Method: http.MethodPost, Path: deployPath, Err: err}
}

const deployPath = "/api/vm/deploy/"
