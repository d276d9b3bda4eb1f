package mdx

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"
)

// Recorder is told of every request that makes machines, before it is sent and after it was answered, so that a
// record outside of the process can tell what a process that was killed had asked for. See [Config.Recorder].
type Recorder interface {
	// Begin is told what is about to be sent. If it answers an error, nothing is sent.
	Begin(Order) (Record, error)
}

// Record is what a [Recorder] has written about one request. One of its methods is called when the request is over.
type Record interface {
	// Accepted is told that the portal took the request, and its tasks.
	Accepted([]TaskID) error
	// Withdraw is told that nothing came of the request for certain.
	Withdraw() error
	// Lost is told that nobody knows whether the portal took the request.
	Lost() error
}

// Order is what a deploy or a clone asks for.
type Order struct {
	// Operation is "deploy VM" or "clone VM".
	Operation string
	Project   ProjectID
	// Names are the machines' names: several if a range is asked for.
	Names []string
	// Digest is that of the request: see [DeployRequest.Digest].
	Digest string
	// Asked is the present, by the portal's clock as far as it is known.
	Asked time.Time
}

// Digest is the same for requests that are equal but for the name.
func (r DeployRequest) Digest() string {
	r.VMName = ""
	return digestOf(r)
}

// Digest is the same for requests that are equal but for the name. A clone of another source is another request.
func (r CloneRequest) Digest(source VMID) string {
	r.VMName = ""
	return digestOf(struct {
		Source VMID
		CloneRequest
	}{source, r})
}

func digestOf(request any) string {
	text, err := json.Marshal(request)
	if err != nil { // no type of this package's
		text = fmt.Append(nil, request)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16])
}

// makeVMs sends a deploy or a clone, and has it recorded. It is the caller's turn in the project.
//
// What is sent is waited for although ctx may end: the answer has the ids without which a machine is lost. One
// attempt is bounded by [Config.RequestTimeout].
func (c *Client) makeVMs(ctx context.Context, o Order, r call) ([]TaskID, error) {
	r.method = http.MethodPost
	if err := ctx.Err(); err != nil {
		return nil, r.failed(err)
	}
	if c.cfg.Recorder == nil {
		return c.post(context.WithoutCancel(ctx), r)
	}
	o.Operation, o.Asked = r.op, c.clock.now()
	record, err := c.cfg.Recorder.Begin(o)
	if err != nil {
		return nil, fmt.Errorf("%s %q: %w", r.op, r.object, err) // no Error: the portal was not asked
	}
	tasks, err := c.post(context.WithoutCancel(ctx), r)
	var failed error
	switch {
	case err == nil:
		failed = record.Accepted(tasks)
	case IsAmbiguous(err):
		failed = record.Lost()
	default:
		failed = record.Withdraw()
	}
	if failed != nil {
		c.log.write(ctx, LogWarn, "the record of a request could not be completed", map[string]any{
			"operation": r.op, "name": r.object, "error": failed.Error(),
		})
	}
	return tasks, err
}

// namesOf are the machines that a deploy name makes.
func namesOf(vmName string) []string {
	names, err := ExpandNames(vmName)
	if err != nil {
		return []string{vmName} // the portal will say what it thinks of it
	}
	return names
}

// Now is the portal's present, as far as it has told: see [Order.Asked].
func (c *Client) Now() time.Time { return c.clock.now() }

// portalClock is the portal's time, as its answers tell it: histories are written by that clock, and this machine's
// may be wrong, or jump.
type portalClock struct {
	ahead atomic.Int64 // of this machine's monotonic clock since start, in nanoseconds
	start time.Time
}

func newPortalClock() *portalClock { return &portalClock{start: time.Now()} }

// hear takes the time from an answer, if it has one.
func (p *portalClock) hear(answer http.Header) {
	if date, err := http.ParseTime(answer.Get("Date")); err == nil {
		p.ahead.Store(int64(date.Sub(p.start.Round(0)) - time.Since(p.start)))
	}
}

// now is the portal's present in UTC: this machine's as long as the portal has not told its own.
func (p *portalClock) now() time.Time {
	return p.start.Round(0).Add(time.Since(p.start) + time.Duration(p.ahead.Load())).UTC()
}
