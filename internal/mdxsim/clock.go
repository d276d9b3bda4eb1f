package mdxsim

import (
	"container/heap"
	"sync"
	"time"
)

// clock is the portal's time: it starts at the wall's time and runs speed times
// faster, unless it is frozen.
type clock struct {
	mu     sync.Mutex
	speed  float64
	wall   time.Time // wall time at which the portal's clock read base
	base   time.Time
	frozen bool
}

func newClock(speed float64) *clock {
	now := time.Now()
	return &clock{speed: speed, wall: now, base: now.Round(0)}
}

// now is the portal's present.
func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.read()
}

func (c *clock) read() time.Time {
	if c.frozen {
		return c.base
	}
	return c.base.Add(time.Duration(float64(time.Since(c.wall)) * c.speed))
}

// freeze stops the portal's time, thaw lets it go on from there.
func (c *clock) freeze() { c.set(0, true) }
func (c *clock) thaw()   { c.set(0, false) }

// advance moves the portal's time forward by d, frozen or not.
func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	frozen := c.frozen
	c.mu.Unlock()
	c.set(d, frozen)
}

func (c *clock) set(forward time.Duration, frozen bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.base, c.wall, c.frozen = c.read().Add(forward), time.Now(), frozen
}

// onWall says how long d of the portal's time takes on the wall.
func (c *clock) onWall(d time.Duration) time.Duration {
	return time.Duration(float64(d) / c.speed)
}

// event is something that the portal does at a certain moment.
type event struct {
	at  time.Time
	seq int // events of one moment happen in the order in which they were planned
	do  func()
}

// agenda holds what is yet to happen, the soonest first.
type agenda struct {
	events []event
	seq    int
}

func (a *agenda) plan(at time.Time, do func()) {
	a.seq++
	heap.Push(a, event{at: at, seq: a.seq, do: do})
}

// due takes the next event that is due at now off the agenda.
func (a *agenda) due(now time.Time) (event, bool) {
	if len(a.events) == 0 || a.events[0].at.After(now) {
		return event{}, false
	}
	return heap.Pop(a).(event), true //nolint:forcetypeassert // the heap holds nothing else
}

// next is the moment of the soonest event.
func (a *agenda) next() (time.Time, bool) {
	if len(a.events) == 0 {
		return time.Time{}, false
	}
	return a.events[0].at, true
}

// Len, Less, Swap, Push and Pop make the agenda a heap; they are for
// container/heap alone.
func (a *agenda) Len() int { return len(a.events) }

// Less orders by moment, then by the order of planning.
func (a *agenda) Less(i, j int) bool {
	x, y := a.events[i], a.events[j]
	if x.at.Equal(y.at) {
		return x.seq < y.seq
	}
	return x.at.Before(y.at)
}

// Swap exchanges two events.
func (a *agenda) Swap(i, j int) { a.events[i], a.events[j] = a.events[j], a.events[i] }

// Push appends an event.
func (a *agenda) Push(x any) { a.events = append(a.events, x.(event)) } //nolint:forcetypeassert // as above

// Pop removes the last event.
func (a *agenda) Pop() any {
	last := a.events[len(a.events)-1]
	a.events = a.events[:len(a.events)-1]
	return last
}
