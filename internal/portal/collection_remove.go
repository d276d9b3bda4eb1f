package portal

import (
	"context"
	"errors"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// remove removes entries and waits until the list shows none of them. An entry that is gone already is as good as removed.
// One that can't be removed does not keep the others.
//
// A 404 proves nothing, and the list may omit an entry at the same moment. So what the portal calls absent is asked to go
// again, until it is called absent twice in a row and the list does not have it either time.
func (c *collection[T]) remove(ctx context.Context, entries []T) error {
	if len(entries) == 0 {
		return nil
	}
	var refused []error
	due, left := entries, entries
	absent, denied := map[string]bool{}, map[string]bool{} // by the portal's word now; by both in the round before
	err := c.p.Poll(ctx, "end of "+c.name, c.object, func(ctx context.Context) (bool, error) {
		for i, err := range c.deleteAll(ctx, due) {
			id := c.id(due[i])
			if absent[id] = mdx.IsNotFound(err); err != nil && !absent[id] {
				refused = append(refused, c.about(due[i], err))
				left = c.without(left, map[string]bool{id: true})
			}
		}
		due = nil // an outage of the list is no reason to ask again
		listed, err := c.list(ctx, 0, left)
		if err != nil {
			return false, err
		}
		there := c.ids(listed)
		left = slices.DeleteFunc(slices.Clone(left), func(entry T) bool {
			id := c.id(entry)
			gone := !there[id] && (!absent[id] || denied[id])
			denied[id] = absent[id] && !there[id]
			return gone
		})
		due = c.only(left, absent)
		return len(left) == 0, nil
	})
	return errors.Join(append(refused, err)...)
}

// deleteAll asks for entries to go, and answers what the portal said to each.
func (c *collection[T]) deleteAll(ctx context.Context, entries []T) []error {
	answers := make([]error, len(entries))
	var group errgroup.Group
	group.SetLimit(writes)
	for i, entry := range entries {
		group.Go(func() error {
			answers[i] = c.delete(ctx, entry)
			return nil
		})
	}
	_ = group.Wait() // the errors are the answers
	return answers
}

// only is those of entries whose ids are among ids.
func (c *collection[T]) only(entries []T, ids map[string]bool) []T {
	return slices.DeleteFunc(slices.Clone(entries), func(entry T) bool { return !ids[c.id(entry)] })
}

// without is those of entries whose ids are not among ids.
func (c *collection[T]) without(entries []T, ids map[string]bool) []T {
	return slices.DeleteFunc(slices.Clone(entries), func(entry T) bool { return ids[c.id(entry)] })
}
