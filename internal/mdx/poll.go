package mdx

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"
)

// Progress is what a wait has learned; see [WithProgress].
type Progress struct {
	// Operation and Object are what is waited for, such as "address of VM" and the machine's name.
	Operation, Object string
	// Percent is the task's progress from 0 to 100, or -1 where there is no task.
	Percent int
	// Status is the portal's own word for the state of the task or machine.
	Status string
	// Elapsed is how long this wait has lasted.
	Elapsed time.Duration
}

// WaitOption changes how a wait goes about it.
type WaitOption func(*waitOptions)

type waitOptions struct {
	progress func(Progress)
	object   string
	pace     Pace
}

// WithProgress has f told whenever there is news. It is called from the goroutine that waits.
func WithProgress(f func(Progress)) WaitOption {
	return func(o *waitOptions) { o.progress = f }
}

// WithObject names what is waited for in progress and errors; without it, the id is all they have.
func WithObject(name string) WaitOption { return func(o *waitOptions) { o.object = name } }

// WithPace fits the rhythm of asking to the operation.
func WithPace(p Pace) WaitOption { return func(o *waitOptions) { o.pace = p } }

// Pace is the rhythm of a wait, in multiples of [Config.PollInterval]: the first pause, and the
// longest that pauses grow to.
type Pace struct{ First, Longest float64 }

// after is the pause that follows one.
func (p Pace) after(interval float64) float64 { return min(interval*1.25, max(p.Longest, p.First)) }

// The paces of the portal's operations.
var (
	// PacePower suits what takes seconds: power, rename, reconfigure, destroy.
	PacePower = Pace{First: 0.4, Longest: 0.8}
	// PaceDeploy suits what takes minutes: deploy, clone, the first address.
	PaceDeploy = Pace{First: 1, Longest: 2}
	// paceAddress is for who is asked by scouts, who find a pace of their own.
	paceAddress = Pace{First: 0.5, Longest: 0.5}
)

// WaitError is a wait that ended before what it waited for: its context was done, or the portal could
// not be asked any more. What was waited for may still go on.
type WaitError struct {
	// Last is what was known at the end.
	Last Progress
	// Err is why the wait ended, such as [context.DeadlineExceeded].
	Err error
}

// Error tells what still runs, and how far it has come.
func (e *WaitError) Error() string {
	status := cmp.Or(e.Last.Status, "nothing heard yet")
	if e.Last.Percent >= 0 {
		status = fmt.Sprintf("%s, %d%%", status, e.Last.Percent)
	}
	return fmt.Sprintf("waited %s for %s %q, which may still go on (%s): %v",
		e.Last.Elapsed.Round(time.Second), e.Last.Operation, e.Last.Object, status, e.Err)
}

// Unwrap returns why the wait ended.
func (e *WaitError) Unwrap() error { return e.Err }

// Poll asks check again and again, at the pace of [PacePower] unless told another, until it is content, and waits for what
// no other wait of this package knows. what and object say in progress and errors what is waited for, such as "DNAT rule for"
// and an address.
//
// An error of check's ends it, but for an outage, which is waited out for five checks in a row: each has its retries already.
// When ctx ends first, the error is a [*WaitError].
func (c *Client) Poll(
	ctx context.Context, what, object string, check func(context.Context) (done bool, err error), opts ...WaitOption,
) error {
	o := newWaiting(what, object, PacePower, opts)
	interval := o.pace.First
	for failures := 0; ; {
		done, err := check(ctx)
		if failures++; err == nil {
			failures = 0
			o.report(c, -1, o.last.Status)
		}
		switch {
		case err != nil && ctx.Err() != nil:
			return o.cut(ctx.Err())
		case done && err == nil, err != nil && (!isOutage(err) || failures == patience):
			return err
		}
		if pause(ctx, c.cfg.units(interval)) != nil {
			return o.cut(errors.Join(ctx.Err(), err))
		}
		interval = o.pace.after(interval)
	}
}

// waiting is a wait under way: what it is for, and what has been told about it.
type waiting struct {
	waitOptions
	start    time.Time
	last     Progress
	reported time.Time
}

func newWaiting(op, object string, pace Pace, opts []WaitOption) *waiting {
	o := waitOptions{object: object, pace: pace}
	for _, opt := range opts {
		opt(&o)
	}
	return &waiting{
		waitOptions: o, start: time.Now(),
		last: Progress{Operation: op, Object: o.object, Percent: -1},
	}
}

// cut is the error of a wait that something put an end to.
func (o *waiting) cut(err error) error {
	o.last.Elapsed = time.Since(o.start)
	return &WaitError{Last: o.last, Err: err}
}

// report passes news on: when something changed, and now and then as a sign of life.
func (o *waiting) report(c *Client, percent int, status string) {
	now := time.Now()
	changed := o.reported.IsZero() || percent != o.last.Percent || status != o.last.Status
	o.last.Percent, o.last.Status, o.last.Elapsed = percent, status, now.Sub(o.start)
	if o.progress != nil && (changed || now.Sub(o.reported) >= 12*c.cfg.PollInterval) {
		o.reported = now
		o.progress(o.last)
	}
}
