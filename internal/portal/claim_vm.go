package portal

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/journal"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// errNotLeft says that no earlier run has left anything to adopt.
var errNotLeft = errors.New("nothing was left behind")

// NameTakenError is a VM of a wanted name that is not known to be ours: names are unique in a project (PORTAL.md §5).
type NameTakenError struct {
	name string
	vm   mdx.VMID
	why  string // it was not adopted although the journal has its name; empty if it has not
	said error  // what the portal said; nil if it was not asked to make one
}

// Error tells the way out.
func (e *NameTakenError) Error() string {
	text := fmt.Sprintf("the project has a VM named %q already, and names are unique in a project", e.name)
	if e.why != "" {
		text += ". An interrupted run had asked for a VM of this name, but " + e.why
	}
	if e.said != nil {
		text += fmt.Sprintf(" (%v)", e.said)
	}
	return text + fmt.Sprintf(". Choose another name, or, if it is meant to be this one, import it: "+
		"terraform import <address of this resource> %s", e.vm)
}

// renamedError is a VM that an interrupted run has asked for and that has another name now.
type renamedError struct {
	name string // as it was asked for
	vm   *mdx.VM
	dir  string // of the journal
}

// Error tells the ways out.
func (e *renamedError) Error() string {
	return fmt.Sprintf("an interrupted run had asked for a VM named %q, and that VM was renamed to %q since. Rename it back on the "+
		"portal to have it adopted. Or, if it is to keep its name, import it where no state has it yet (terraform import <address "+
		"of its resource> %s), and remove the file about %q from %s", e.name, e.vm.Name, e.vm.ID, e.name, e.dir)
}

// adopt finds the VM that an interrupted run has asked for in place of the one that is now to be made: the journal
// knows the request, and the portal's history what came of it. Where both agree, the VM is ours. A failed deploy may
// have left one too; it comes with the error.
//
// The answer is errNotLeft where the VM is to be made, and a [*NameTakenError] where somebody else has its name.
func (p *Portal) adopt(ctx context.Context, o VMOrder) (VMCreation, error) {
	entries, err := p.leftEntries(ctx, o.Project, o.Name)
	if err != nil {
		return VMCreation{}, err
	}
	for _, e := range entries {
		var made VMCreation
		if len(e.Tasks) > 0 {
			made, err = p.byTask(ctx, o, e)
		} else {
			made, err = p.byName(ctx, o, e)
		}
		if errors.Is(err, errNotLeft) {
			continue
		}
		if made.ID != "" {
			made.Continued = noteOf(o, e)
			p.warn(ctx, "adopted a VM that an interrupted run had asked for", map[string]any{"name": o.Name, "id": string(made.ID)})
		}
		return made, err
	}
	vm, err := p.VMByName(ctx, o.Project, o.Name)
	switch {
	case err == nil && len(entries) > 0:
		return VMCreation{}, &NameTakenError{
			name: o.Name, vm: vm.ID, why: "the portal's history does not show that it is this one",
		}
	case err == nil:
		return VMCreation{}, &NameTakenError{name: o.Name, vm: vm.ID}
	case !mdx.IsNotFound(err):
		return VMCreation{}, err
	}
	return VMCreation{doubtful: entries}, errNotLeft // what a run beside is asking for is not among them
}

// cameToNothing has the journal forget what interrupted runs had asked for in place of a VM that was asked for anew. Where the
// portal refused that, their VM may have the name although nothing shows it yet.
func (p *Portal) cameToNothing(ctx context.Context, entries []journal.Entry, said error) {
	if answer, ok := errors.AsType[*mdx.Error](said); ok && answer.Status == http.StatusBadRequest {
		return
	}
	p.completed(ctx, p.journal.Forget(entries))
}

// takenMeanwhile explains why the portal refused a VM whose name was free a moment ago: somebody else was faster.
func (p *Portal) takenMeanwhile(ctx context.Context, o VMOrder, said error) error {
	answer, answered := errors.AsType[*mdx.Error](said)
	if !answered || answer.Ambiguous || answer.Status != http.StatusBadRequest {
		return said
	}
	vm, err := p.VMByName(ctx, o.Project, o.Name)
	if err != nil {
		return said
	}
	return &NameTakenError{name: o.Name, vm: vm.ID, said: said}
}

