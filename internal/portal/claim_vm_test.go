package portal

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

func TestAVMWhoseRunWasKilledAfterTheAnswerIsTakenUp(t *testing.T) {
	r := newRuns(t, mdxsim.Config{})
	run := r.run()
	made, err := run.CreateVM(t.Context(), r.ordered(run, "web"))
	if err != nil {
		t.Fatal(err)
	}
	r.killed(run)
	again := r.takesUp("web", made.ID, nil)
	if again.task != made.task {
		t.Errorf("task %q, want %q: the deploy could not be waited for", again.task, made.task)
	}
}

func TestVMsOfARangeAreTakenUpEachByItsName(t *testing.T) {
	r := newRuns(t, mdxsim.Config{})
	run := r.run()
	if _, err := run.Deploy(t.Context(), r.ordered(run, "web-[1-3]").Deploy); err != nil {
		t.Fatal(err)
	}
	r.killed(run)
	for _, name := range []string{"web-3", "web-1", "web-2"} {
		made := r.takesUp(name, "", nil)
		if vms := r.vms(name); !slices.Equal(vms, []mdx.VMID{made.ID}) {
			t.Errorf("%s: took up %s, and is %v", name, made.ID, vms)
		}
	}
}

func TestAVMWhoseAnswerNobodyHeardIsTakenUpByItsHistory(t *testing.T) {
	for outcome, end := range map[string]func(mdx.Record) error{
		"killed before the answer":           func(mdx.Record) error { return nil },
		"killed while the portal was asked":  mdx.Record.Lost,
		"answered without a task, and ended": func(r mdx.Record) error { return r.Accepted(nil) },
		"answered with a task nobody knows":  func(r mdx.Record) error { return r.Accepted([]mdx.TaskID{"c0ffee00-0000-4000-8000-00000000ffff"}) },
	} {
		t.Run(outcome, func(t *testing.T) {
			r := newRuns(t, mdxsim.Config{})
			run := r.run()
			o := r.ordered(run, "web")
			record := r.note(run, o)
			id := r.send(o)
			if err := end(record); err != nil {
				t.Fatal(err)
			}
			r.killed(run)
			r.takesUp("web", id, nil)
		})
	}
}

