package portal

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

func TestWhatARunBesideIsAskingForIsNotForgotten(t *testing.T) {
	r := newRuns(t, mdxsim.Config{})
	next := r.run()
	beside := r.run()
	o := r.ordered(beside, "web")
	r.note(beside, o)
	if _, err := next.adopt(t.Context(), o); !errors.Is(err, errNotLeft) {
		t.Fatal(err)
	}
	if n := r.journaled(next, "web"); n != 1 {
		t.Errorf("%d entries, want that of the run beside", n)
	}
}

// A list that is answered with 404, under load, says nothing of its VMs.
func TestAVMIsNotForgottenWhileThePortalDeniesTheList(t *testing.T) {
	r := newRuns(t, mdxsim.Config{})
	run := r.run()
	o := r.ordered(run, "web")
	record := r.note(run, o)
	id := r.send(o)
	if err := record.Lost(); err != nil {
		t.Fatal(err)
	}
	r.killed(run)
	r.Advance(2 * time.Hour)
	next := r.run()
	if err := r.SetFaults([]mdxsim.Fault{{Route: "GET /api/vm/project/{project}/", Nth: 1, Times: 100, Kind: mdxsim.NotFound}}); err != nil {
		t.Fatal(err)
	}
	if made, err := next.CreateVM(t.Context(), o); err == nil || made.ID != "" {
		t.Errorf("%+v, %v", made, err)
	}
	if n := r.journaled(next, "web"); n != 1 {
		t.Errorf("%d entries", n)
	}
	if err := r.SetFaults(nil); err != nil {
		t.Fatal(err)
	}
	r.takesUp("web", id, nil)
}

func TestTheOnlyTaskOfARangeIsThatOfOneVM(t *testing.T) {
	r := newRuns(t, mdxsim.Config{})
	run := r.run()
	first := r.ordered(run, "web-1")
	record, err := run.journal.Begin(mdx.Order{
		Operation: "deploy VM", Project: first.Project, Names: []string{"web-1", "web-2"}, Digest: first.digest(), Asked: run.Now(),
	})
	if err != nil {
		t.Fatal(err)
	}
	r.accepted(record, first) // of the other one the portal tells nothing
	r.killed(run)
	next := r.run()
	if made, err := next.adopt(t.Context(), r.ordered(next, "web-2")); !errors.Is(err, errNotLeft) {
		t.Errorf("%+v, %v", made, err)
	}
	r.takesUp("web-1", r.vms("web-1")[0], nil)
}

func TestAVMIsTakenUpHoweverItsPortalIsWritten(t *testing.T) {
	r := newRuns(t, mdxsim.Config{})
	plain := r.endpoint
	r.endpoint = strings.Replace(plain, "http://", "HTTP://", 1) + "/"
	run := r.run()
	made, err := run.CreateVM(t.Context(), r.ordered(run, "web"))
	if err != nil {
		t.Fatal(err)
	}
	r.killed(run)
	r.endpoint = plain
	if left := r.run().LeftBehind(); len(left.VMs) != 1 {
		t.Errorf("nothing is said of the VM: %v", left)
	}
	r.takesUp("web", made.ID, nil)
}

func TestTheAddressOfAPortalHasOneSpelling(t *testing.T) {
	for _, endpoint := range []string{
		"https://oprpl.mdx.jp", "https://oprpl.mdx.jp/", "HTTPS://OPRPL.mdx.jp//", "https://oprpl.mdx.jp:443", "https://oprpl.mdx.jp:443/",
	} {
		if got := portalAddress(endpoint); got != mdx.DefaultEndpoint {
			t.Errorf("%s is %s", endpoint, got)
		}
	}
	for _, endpoint := range []string{"http://127.0.0.1:8080", "https://portal.example/mdx", "https://portal.example:8443", "http://[::1]:443"} {
		if got := portalAddress(endpoint); got != endpoint {
			t.Errorf("%s is %s", endpoint, got)
		}
	}
}

func TestARuleThatARunBesideIsAskingForIsNotForgotten(t *testing.T) {
	r := newRuns(t, mdxsim.Config{})
	at := ACLRuleAt{Project: leftProject, Segment: backendNet, Rule: campus("22")[0]}
	ask := func(p *Portal) {
		if _, err := p.begins(claimOn(createACL, at.key())); err != nil {
			t.Fatal(err)
		}
	}
	before := r.run()
	ask(before)
	r.killed(before)
	next := r.run()
	beside := r.run()
	ask(beside)
	if _, found, err := next.FindRule(t.Context(), at); found || err != nil {
		t.Fatal(found, err)
	}
	if n := r.journaled(next, at.key()); n != 1 {
		t.Errorf("%d entries, want that of the run beside alone", n)
	}
}