// MayAdopt tells whether an interrupted run has asked for a VM of a name, so that one of that name may be its own.
func (p *Portal) MayAdopt(ctx context.Context, project mdx.ProjectID, name string) bool {
	left, err := p.leftEntries(ctx, project, name)
	return err != nil || len(left) > 0
}

// leftEntries are those of interrupted runs about a thing. One whose request is still under way, since the provider outlives a killed
// Terraform for a moment, is waited for.
func (p *Portal) leftEntries(ctx context.Context, project mdx.ProjectID, thing string) (left []journal.Entry, err error) {
	err = p.Poll(ctx, "request of an interrupted run about", thing, func(ctx context.Context) (bool, error) {
		all, err := p.journal.About(p.journal.key(project, thing))
		if err != nil {
			p.warn(ctx, "the journal is damaged", map[string]any{"error": err.Error()})
		}
		left = slices.DeleteFunc(all, func(e journal.Entry) bool { return !p.journal.Earlier(e) })
		return !slices.ContainsFunc(left, p.journal.Live), nil
	}, mdx.WithPace(mdx.Pace{First: 0.1, Longest: 0.1}))
	return left, err
}

// byTask finds the VM that a request's answer led to. Of a range's tasks, the portal's history tells whose is whose.
func (p *Portal) byTask(ctx context.Context, o VMOrder, e journal.Entry) (VMCreation, error) {
	looking, cancel := context.WithTimeout(ctx, patience*p.pollInterval)
	defer cancel()
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		made VMCreation
		why  error
		open error // of a task that is under way and does not tell what it makes
	)
	for _, id := range e.Tasks {
		wg.Go(func() {
			task, err := p.WaitTaskObject(looking, o.Project, mdx.TaskID(id), mdx.WithObject(o.Name))
			if failed, ok := errors.AsType[*mdx.TaskError](err); ok {
				task = failed.Task
			}
			if task.ObjectName != o.Name && (task.ObjectName != "" || len(e.Tasks) > 1) {
				return // it is another one's of the same range
			}
			mu.Lock()
			defer mu.Unlock()
			switch {
			case task.ObjectID != "":
				made, why = VMCreation{ID: mdx.VMID(task.ObjectID), task: mdx.TaskID(id)}, err
			case task.ID != "" && !task.Done():
				open = err
			}
		})
	}
	wg.Wait()
	switch {
	case ctx.Err() != nil:
		return VMCreation{}, ctx.Err()
	case made.ID != "":
		return p.stillThere(ctx, o, made, why)
	case open != nil:
		return VMCreation{}, open
	}
	return p.byName(ctx, o, e)
}

// stillThere drops a VM that is gone since: a failed deploy may leave none, and somebody may have destroyed it.
func (p *Portal) stillThere(ctx context.Context, o VMOrder, made VMCreation, why error) (VMCreation, error) {
	looking, cancel := context.WithTimeout(ctx, patience*p.pollInterval)
	defer cancel()
	for {
		vm, err := p.VM(ctx, o.Project, made.ID)
		switch {
		case err == nil && vm.Name != o.Name: // or it would be another resource's, or replaced for its name
			return VMCreation{}, &renamedError{o.Name, vm, p.journal.Dir()}
		case err == nil || why != nil && !mdx.IsNotFound(err):
			return made, why
		case !mdx.IsNotFound(err): // the journal still knows it, and an error with an id would have it replaced
			return VMCreation{}, err
		}
		task, err := p.Task(ctx, made.task)
		if why != nil || err == nil && task.Done() {
			return VMCreation{}, errNotLeft
		}
		_, unseen := p.WaitVMNamed(looking, o.Project, o.Name, mdx.WithObject(o.Name)) // it is being made
		if unseen != nil && mdx.IsNotFound(err) && ctx.Err() == nil && looking.Err() != nil {
			return VMCreation{}, errNotLeft // the portal has long forgotten its task, and shows no such VM
		}
		if unseen != nil {
			return VMCreation{}, unseen
		}
	}
}

