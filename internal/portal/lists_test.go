package portal

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// slowList is a list that takes a second to read, and counts how often it was read.
type slowList struct{ reads atomic.Int32 }

func (l *slowList) read(ctx context.Context) ([]int, error) {
	select {
	case <-time.After(time.Second):
		return []int{int(l.reads.Add(1))}, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func TestManyWhoNeedAListAtOnceShareFewReadings(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var lists sharedLists[int]
		var portal slowList
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() {
				if _, err := lists.get(t.Context(), "a", 0, portal.read); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		// Who comes while a reading is under way can't know that it began early enough, and shares the next.
		if got := portal.reads.Load(); got > 2 {
			t.Errorf("%d readings for 100 who asked at once, want 2 at most", got)
		}
	})
}

func TestAListIsNeverOlderThanAskedNorThanTheLastChange(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var lists sharedLists[int]
		var portal slowList
		get := func(age time.Duration) int {
			t.Helper()
			items, err := lists.get(t.Context(), "a", age, portal.read)
			if err != nil {
				t.Fatal(err)
			}
			return items[0]
		}
		first := get(0)
		if got := get(time.Minute); got != first {
			t.Errorf("a list of a second ago was read again")
		}
		if got := get(0); got == first {
			t.Errorf("a list as it is now was answered from memory")
		}
		latest := get(time.Minute)
		lists.changed("a")
		if got := get(time.Minute); got == latest {
			t.Errorf("a list from before a change was answered from memory")
		}
		latest = get(time.Minute)
		<-time.After(2 * time.Minute)
		if got := get(time.Minute); got == latest {
			t.Errorf("a list of two minutes ago was answered for one of a minute")
		}
	})
}

func TestAReadingThatBeganBeforeAChangeDoesNotCount(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var lists sharedLists[int]
		var portal slowList
		var early sync.WaitGroup
		early.Go(func() { _, _ = lists.get(t.Context(), "a", time.Hour, portal.read) })
		synctest.Wait()
		<-time.After(time.Millisecond)
		lists.changed("a")
		items, err := lists.get(t.Context(), "a", time.Hour, portal.read)
		if err != nil || items[0] != 2 {
			t.Errorf("got reading %v (%v), want the second, which began after the change", items, err)
		}
		early.Wait()
	})
}

func TestAnErrorIsSharedButNotSomebodyElsesCancellation(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var lists sharedLists[int]
		var portal slowList
		leader, giveUp := context.WithCancel(t.Context())
		var all sync.WaitGroup
		all.Go(func() {
			if _, err := lists.get(leader, "a", time.Hour, portal.read); !errors.Is(err, context.Canceled) {
				t.Errorf("the one who gave up got %v", err)
			}
		})
		synctest.Wait()
		all.Go(func() {
			if _, err := lists.get(t.Context(), "a", time.Hour, portal.read); err != nil {
				t.Errorf("another's cancellation became mine: %v", err)
			}
		})
		synctest.Wait()
		giveUp()
		all.Wait()

		down := errors.New("the portal is down")
		var asked atomic.Int32
		for range 10 {
			all.Go(func() {
				_, err := lists.get(t.Context(), "b", time.Hour, func(context.Context) ([]int, error) {
					<-time.After(time.Second)
					asked.Add(1)
					return nil, down
				})
				if !errors.Is(err, down) {
					t.Errorf("got %v, want the portal's error", err)
				}
			})
		}
		all.Wait()
		if got := asked.Load(); got != 1 {
			t.Errorf("a portal that is down was asked %d times by ten who came at once", got)
		}
	})
}

func TestOnlyOneClaimsAThing(t *testing.T) {
	t.Parallel()
	var c claims
	var won atomic.Int32
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if c.take("203.0.113.10") {
				won.Add(1)
			}
		})
	}
	all.Wait()
	if won.Load() != 1 {
		t.Errorf("%d have it", won.Load())
	}
	c.release("203.0.113.10")
	if !c.take("203.0.113.10") {
		t.Error("what was given back can't be taken")
	}
}
