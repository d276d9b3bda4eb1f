package mdx

import (
	"context"
	"fmt"
	"slices"
)

// A list may omit an entry once, under load or because something was added or removed between two of its
// pages, and who believes that destroys, or makes again, what is there. So presence needs no proof, and
// absence does: the portal's own count of entries, or a second look. A list in pages has a count, which
// costs nothing (PORTAL.md §3); a bare array is read twice.

// ListOption says what the caller of a list knows about it.
type ListOption func(*listOptions)

type listOptions struct {
	expects  bool
	expected []string
}

// Expecting names entries, by id, that the caller has reason to expect in the list. The list is believed at
// the first look if it has them all, however it comes; if it lacks one, it is read a second time, even if
// the portal's count agrees, and what either look shows is answered. Without ids, one look is enough: for
// those who look for what is there and not for what is gone.
func Expecting[ID ~string](ids ...ID) ListOption {
	return func(o *listOptions) {
		o.expects = true
		for _, id := range ids {
			o.expected = append(o.expected, string(id))
		}
	}
}

// look is what reading a list once has shown.
type look[T any] struct {
	entries []T
	ids     []string // of the entries; one that has none gets one that no other has
	whole   bool     // nothing came or went while its pages were read
	counted bool     // whole, and the portal counts as many as there are
	count   int      // how many the portal counts; -1 where it does not
}

// hasAll tells whether a look shows all of some entries.
func (l look[T]) hasAll(ids []string) bool {
	shown := make(map[string]bool, len(l.ids))
	for _, id := range l.ids {
		shown[id] = true
	}
	return !slices.ContainsFunc(ids, func(id string) bool { return !shown[id] })
}

// list reads a list until it can be believed: see [Expecting]. conv makes an entry of the list what is
// answered, and id tells its id.
func list[W, T any](
	ctx context.Context, c *Client, r call, conv func(W) T, id func(T) string, opts ...ListOption,
) ([]T, error) {
	return believed(ctx, c, r, opts, func(ctx context.Context) (look[T], error) {
		return lookAt(ctx, c, r, oneEach(conv), id)
	})
}

// oneEach makes one entry of each row of a list.
func oneEach[W, T any](conv func(W) T) func(W) ([]T, error) {
	return func(w W) ([]T, error) { return []T{conv(w)}, nil }
}

// maxLooks is how often a list is read that changes all the time. What two looks in a row lack is gone by
// then, and what one of them shows is there. Where the portal counts more than two looks have shown together, they may
// have omitted the same entry, so it takes looksAgainstCount to believe them.
const (
	maxLooks          = 5
	looksAgainstCount = 3
)

// believed looks at a list until it can be believed, with pauses while it changes.
func believed[T any](
	ctx context.Context, c *Client, r call, opts []ListOption, once func(context.Context) (look[T], error),
) ([]T, error) {
	var o listOptions
	for _, opt := range opts {
		opt(&o)
	}
	var last look[T]
	for n := 1; ; n++ {
		this, err := once(ctx)
		if err != nil {
			return nil, err
		}
		both := merged(last, this)
		switch {
		case o.expects && this.whole && this.hasAll(o.expected), !o.expects && this.counted:
			return this.entries, nil
		case n > 1 && (this.count <= len(both.ids) || n >= looksAgainstCount) &&
			(this.whole || len(both.ids) == len(this.ids) && len(this.ids) == len(last.ids)), n == maxLooks:
			return both.entries, nil
		case !this.whole:
			if err := pause(ctx, c.cfg.PollInterval/5<<(n-1)); err != nil {
				return nil, r.failed(err)
			}
		}
		last = this
	}
}

// merged is what either of two looks shows: entries as the second has them, in the order of the longer.
func merged[T any](first, second look[T]) look[T] {
	latest := make(map[string]T, len(second.ids))
	for _, l := range []look[T]{first, second} {
		for i, id := range l.ids {
			latest[id] = l.entries[i]
		}
	}
	order := slices.Concat(second.ids, first.ids)
	if len(first.ids) > len(second.ids) {
		order = slices.Concat(first.ids, second.ids)
	}
	var both look[T]
	for _, id := range order {
		if entry, left := latest[id]; left {
			both.ids, both.entries = append(both.ids, id), append(both.entries, entry)
			delete(latest, id)
		}
	}
	return both
}

// lookAt reads a list once, from its first page to its last. Pages are cut from the list as it is when each
// is asked for (PORTAL.md §3): when something is added or removed between two of them, an entry may show
// on both or on neither, and a page that was promised may be none any more.
func lookAt[W, T any](
	ctx context.Context, c *Client, r call, conv func(W) ([]T, error), id func(T) string,
) (look[T], error) {
	var out look[T]
	seen := map[string]bool{}
	number, rows, count, steady := 0, 0, -1, true
	for page, err := range pages[W](ctx, c, r) {
		if number > 0 && IsNotFound(err) {
			steady = false
			break
		}
		if err != nil {
			return look[T]{}, err
		}
		if number++; number == 1 {
			count = page.Count
		}
		steady = steady && page.Count == count
		rows += len(page.Results)
		for _, row := range page.Results {
			entries, err := conv(row)
			if err != nil {
				return look[T]{}, r.failed(fmt.Errorf("%w: %w", errUnreadable, err))
			}
			for _, entry := range entries {
				key := id(entry)
				if key == "" {
					key = fmt.Sprintf("\x00%d", len(out.ids))
				}
				if seen[key] {
					steady = false // it moved to the next page, and another may have moved to the one before
					continue
				}
				seen[key] = true
				out.ids, out.entries = append(out.ids, key), append(out.entries, entry)
			}
		}
	}
	agrees := count == rows
	out.counted, out.count = steady && agrees, count
	out.whole = steady && (agrees || count <= 0) // a list that tells no count
	return out, nil
}
