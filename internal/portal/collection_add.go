package portal

import (
	"context"
	"errors"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// wish is an entry that is being added.
type wish[T any] struct {
	entry T // with its id, once that is known
	id    string
	taken bool  // the portal has said yes
	seen  bool  // the list shows it
	lost  error // the answers that leave open whether the portal made it
	err   error // why it was not made, for certain
}

// isOpen tells whether the list has to say something about the wish.
func (w *wish[T]) isOpen() bool { return w.err == nil && !w.seen }

// failure is why the entry is not known to be there; nil if it is.
func (w *wish[T]) failure() error {
	if w.id == "" && w.lost != nil {
		return &DoubtError{w.lost}
	}
	return w.err
}

// add creates entries and waits until the list shows them. have is what the list showed before: one that is there already
// is never taken for one that was created, and none of want may be in it. The answer are those that were created, with
// their ids, also along with an error. One that is refused does not keep the others from being created.
//
// A request whose answer was lost is sent again only when what may come of it can't show any more. Where it stays open
// whether an entry was created, the error has a [*DoubtError].
func (c *collection[T]) add(ctx context.Context, have, want []T) (made []T, err error) {
	if len(want) == 0 {
		return nil, nil
	}
	wishes := make([]*wish[T], len(want))
	for i, entry := range want {
		wishes[i] = &wish[T]{entry: entry}
	}
	var failed []error
	if err := c.fulfil(ctx, have, wishes); err != nil {
		failed = append(failed, &DoubtError{err})
	}
	for _, w := range wishes {
		if w.id != "" {
			made = append(made, w.entry)
		} else if err := w.failure(); err != nil {
			failed = append(failed, c.about(w.entry, err))
		}
	}
	return made, errors.Join(failed...)
}

// fulfil asks for all wishes and looks for what comes of them. Its error is that of looking; the others are with the wishes.
func (c *collection[T]) fulfil(ctx context.Context, have []T, wishes []*wish[T]) error {
	var blind error
	_, err := mdx.Change[bool]{
		What: "new " + c.name, Object: c.object, Await: true,
		Send: func(ctx context.Context) (bool, error) { return true, c.postAll(ctx, wishes) },
		Look: func(ctx context.Context) (bool, bool, error) {
			open := slices.DeleteFunc(slices.Clone(wishes), func(w *wish[T]) bool { return !w.isOpen() })
			if len(open) == 0 {
				return true, true, nil
			}
			like := make([]T, len(open))
			for i, w := range open {
				like[i] = w.entry
			}
			var listed []T
			if listed, blind = c.list(ctx, 0, like); blind == nil {
				c.look(listed, have, wishes)
			}
			return true, !slices.ContainsFunc(open, (*wish[T]).isOpen), blind
		},
	}.Do(ctx, c.p.Client)
	if cut, is := errors.AsType[*mdx.WaitError](err); is {
		return cut
	}
	if err != nil {
		return blind // nil where the portal could be asked, and did not show what was lost
	}
	return nil
}

// postAll asks for the entries that the portal has not taken. Its answer is kept with each; the error has those that were
// lost.
func (c *collection[T]) postAll(ctx context.Context, wishes []*wish[T]) error {
	var group errgroup.Group
	group.SetLimit(writes)
	for _, w := range wishes {
		if w.isOpen() && !w.taken {
			group.Go(func() error {
				c.postOne(ctx, w)
				return nil
			})
		}
	}
	_ = group.Wait() // the errors are with the wishes
	var lost []error
	for _, w := range wishes {
		if w.isOpen() && !w.taken {
			lost = append(lost, w.lost)
		}
	}
	return errors.Join(lost...)
}

func (c *collection[T]) postOne(ctx context.Context, w *wish[T]) {
	made, err := c.post(ctx, w.entry)
	switch {
	case err == nil:
		w.entry, w.id, w.taken, w.lost = made, c.id(made), true, nil
	case mdx.IsAmbiguous(err):
		w.lost = err
	case w.lost != nil: // an earlier request may be why
		w.lost = errors.Join(err, w.lost)
	case c.refused != nil:
		w.err = c.refused(ctx, w.entry, err)
	default:
		w.err = err
	}
}

// look finds the open wishes in a list. Of those whose id nobody told, a same entry is the one that was not there before
// and that no other wish has.
func (c *collection[T]) look(listed, have []T, wishes []*wish[T]) {
	not := c.ids(have)
	for _, w := range wishes {
		not[w.id] = true
	}
	shown, free := c.ids(listed), map[T][]T{}
	for _, entry := range listed {
		if !not[c.id(entry)] {
			key := c.canonical(entry)
			free[key] = append(free[key], entry)
		}
	}
	for _, w := range wishes {
		if !w.isOpen() {
			continue
		}
		if key := c.canonical(w.entry); w.id == "" && len(free[key]) > 0 {
			w.entry, free[key] = free[key][0], free[key][1:]
			w.id, w.taken, w.lost = c.id(w.entry), true, nil
		}
		w.seen = w.id != "" && shown[w.id]
		if w.id == "" && c.conflict != nil {
			if err := c.conflict(listed, w.entry); err != nil {
				w.err, w.lost = err, nil
			}
		}
	}
}