// VMHadName has the journal forget a VM under the name that it was asked for by, where the state has it and somebody has
// renamed it, or where it is gone: nobody needs to look for it. What the journal has of another VM of that name stays.
func (p *Portal) VMHadName(ctx context.Context, project mdx.ProjectID, id mdx.VMID, was string) {
	entries, err := p.journal.About(p.journal.key(project, was))
	for _, e := range entries {
		if p.journal.Earlier(e) && p.isOf(ctx, id, VMOrder{Project: project, Name: was}, e) {
			err = errors.Join(err, p.journal.Forget([]journal.Entry{e}))
		}
	}
	p.completed(ctx, err)
}

// isOf tells whether an entry is a VM's. Where no answer was heard, there is no task: the VM's history tells, as long as it has one.
func (p *Portal) isOf(ctx context.Context, id mdx.VMID, o VMOrder, e journal.Entry) bool {
	if len(e.Tasks) > 0 {
		return p.madeBy(ctx, o, e) == id
	}
	maker, err := p.maker(ctx, id)
	return err == nil && isBegun(maker, e)
}

// isBegun tells whether a task began when a VM was asked for.
func isBegun(maker mdx.Task, e journal.Entry) bool {
	since := maker.Start.Sub(e.Asked)
	return !maker.Start.IsZero() && since >= -clockSlack && since <= madeWithin
}

// madeBy is the VM that one of an entry's tasks has made, wherever it is now; empty if the portal does not tell.
func (p *Portal) madeBy(ctx context.Context, o VMOrder, e journal.Entry) mdx.VMID {
	looking, cancel := context.WithTimeout(ctx, patience*p.pollInterval)
	defer cancel()
	for _, id := range e.Tasks {
		task, err := p.WaitTaskObject(looking, o.Project, mdx.TaskID(id), mdx.WithObject(o.Name))
		if failed, ok := errors.AsType[*mdx.TaskError](err); ok {
			task, err = failed.Task, nil // what it has left, or did for a while
		}
		if err == nil && task.ObjectName == o.Name {
			return mdx.VMID(task.ObjectID)
		}
	}
	return ""
}

// byName finds the VM of a request whose answer nobody heard: the one of its name, if the portal's history says that it
// came into being when it was asked for.
func (p *Portal) byName(ctx context.Context, o VMOrder, e journal.Entry) (VMCreation, error) {
	vm, err := p.VMByName(ctx, o.Project, o.Name)
	if ago := p.Now().Sub(e.Asked); mdx.IsNotFound(err) && ago < madeWithin {
		vm, err = p.appearing(ctx, o, e)
	}
	switch {
	case mdx.IsNotFound(err):
		return VMCreation{}, errNotLeft
	case err != nil:
		return VMCreation{}, err
	}
	maker, err := p.maker(ctx, vm.ID)
	if err != nil {
		return VMCreation{}, err
	}
	if !isBegun(maker, e) {
		return VMCreation{}, errNotLeft
	}
	return VMCreation{ID: vm.ID}, nil
}

// appearing waits for the VM of a request that may still be on its way: the portal may have it in its hands for as long as
// an answer may take, and shows the VM after that. How long ago it was asked is told by the portal's clock.
func (p *Portal) appearing(ctx context.Context, o VMOrder, e journal.Entry) (mdx.VMSummary, error) {
	shows := patience * p.pollInterval
	for {
		looking, cancel := context.WithTimeout(ctx, shows)
		vm, err := p.WaitVMNamed(looking, o.Project, o.Name, mdx.WithObject(o.Name))
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil {
			return vm, err
		}
		if p.Now().Sub(e.Asked) > p.requestTimeout+shows {
			return vm, errNotLeft
		}
	}
}

const (
	// madeWithin is how long after a request its VM may come into being: the portal queues deploys.
	madeWithin = time.Hour
	// clockSlack is how far the clocks of the portal's parts may be apart, and histories are without fractions.
	clockSlack = time.Minute
)

// noteOf tells the user of a VM that was adopted.
func noteOf(o VMOrder, e journal.Entry) string {
	note := fmt.Sprintf("An interrupted run had asked for it at %s; this run continues with it, and no other was made.",
		e.Asked.Format(time.RFC3339))
	if e.Digest != o.digest() {
		note += " The configuration was another one then. The next terraform apply changes what has changed since, but for what " +
			"nobody can tell by looking at the VM, such as its catalog entry and its first key: where that matters, replace it with " +
			"terraform apply -replace."
	}
	return note
}
