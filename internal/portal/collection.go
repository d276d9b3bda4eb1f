package portal

import (
	"context"
	"slices"
	"time"
)

// collection creates, finds, adopts and removes the entries of a list of the portal that tells no owner: the access
// rules of a segment, the DNAT rules of a project. All of a list's hazards are handled here, once (PORTAL.md §7, §8):
// entries show late, answers are lost, a 404 is no proof, and an equal entry may be somebody else's.
//
// T is an entry. Its list is read by package mdx, which believes an omission only with proof.
type collection[T comparable] struct {
	p *Portal
	// name and object say in messages what the entries are, and where: "rules on segment" and its id.
	name, object string

	// list lists the entries as they were at most age ago. Of a collection in parts, it lists at least the parts that
	// the entries in like belong to.
	list func(ctx context.Context, age time.Duration, like []T) ([]T, error)
	// post asks for an entry, and answers it with its id, if the portal tells that.
	post func(context.Context, T) (T, error)
	// delete asks for an entry to go.
	delete func(context.Context, T) error
	// refused explains why the portal refused an entry, where it does not say so itself; nil if it always does.
	refused func(ctx context.Context, entry T, refusal error) error
	// conflict is the error of an entry that can't come to be beside the listed ones; nil if any can.
	conflict func(listed []T, entry T) error

	id        func(T) string
	canonical func(T) T // what entries have in common that are the same: comparable, and without an id
	about     func(T, error) error
}

// writes is how many changes of a list one operation has under way at once: the portal bears five (PORTAL.md §8).
const writes = 4

// settling is how long, in poll intervals, an entry whose request may or may not have been carried out is looked for once
// the portal is done with it.
const settling = 10

// DoubtError is the error of a request of which nobody knows what came: what it asked for may be there, or may still
// come to be. It has to be looked for before it is asked for again.
type DoubtError struct{ Err error }

// Error is the cause's.
func (e *DoubtError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *DoubtError) Unwrap() error { return e.Err }

// find finds an entry. Before it says that there is none, it looks at the list as it is now.
func (c *collection[T]) find(ctx context.Context, is func(T) bool) (entry T, found bool, err error) {
	for _, age := range []time.Duration{c.p.pollInterval, 0} {
		listed, err := c.list(ctx, age, nil)
		if err != nil {
			return entry, false, err
		}
		if i := slices.IndexFunc(listed, is); i >= 0 {
			return listed[i], true, nil
		}
	}
	return entry, false, nil
}

// isSame tells the entries that are the same as one.
func (c *collection[T]) isSame(as T) func(T) bool {
	as = c.canonical(as)
	return func(entry T) bool { return c.canonical(entry) == as }
}

// isIt tells the entry that one is: by its id, or, where that is not known, by what it says.
func (c *collection[T]) isIt(one T) func(T) bool {
	id := c.id(one)
	if id == "" {
		return c.isSame(one)
	}
	return func(entry T) bool { return c.id(entry) == id }
}

// ids are the ids of entries.
func (c *collection[T]) ids(entries []T) map[string]bool {
	ids := make(map[string]bool, len(entries))
	for _, entry := range entries {
		ids[c.id(entry)] = true
	}
	return ids
}
