package mdx

import (
	"context"
	"errors"
	"time"
)

// Change is a change whose answer may get lost, and how to find out then what came of it: a change that may have been
// carried out is not sent again before the portal has been asked (PORTAL.md §8). What it makes is a T: an id, tasks, a rule.
type Change[T any] struct {
	// What and Object name it in errors and progress, such as "DNAT rule for" and an address.
	What, Object string
	// Send sends it once.
	Send func(context.Context) (T, error)
	// Look tells whether the portal shows it, and what it has made. It is to look at lists that prove an absence. An error that
	// is no outage, such as that somebody else has taken the address, is the end.
	Look func(context.Context) (made T, shown bool, err error)

	// Doubtful tells of an error of Send's that it leaves open whether the change was carried out; [IsAmbiguous] if nil.
	Doubtful func(error) bool
	// Sends is how often it is sent at most; three times if zero, without end if it is Repeatable.
	Sends int
	// ShowsWithin is how long after a lost answer the change may take to show. If zero, it is [Config.RequestTimeout], for
	// which the portal may have it in its hands, and ten poll intervals.
	ShowsWithin time.Duration
	// Repeatable is set where sending it twice does no harm, as a removal. It is then sent again as long as a look does not
	// show it.
	Repeatable bool
	// Await has an accepted change be waited for until it shows, as long as ctx lasts.
	Await bool
}

// Do sends the change and answers what it has made. If the answer leaves open what became of it, the portal is looked at for
// as long as it may take to show, and only what it does not show by then is sent again.
//
// A refusal is answered as it came. One that follows a lost answer may be due to what that had made, so it counts only once
// nothing shows, and is joined with it. Where nobody knows in the end, the error is one that [IsAmbiguous] knows, or
// that Doubtful does; when ctx ends, it is also a [*WaitError].
func (ch Change[T]) Do(ctx context.Context, c *Client, opts ...WaitOption) (T, error) {
	var none T
	var lost error
	for sent := 1; ; sent++ {
		made, err := ch.Send(ctx)
		doubtful := err != nil && ch.doubts(err)
		switch {
		case err == nil && !ch.Await:
			return made, nil
		case err != nil && !doubtful && lost == nil:
			return none, err
		case err != nil:
			lost = errors.Join(err, lost)
		}
		made, shown, lookErr := ch.look(ctx, c, err == nil, opts)
		_, cut := errors.AsType[*WaitError](lookErr)
		switch {
		case lookErr != nil && (cut || isOutage(lookErr)):
			return none, errors.Join(lookErr, lost)
		case lookErr != nil:
			return none, lookErr
		case shown:
			return made, nil
		case !doubtful || sent == ch.most():
			return none, lost
		}
		if ch.Repeatable && pause(ctx, c.cfg.units(PacePower.First)) != nil {
			return none, errors.Join(newWaiting(ch.What, ch.Object, PacePower, opts).cut(ctx.Err()), lost)
		}
	}
}

func (ch Change[T]) doubts(err error) bool {
	if ch.Doubtful != nil {
		return ch.Doubtful(err)
	}
	return IsAmbiguous(err)
}

func (ch Change[T]) most() int {
	const most = 3
	if ch.Sends == 0 && !ch.Repeatable {
		return most
	}
	return ch.Sends // zero is never reached
}

// look waits until the change shows: for ever if it was accepted, else for as long as it may take. The look that decides
// begins when that is over.
func (ch Change[T]) look(ctx context.Context, c *Client, accepted bool, opts []WaitOption) (made T, shown bool, err error) {
	const settling = 10 // poll intervals in which a list shows what there is
	settled, within := c.cfg.units(settling), ch.ShowsWithin
	if within == 0 {
		within = c.cfg.RequestTimeout + settled
	}
	start, until := time.Now(), c.Now().Add(within)
	err = c.Poll(ctx, ch.What, ch.Object, func(ctx context.Context) (bool, error) {
		late := ch.Repeatable || !c.Now().Before(until) && time.Since(start) >= min(settled, within)
		var err error
		made, shown, err = ch.Look(ctx)
		return err == nil && (shown || late && !accepted), err
	}, opts...)
	return made, shown, err
}
