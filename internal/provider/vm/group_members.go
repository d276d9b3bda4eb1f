package vm

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/portal"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/provider/kit"
)

// groupWork is work on the members of a group, all of them at once. What one member meets is its own: the others go on.
// The limits of what the portal bears are the client's.
type groupWork struct {
	portal *kit.Provider
	group  vmGroupModel
	uneven bool // the members differ among themselves

	running sync.WaitGroup
	mu      sync.Mutex
	members []memberModel // those that exist, as far as is known
	vms     []vmModel     // what was read of those that are sound
	placed  []string      // the names of those that are being made
	failed  []memberFailure
	notes   map[string][]string // what the user should know besides, and the names of the members that it is about
}

// memberFailure is why a member is not what it should be.
type memberFailure struct {
	name string
	err  error
}

func (w *groupWork) fail(name string, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.failed = append(w.failed, memberFailure{name, err})
}

func (w *groupWork) note(name, text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.notes == nil {
		w.notes = map[string][]string{}
	}
	w.notes[text] = append(w.notes[text], name)
}

// place notes a member that is being made. It counts as handed over when Terraform is answered with the whole group.
func (w *groupWork) place(name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.placed = append(w.placed, name)
}

// target is a VM of the group, whose rules that go with its address are noted.
func (w *groupWork) target(vm vmModel) portal.VMTarget {
	t := vm.target()
	t.OnRulesRemoved = func(removed []string) {
		w.note(t.Name, fmt.Sprintf("these rules led to it alone and were removed with its address: %s.", kit.Join(removed)))
	}
	return t
}

// keep notes a member that exists.
func (w *groupWork) keep(member memberModel) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.members = append(w.members, member)
}

// keepRead notes a member that was read.
func (w *groupWork) keepRead(vm vmModel) {
	member := asMember(vm)
	w.keep(member)
	w.mu.Lock()
	defer w.mu.Unlock()
	if !member.pastRepair() {
		w.vms = append(w.vms, vm)
	}
}

// build makes members of names that nobody has. Those that are equal are asked for together by the batcher.
func (w *groupWork) build(ctx context.Context, names []string) {
	for _, name := range names {
		w.running.Go(func() {
			vm := w.group.vm(name)
			var diags diag.Diagnostics
			o := order(ctx, vm, &diags)
			if diags.HasError() {
				w.fail(name, fmt.Errorf("%s: %s", diags[0].Summary(), diags[0].Detail()))
				return
			}
			w.bringUp(ctx, vm, o)
		})
	}
}

// bringUp has one VM made and waits until it is up. A VM that a failed deploy leaves behind is removed; where that
// fails too, it is kept and marked, so that the next apply sees to it.
func (w *groupWork) bringUp(ctx context.Context, vm vmModel, o portal.VMOrder) {
	made, err := w.portal.CreateVM(ctx, o)
	vm.ID = types.StringValue(string(made.ID))
	vm.known()
	target := w.target(vm)
	if made.ID != "" {
		w.place(o.Name)
	}
	if made.Continued != "" {
		w.note(o.Name, made.Continued)
	}
	if err == nil {
		err = w.portal.AwaitCreated(ctx, target, made)
	}
	if _, failed := errors.AsType[*mdx.TaskError](err); failed && made.ID != "" {
		if left := w.portal.DestroyVM(ctx, target); left != nil {
			vm.Status = types.StringValue(statusDeployFailed)
			w.keep(asMember(vm))
		} else {
			w.portal.InState(ctx, o.Project, o.Name) // which has the journal forget it
		}
		w.fail(o.Name, err)
		return
	}
	if err == nil {
		err = finish(ctx, w.portal, &vm)
	}
	switch {
	case err == nil:
		w.keepRead(vm)
		return
	case made.ID != "":
		w.keep(asMember(vm))
	}
	w.fail(o.Name, err)
}

// tearDown removes members.
func (w *groupWork) tearDown(ctx context.Context, members []memberModel) {
	for _, member := range members {
		w.running.Go(func() { w.remove(ctx, member) })
	}
}

func (w *groupWork) remove(ctx context.Context, member memberModel) (gone bool) {
	vm := w.group.member(member)
	err := w.portal.DestroyVM(ctx, w.target(vm))
	if err != nil {
		w.keep(member)
		w.fail(vm.Name.ValueString(), err)
	}
	return err == nil
}

// replace removes members that are past repair, and makes others of their names.
func (w *groupWork) replace(ctx context.Context, members []memberModel) {
	for _, member := range members {
		w.running.Go(func() {
			if w.remove(ctx, member) {
				w.build(ctx, []string{member.Name.ValueString()})
			}
		})
	}
}

// change makes members what the group is now. What needs a running member stopped is done to few at a time, and to no
// further ones once a member did not come back from it.
func (w *groupWork) change(ctx context.Context, members []memberModel) {
	roll := &rolling{places: make(chan struct{}, max(w.group.MaxUnavailable.ValueInt64(), 1)), over: make(chan struct{})}
	for _, member := range members {
		w.running.Go(func() {
			is := w.group.member(member)
			err := w.made(ctx, is, &member)
			if err == nil {
				err = refresh(ctx, w.portal, &is)
			}
			if err != nil {
				w.keep(member)
			} else {
				err = w.changeOne(ctx, &is, member, roll)
				w.keepRead(is)
			}
			if err != nil {
				w.fail(member.Name.ValueString(), err)
			}
		})
	}
}