func TestAVMThatShowsLateIsWaitedFor(t *testing.T) {
	r := newRuns(t, mdxsim.Config{Durations: mdxsim.Durations{VMVisible: 3 * time.Minute}})
	run := r.run()
	o := r.ordered(run, "web")
	r.note(run, o)
	client, err := mdx.New(mdx.Config{Endpoint: r.endpoint, Token: "demo", LockDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Deploy(t.Context(), o.Deploy); err != nil {
		t.Fatal(err)
	}
	r.killed(run)
	r.takesUp("web", "", nil)
}

func TestARequestThatNeverArrivedIsMadeAnew(t *testing.T) {
	r := newRuns(t, mdxsim.Config{})
	run := r.run()
	r.note(run, r.ordered(run, "web"))
	r.killed(run)
	r.makesAnew()
}

// The portal knows the name before it shows the VM, or its task.
func TestAVMWhoseNameIsRefusedBeforeItShowsIsNotForgotten(t *testing.T) {
	r := newRuns(t, mdxsim.Config{Durations: mdxsim.Durations{VMVisible: 24 * time.Hour, TaskVisible: 24 * time.Hour}})
	run := r.run()
	o := r.ordered(run, "web")
	record := r.note(run, o)
	r.accepted(record, o)
	r.killed(run)
	next := r.run()
	if made, err := next.CreateVM(t.Context(), o); err == nil || made.ID != "" {
		t.Errorf("%+v, %v", made, err)
	}
	if n := r.journaled(next, "web"); n != 1 {
		t.Errorf("%d entries", n)
	}
	r.killed(next)
	r.Advance(48 * time.Hour)
	r.takesUp("web", r.vms("web")[0], nil)
}

func TestAVMThatThePortalMakesLongAfterTheKillIsTakenUp(t *testing.T) {
	r := newRuns(t, mdxsim.Config{})
	run := r.run()
	o := r.ordered(run, "web")
	r.note(run, o)
	r.killed(run)
	portal := r.client()
	over := r.late("GET /api/vm/project/{project}/", func() error {
		_, err := portal.Deploy(t.Context(), o.Deploy)
		return err
	})
	next := r.run()
	made, err := next.adopt(t.Context(), o)
	over()
	if ids := r.vms("web"); err != nil || len(ids) != 1 || made.ID != ids[0] {
		t.Errorf("%+v, %v, of %v", made, err, ids)
	}
}

// An error of a create that comes with an id has Terraform replace the VM.
func TestAVMThatCanNotBeReadIsNotTakenUpYet(t *testing.T) {
	r := newRuns(t, mdxsim.Config{})
	run := r.run()
	o := r.ordered(run, "web")
	made, err := run.CreateVM(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	r.killed(run)
	next := r.run()
	if err := r.SetFaults([]mdxsim.Fault{{Route: "GET /api/vm/{vm}/", Nth: 1, Times: 100, Kind: mdxsim.Error500}}); err != nil {
		t.Fatal(err)
	}
	if left, err := next.adopt(t.Context(), o); err == nil || left.ID != "" {
		t.Errorf("%+v, %v", left, err)
	}
	if err := r.SetFaults(nil); err != nil {
		t.Fatal(err)
	}
	if left, err := next.adopt(t.Context(), o); err != nil || left.ID != made.ID {
		t.Errorf("%+v, %v", left, err)
	}
}

func TestAVMOfOthersIsNeverTakenUp(t *testing.T) {
	t.Run("nobody asked for it", func(t *testing.T) {
		r := newRuns(t, mdxsim.Config{})
		run := r.run()
		r.send(r.ordered(run, "web"))
		r.refuses()
	})
	t.Run("made long before we asked", func(t *testing.T) {
		r := newRuns(t, mdxsim.Config{})
		run := r.run()
		r.send(r.ordered(run, "web"))
		r.Advance(2 * time.Hour)
		r.note(run, r.ordered(run, "web"))
		r.killed(run)
		r.refuses("An interrupted run had asked", "history does not show")
	})
	t.Run("made long after we asked", func(t *testing.T) {
		r := newRuns(t, mdxsim.Config{})
		run := r.run()
		o := r.ordered(run, "web")
		r.note(run, o)
		r.killed(run)
		r.Advance(2 * time.Hour)
		r.send(o)
		r.refuses("history does not show")
	})
	t.Run("asked for in another workspace", func(t *testing.T) {
		r := newRuns(t, mdxsim.Config{})
		run := r.run()
		o := r.ordered(run, "web")
		r.note(run, o)
		r.send(o)
		r.killed(run)
		t.Setenv("TF_WORKSPACE", "exam")
		r.refuses()
	})
	t.Run("asked for by a run that goes on beside", func(t *testing.T) {
		r := newRuns(t, mdxsim.Config{})
		beside := r.run()
		next := r.run()
		if _, err := beside.CreateVM(t.Context(), r.ordered(beside, "web")); err != nil {
			t.Fatal(err)
		}
		_, err := next.CreateVM(t.Context(), r.ordered(next, "web"))
		if _, ok := errors.AsType[*NameTakenError](err); !ok {
			t.Error(err)
		}
	})
}

func TestAVMThatIsGoneSinceIsMadeAnew(t *testing.T) {
	r := newRuns(t, mdxsim.Config{})
	run := r.run()
	made, err := run.CreateVM(t.Context(), r.ordered(run, "web"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := run.WaitTask(t.Context(), leftProject, made.task); err != nil {
		t.Fatal(err)
	}
	r.killed(run)
	if err := r.DeleteVM("web"); err != nil {
		t.Fatal(err)
	}
	r.makesAnew()
}

func TestWhatAFailedDeployLeftIsTakenUpWithItsFailure(t *testing.T) {
	for quirk, left := range map[string]bool{"left": true, "gone": false} {
		t.Run(quirk, func(t *testing.T) {
			r := newRuns(t, mdxsim.Config{Quirks: mdxsim.Quirks{FailedDeploy: quirk}})
			run := r.run()
			r.FailNextTasks(1)
			made, err := run.CreateVM(t.Context(), r.ordered(run, "web"))
			if err == nil {
				_, err = run.WaitTask(t.Context(), leftProject, made.task)
			}
			if _, failed := errors.AsType[*mdx.TaskError](err); !failed {
				t.Fatalf("the deploy did not fail: %v", err)
			}
			r.killed(run)
			if !left {
				r.makesAnew()
				return
			}
			next := r.run()
			again, err := next.CreateVM(t.Context(), r.ordered(next, "web"))
			if _, failed := errors.AsType[*mdx.TaskError](err); !failed || again.ID == "" || made.ID != "" && again.ID != made.ID {
				t.Errorf("%+v, was %+v; %v", again, made, err)
			}
		})
	}
}

func TestARequestThatIsStillUnderWayIsWaitedFor(t *testing.T) {
	r := newRuns(t, mdxsim.Config{})
	killed := r.run() // its Terraform was: the provider itself still waits for the answer
	o := r.ordered(killed, "web")
	record := r.note(killed, o)
	next := r.run()
	early, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := next.CreateVM(early, o); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("not waited for: %v", err)
	}
	if err := record.Withdraw(); err != nil {
		t.Fatal(err)
	}
	r.makesAnew()
}

func TestTheUserIsToldThatTheConfigurationHasChangedSince(t *testing.T) {
	r := newRuns(t, mdxsim.Config{})
	run := r.run()
	if _, err := run.CreateVM(t.Context(), r.ordered(run, "web")); err != nil {
		t.Fatal(err)
	}
	r.killed(run)
	same := r.takesUp("web", "", nil)
	changed := r.takesUp("web", "", func(o *VMOrder) { o.Deploy.PackNum = 2 })
	if strings.Contains(same.Continued, "another one") || !strings.Contains(changed.Continued, "another one") {
		t.Errorf("said %q and %q", same.Continued, changed.Continued)
	}
}

func TestTheJournalIsPrunedWhenTheStateHasTheVM(t *testing.T) {
	r := newRuns(t, mdxsim.Config{})
	run := r.run()
	for _, name := range []string{"web-1", "db"} {
		if _, err := run.CreateVM(t.Context(), r.ordered(run, name)); err != nil {
			t.Fatal(err)
		}
	}
	run.InState(t.Context(), leftProject, "web-1")
	if web, db := r.journaled(run, "web-1"), r.journaled(run, "db"); web != 0 || db != 1 {
		t.Errorf("%d entries about the VM in state, %d about the other", web, db)
	}
}

func TestLeftVMsAreToldWhenTheNextRunBegins(t *testing.T) {
	r := newRuns(t, mdxsim.Config{})
	run := r.run()
	for _, name := range []string{"left", "answered", "known"} {
		if _, err := run.CreateVM(t.Context(), r.ordered(run, name)); err != nil {
			t.Fatal(err)
		}
	}
	run.HandedOver(t.Context(), leftProject, "answered")
	run.InState(t.Context(), leftProject, "known")
	r.killed(run)
	behind := r.run().LeftBehind()
	if len(behind.VMs) != 1 || behind.VMs[0].Name != "left" || behind.Dir != run.journal.Dir() {
		t.Errorf("%v", behind)
	}
}

func TestNothingIsDeployedThatTheJournalCannotHold(t *testing.T) {
	r := newRuns(t, mdxsim.Config{})
	t.Setenv("MDX_JOURNAL_DIR", "/dev/null/journal")
	run := r.run()
	_, err := run.CreateVM(t.Context(), r.ordered(run, "web"))
	if err == nil || !strings.Contains(err.Error(), "/dev/null/journal") || !strings.Contains(err.Error(), "MDX_JOURNAL_DIR") {
		t.Errorf("%v", err)
	}
	if said, is := errors.AsType[*mdx.Error](err); is {
		t.Errorf("the portal is blamed, which was not asked: %s", said)
	}
	if n := r.Stats().Routes["POST /api/vm/deploy/"]; n != 0 {
		t.Errorf("%d requests were sent", n)
	}
}
