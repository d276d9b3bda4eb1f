package portal

import (
	"context"
	"errors"
	"slices"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/journal"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// The portal does not tell who made an entry. So the journal has what a run is about to create, under names that tell it
// from all others, and the run after one that was killed adopts it.

// adopted is what interrupted runs have left of an entry.
type adopted[T any] struct {
	entry   T
	found   bool // it shows
	another bool // it does not, and another shows that they may have asked for
}

// adopt looks for an entry that interrupted runs were about to create, for as long as it may take to show. The journal has
// it under one of some names. Another that may be what they asked for counts once the entry itself can't show any more.
//
// What shows is handed over to Terraform; the claims on what does not are forgotten.
func (c *collection[T]) adopt(
	ctx context.Context, project mdx.ProjectID, names []string, like T, is, maybe func(T) bool,
) (out adopted[T], err error) {
	var entries []journal.Entry
	for _, name := range names {
		left, err := c.p.leftEntries(ctx, project, name)
		if err != nil {
			return out, err
		}
		entries = append(entries, left...)
	}
	if len(entries) == 0 {
		return out, nil
	}
	_, err = c.awaitLeft(ctx, entries, []T{like}, func(listed []T) bool {
		out = adopted[T]{another: slices.ContainsFunc(listed, maybe)}
		if i := slices.IndexFunc(listed, is); i >= 0 {
			out = adopted[T]{entry: listed[i], found: true}
		}
		return out.found
	})
	switch {
	case err != nil:
		return adopted[T]{}, err
	case out.found || out.another:
		c.p.completed(ctx, c.p.journal.HandOverThese(entries))
	default:
		c.p.completed(ctx, c.p.journal.Forget(entries)) // what a run beside is asking for stays
	}
	return out, nil
}

// awaitLeft lists entries until those that interrupted runs were about to create show, or can't show any more.
func (c *collection[T]) awaitLeft(
	ctx context.Context, entries []journal.Entry, like []T, shows func(listed []T) bool,
) (listed []T, err error) {
	tooLate := c.p.tooLateFor(entries)
	err = c.p.Poll(ctx, "an interrupted run's "+c.name, c.object, func(ctx context.Context) (bool, error) {
		listed, err = c.list(ctx, 0, like)
		return err == nil && (shows(listed) || tooLate()), err
	})
	return listed, err
}

// The journal's operations.
const (
	createACL  = "create access rule"
	createDNAT = "create DNAT rule"
	setACL     = "set access rules"
)

// claimOn is what the journal has about an entry that is about to be created.
func claimOn(operation, key string) journal.Entry {
	e := journal.Entry{Operation: operation}
	e.Name = key
	return e
}

// note creates something between two notes in the journal: that it is about to be asked for, and what came of it. A
// [*DoubtError] means that something may have.
func (p *Portal) note(ctx context.Context, project mdx.ProjectID, entry journal.Entry, create func() error) error {
	entry.Key, entry.Asked = p.journal.key(project, entry.Name), p.Now()
	intent, err := p.journal.Journal.Begin(entry)
	if err != nil {
		return err
	}
	err = create()
	switch {
	case isDoubtful(err):
		p.completed(ctx, intent.Lost())
	case err != nil && len(entry.Parts) == 0:
		p.completed(ctx, intent.Withdraw())
	default: // of parts, some may have been made
		p.completed(ctx, intent.Done())
	}
	return err
}

// isDoubtful tells whether an error leaves open what came of a request.
func isDoubtful(err error) bool {
	_, doubtful := errors.AsType[*DoubtError](err)
	return doubtful
}

// inState has the journal forget what the state has beyond doubt.
func (p *Portal) inState(ctx context.Context, project mdx.ProjectID, names ...string) {
	for _, name := range names {
		p.InState(ctx, project, name)
	}
}

// notedUnder are the claims under some names as they are now: of a run before, of this one and beside it. What is noted
// later is not among them.
func (p *Portal) notedUnder(project mdx.ProjectID, names ...string) (all []journal.Entry) {
	for _, name := range names {
		entries, _ := p.journal.About(p.journal.key(project, name)) // damaged ones are told when the run begins
		all = append(all, entries...)
	}
	return all
}