// made waits until a member is made that an interrupted run has asked for. One whose making has failed is marked.
func (w *groupWork) made(ctx context.Context, is vmModel, member *memberModel) error {
	if !unmade(member.Status) {
		return nil
	}
	err := w.portal.AwaitCreated(ctx, w.target(is), portal.VMCreation{ID: is.vmID()})
	if _, failed := errors.AsType[*mdx.TaskError](err); failed {
		member.Status = types.StringValue(statusDeployFailed)
	}
	return err
}

// changeOne compares what a member is with what it is to be, so that what was done before is not done again.
func (w *groupWork) changeOne(ctx context.Context, is *vmModel, member memberModel, roll *rolling) error {
	wanted := w.group.vm(member.Name.ValueString())
	wanted.ID = is.ID
	var diags diag.Diagnostics
	change := changeOf(ctx, *is, wanted, &diags)
	if diags.HasError() || change.Empty() {
		return nil
	}
	change.VMTarget = w.target(wanted)
	change.LastAddresses = parseAddresses(member.IPv4Address, member.IPv6Address)
	pauses := len(change.StopsFor()) > 0 && is.wantsRunning()
	if pauses {
		leave, err := roll.enter(ctx)
		if err != nil {
			return err
		}
		defer leave()
	}
	if err := w.portal.ChangeVM(ctx, change); err != nil {
		aside, cancel := w.portal.Aside(ctx)
		defer cancel()
		unread := refresh(aside, w.portal, is) // what was done is in state all the same
		if pauses && wanted.wantsRunning() && (unread != nil || !is.wantsRunning()) {
			roll.end()
		}
		return errors.Join(err, unread)
	}
	return refresh(ctx, w.portal, is)
}

// read reads members. Those that the project's list no longer has are left out.
func (w *groupWork) read(ctx context.Context, members []memberModel) {
	for _, member := range members {
		w.running.Go(func() {
			vm := w.group.member(member)
			err := refreshAmongMany(ctx, w.portal, &vm)
			switch {
			case mdx.IsNotFound(err):
				w.portal.VMHadName(ctx, vm.project(), mdx.VMID(member.ID.ValueString()), member.Name.ValueString())
			case err != nil:
				w.fail(member.Name.ValueString(), err)
			default:
				if !w.group.ID.IsNull() { // else it is being imported as it is, and a plan that does so writes no state
					if err := lookHowMade(ctx, w.portal, member.Status, &vm); err != nil {
						w.note(vm.Name.ValueString(), whyNotMade(err))
					}
					w.portal.InState(ctx, vm.project(), vm.Name.ValueString())
					if !vm.Name.Equal(member.Name) {
						w.portal.VMHadName(ctx, vm.project(), mdx.VMID(member.ID.ValueString()), member.Name.ValueString())
					}
				}
				w.keepRead(vm)
			}
		})
	}
}

// update removes, replaces, adds and changes members, so that they are those of the group, and what it is.
func (w *groupWork) update(ctx context.Context, state vmGroupModel, members []memberModel) {
	c := compare(w.group, members)
	w.tearDown(ctx, c.surplus)
	w.running.Wait() // what they give back may be needed
	w.replace(ctx, c.broken)
	w.build(ctx, c.missing)
	settings := groupChange(ctx, state, w.group, w.uneven, new(diag.Diagnostics))
	var behind []memberModel
	for _, member := range c.sound {
		if settings.Empty() && !w.group.lacks(member) && !c.renamed[member.ID.ValueString()] {
			w.keep(member)
			continue
		}
		behind = append(behind, member)
	}
	w.change(ctx, behind)
}

// wait ends when all work is done, and takes its outcome over into the group.
func (w *groupWork) wait(ctx context.Context, diags *diag.Diagnostics) {
	w.running.Wait()
	w.group.setMembers(ctx, w.members, diags)
	for _, name := range w.placed {
		w.portal.HandedOver(ctx, w.group.project(), name)
	}
	var notes []string
	for text, names := range w.notes {
		notes = append(notes, kit.Join(kit.ShortNames(names))+": "+text)
	}
	if len(notes) > 0 {
		slices.Sort(notes)
		diags.AddWarning(fmt.Sprintf("Notes on VM group %q", w.group.NamePrefix.ValueString()), strings.Join(notes, "\n"))
	}
}

// report tells of all members that are not what they should be, and why; nil if there are none.
func (w *groupWork) report() error {
	if len(w.failed) == 0 {
		return nil
	}
	slices.SortFunc(w.failed, func(a, b memberFailure) int { return strings.Compare(a.name, b.name) })
	const most = 10
	var lines []string
	for i, f := range w.failed {
		if i == most {
			lines = append(lines, fmt.Sprintf("and %d more", len(w.failed)-most))
			break
		}
		lines = append(lines, fmt.Sprintf("%s: %v", f.name, f.err))
	}
	return errors.New(strings.Join(lines, "\n"))
}
