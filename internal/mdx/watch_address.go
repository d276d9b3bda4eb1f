package mdx

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// scouting finds addresses with few requests. Only a machine's detail has them, and no request asks for
// many details; but machines that were started together get their addresses together. So a few are
// asked, the scouts, and the rest only once they have been on for as long as it took a scout to get its
// address.
//
// A hundred machines whose addresses come within a minute cost 600 requests, each 11 s late, where asking each machine after
// two minutes, and every minute then, costs 573 and is 25 s late. It pays for more machines, and for addresses that come late:
// 1,175 requests and not 1,639 for 300, and 1,190 and not 2,050 if they take 18 to 20 minutes (TestScoutsPay).
type scouting struct {
	candidates map[VMID]*candidate
	// takes is how long after power-on addresses come, as far as known; negative if it is not.
	takes  time.Duration
	next   time.Time // when it is worth asking again
	rounds int
}

// candidate is a machine that waits for its address.
type candidate struct {
	id      VMID
	onSince time.Time // first seen on
	asked   time.Time // zero if never
	misses  int       // asked when it should have had an address
}

func (s *candidate) age(now time.Time) time.Duration { return now.Sub(s.onSince) }

// How long after power-on, in poll intervals, scouts are asked every poll interval, and twice as often; before that, every
// other one. Addresses come minutes after power-on (PORTAL.md §8), and what is late by then is late for all.
const (
	addressesMayCome = 24
	addressesAreDue  = 48
)

// ask answers the details of those machines that now have an address, out of those that members wait for.
// When a scout has its address, those that started with it are asked at once.
func (s *scouting) ask(
	ctx context.Context, c *Client, vms []VMSummary, members []*waiter,
) (map[VMID]*VM, error) {
	now, unit := time.Now(), c.cfg.PollInterval
	s.update(now, vms, members)
	found := map[VMID]*VM{}
	chosen := s.ripe(now, unit)
	if !now.Before(s.next) {
		chosen, s.next = s.choose(now, unit), now.Add(s.pause(now, unit))
	}
	for ; len(chosen) > 0; chosen = s.ripe(now, unit) {
		details, err := readDetails(ctx, c, chosen)
		if err != nil {
			return nil, err
		}
		s.learn(now, unit, chosen, details)
		maps.Copy(found, details)
	}
	return found, nil
}

// pause is how long until scouts are asked again, but for half a round, which may come a little early.
func (s *scouting) pause(now time.Time, unit time.Duration) time.Duration {
	oldest := time.Duration(0)
	for _, v := range s.candidates {
		oldest = max(oldest, v.age(now))
	}
	switch {
	case s.takes < 0 && oldest >= addressesAreDue*unit:
		return 0
	case s.takes >= 0 || oldest >= addressesMayCome*unit:
		return unit - unit/4
	default:
		return 2*unit - unit/4
	}
}

// unseen tells whether somebody waits for a machine that was not on when it was last looked at.
func (s *scouting) unseen(members []*waiter) bool {
	return slices.ContainsFunc(members, func(m *waiter) bool { return s.candidates[m.vm] == nil })
}

// update keeps the candidates to those machines that are waited for and on.
func (s *scouting) update(now time.Time, vms []VMSummary, members []*waiter) {
	wanted := map[VMID]bool{}
	for _, m := range members {
		wanted[m.vm] = true
	}
	kept := map[VMID]*candidate{}
	for _, vm := range vms {
		if !wanted[vm.ID] || vm.Status != VMPowerOn {
			continue
		}
		kept[vm.ID] = s.candidates[vm.ID]
		if kept[vm.ID] == nil {
			kept[vm.ID] = &candidate{id: vm.ID, onSince: now}
		}
	}
	if len(s.candidates) == 0 {
		s.takes = -1 // what held for others, before, need not hold now
	}
	s.candidates = kept
}

// choose picks the machines to ask: all that should have an address by now, and scouts among the rest. One
// scout is of those that have been on the longest, since they get their addresses first. Now and then
// another is any that has been on for long and was not asked for long, so that no machine that never gets
// an address stands in the way of those that came after it.
func (s *scouting) choose(now time.Time, unit time.Duration) []*candidate {
	chosen := s.ripe(now, unit)
	var rest []*candidate
	for _, v := range s.candidates {
		if !s.isDue(v, now) {
			rest = append(rest, v)
		}
	}
	if len(rest) == 0 {
		return chosen
	}
	first := slices.MinFunc(rest, func(a, b *candidate) int {
		return cmp.Or(a.onSince.Compare(b.onSince), a.asked.Compare(b.asked), cmp.Compare(a.id, b.id))
	})
	chosen = append(chosen, first)
	rest = slices.DeleteFunc(rest, func(v *candidate) bool { return v.onSince.Equal(first.onSince) })
	if s.rounds++; len(rest) == 0 || s.rounds%2 == 0 {
		return chosen
	}
	return append(chosen, slices.MaxFunc(rest, func(a, b *candidate) int {
		return cmp.Or(cmp.Compare(a.promise(now, unit), b.promise(now, unit)), cmp.Compare(b.id, a.id))
	}))
}

// ripe are the machines that should have an address by now, but for those that were asked in vain lately.
func (s *scouting) ripe(now time.Time, unit time.Duration) []*candidate {
	var ripe []*candidate
	for _, v := range s.candidates {
		if s.isDue(v, now) && !v.asked.Equal(now) && (v.misses == 0 || now.Sub(v.asked) >= min(unit<<min(v.misses-1, 4), 12*unit)) {
			ripe = append(ripe, v)
		}
	}
	return ripe
}

func (s *scouting) isDue(v *candidate, now time.Time) bool {
	return s.takes >= 0 && v.age(now) >= s.takes
}

func (s *candidate) promise(now time.Time, unit time.Duration) float64 {
	since := s.age(now) + 100*unit
	if !s.asked.IsZero() {
		since = now.Sub(s.asked)
	}
	return (s.age(now) + unit).Seconds() * since.Seconds()
}

// learn draws conclusions about how long addresses take.
func (s *scouting) learn(now time.Time, unit time.Duration, chosen []*candidate, details map[VMID]*VM) {
	hits, misses := 0, 0
	var oldestMiss time.Duration
	before := s.takes
	for _, v := range chosen {
		v.asked = now
		age := v.age(now)
		if details[v.id] != nil {
			hits++
			if s.takes < 0 || age < s.takes {
				s.takes = age
			}
			continue
		}
		if before >= 0 && age >= before {
			v.misses++
			misses++
			oldestMiss = max(oldestMiss, age)
		}
	}
	if misses > hits { // it was not the rule after all
		s.takes = oldestMiss + unit
	}
}

// readDetails reads details side by side, and keeps those that have an address. A machine whose detail
// is denied for now (PORTAL.md §8) has none.
func readDetails(ctx context.Context, c *Client, chosen []*candidate) (map[VMID]*VM, error) {
	found := map[VMID]*VM{}
	var mu sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(maxDetails)
	for _, v := range chosen {
		group.Go(func() error {
			vm, err := c.detail(ctx, v.id)
			if IsNotFound(err) {
				return nil
			}
			if err != nil {
				return err
			}
			if vm.IPv4().IsValid() {
				mu.Lock()
				found[v.id] = vm
				mu.Unlock()
			}
			return nil
		})
	}
	return found, group.Wait()
}
