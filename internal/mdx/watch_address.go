package mdx

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// scouting finds addresses with few requests. Only a machine's detail has them, and no request asks for
// many details; but machines that were started together get their addresses together. So a few are
// asked, the scouts, and the rest only once they have been on for as long as it took a scout to get its
// address.
type scouting struct {
	candidates map[VMID]*candidate
	// takes is how long after power-on addresses come, as far as known; negative if it is not.
	takes time.Duration
}

// candidate is a machine that waits for its address.
type candidate struct {
	id      VMID
	onSince time.Time // first seen on
	asked   time.Time // zero if never
	misses  int       // asked when it should have had an address
}

func (s *candidate) age(now time.Time) time.Duration { return now.Sub(s.onSince) }

// ask answers the details of those machines that now have an address, out of those that members wait for.
func (s *scouting) ask(
	ctx context.Context, c *Client, vms []VMSummary, members []*waiter,
) (map[VMID]*VM, error) {
	now := time.Now()
	s.update(now, vms, members)
	chosen := s.choose(now, c.cfg.PollInterval)
	details, err := readDetails(ctx, c, chosen)
	if err != nil {
		return nil, err
	}
	s.learn(now, c.cfg.PollInterval, chosen, details)
	return details, nil
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

// scoutsFor is how many are asked while nothing is known.
func scoutsFor(candidates int) int {
	switch {
	case candidates <= 10:
		return 1
	case candidates <= 50:
		return 2
	default:
		return 3
	}
}

// choose picks the machines to ask: all that should have an address by now, and scouts among the rest.
func (s *scouting) choose(now time.Time, unit time.Duration) []*candidate {
	var ripe, rest []*candidate
	for _, v := range s.candidates {
		switch {
		case s.takes < 0 || v.age(now) < s.takes:
			rest = append(rest, v)
		case v.misses == 0 || now.Sub(v.asked) >= min(unit<<v.misses, 12*unit):
			ripe = append(ripe, v)
		}
	}
	// A scout is promising if it has been on for long, and was not asked for long: so no machine that
	// never gets an address stands in the way of the others.
	slices.SortFunc(rest, func(a, b *candidate) int {
		return cmp.Or(cmp.Compare(b.promise(now, unit), a.promise(now, unit)), cmp.Compare(a.id, b.id))
	})
	return append(ripe, rest[:min(len(rest), scoutsFor(len(rest)))]...)
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
