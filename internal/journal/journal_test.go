package journal_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/journal"
)

var asked = time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC)

// about is an entry about a machine.
func about(name string) journal.Entry {
	return journal.Entry{
		Key:       journal.Key{Portal: "https://oprpl.mdx.jp", Project: "p-1", Workspace: "default", Name: name},
		Operation: "deploy VM", Digest: "d1", Asked: asked, Outcome: journal.Open,
	}
}

func begin(t *testing.T, j *journal.Journal, entries ...journal.Entry) *journal.Intent {
	t.Helper()
	intent, err := j.Begin(entries...)
	if err != nil {
		t.Fatal(err)
	}
	return intent
}

// expect checks what a journal that was opened just now knows about machines.
func expect(t *testing.T, dir string, want ...journal.Entry) {
	t.Helper()
	got, err := journal.At(dir).Entries()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(journal.Entry{}), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
}

func TestAnEntryIsThereBeforeTheRequestAndHasTheTasksAfterIt(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "not", "yet", "there")
	intent := begin(t, journal.At(dir), about("web-1"), about("web-2"))
	expect(t, dir, about("web-1"), about("web-2"))

	if err := intent.Accepted([]string{"t-1", "t-2"}); err != nil {
		t.Fatal(err)
	}
	one, two := about("web-1"), about("web-2")
	one.Outcome, one.Tasks = journal.Accepted, []string{"t-1", "t-2"}
	two.Outcome, two.Tasks = journal.Accepted, []string{"t-1", "t-2"}
	expect(t, dir, one, two)
}

func TestARefusedRequestLeavesNoEntry(t *testing.T) {
	dir := t.TempDir()
	j := journal.At(dir)
	begin(t, j, about("stays"))
	if err := begin(t, j, about("web-1"), about("web-2")).Withdraw(); err != nil {
		t.Fatal(err)
	}
	expect(t, dir, about("stays"))
}

func TestWhatTheStateHasIsForgottenAndNothingElse(t *testing.T) {
	others := []journal.Entry{about("web-10"), about("web"), about("WEB-1"), about("web-1.a"), about("web-1")}
	others[4].Project = "p-2"
	for name, change := range map[string]func(*journal.Key){
		"portal": func(k *journal.Key) { k.Portal = "http://127.0.0.1:1" }, "workspace": func(k *journal.Key) { k.Workspace = "test" },
	} {
		other := about("web-1")
		other.Operation = name
		change(&other.Key)
		others = append(others, other)
	}
	dir := t.TempDir()
	j := journal.At(dir)
	begin(t, j, about("web-1"))
	begin(t, j, about("web-1"))
	for _, other := range others {
		begin(t, j, other)
	}
	if err := j.Settle(about("web-1").Key); err != nil {
		t.Fatal(err)
	}
	left, err := j.Entries()
	if err != nil || len(left) != len(others) {
		t.Errorf("%d entries left, want %d; %v", len(left), len(others), err)
	}
	if left, err := j.About(about("web-1").Key); err != nil || len(left) != 0 {
		t.Errorf("still known: %v %v", left, err)
	}
	if err := j.Settle(about("web-1").Key); err != nil {
		t.Errorf("settled twice: %v", err)
	}
}

func TestTheLatestEntryAboutAMachineComesFirst(t *testing.T) {
	j := journal.At(t.TempDir())
	for _, hour := range []int{2, 3, 1} {
		e := about("web-1")
		e.Asked = asked.Add(time.Duration(hour) * time.Hour)
		begin(t, j, e)
	}
	got, err := j.About(about("web-1").Key)
	if err != nil {
		t.Fatal(err)
	}
	var hours []int
	for _, e := range got {
		hours = append(hours, int(e.Asked.Sub(asked).Hours()))
	}
	if diff := cmp.Diff([]int{3, 2, 1}, hours); diff != "" {
		t.Error(diff)
	}
}

func TestNamesThatNoFileCanHaveAreKept(t *testing.T) {
	dir := t.TempDir()
	j := journal.At(dir)
	long := strings.Repeat("あ", 100)
	names := []string{"../../etc/passwd", "con", "a.b", ".", "..", " ", "研究室-1", long, long + "2", "a/b\x00c", "%41", "A"}
	for _, name := range names {
		begin(t, j, about(name))
	}
	for _, name := range names {
		if got, err := j.About(about(name).Key); err != nil || len(got) != 1 || got[0].Name != name {
			t.Errorf("%q: %v %v", name, got, err)
		}
	}
}

func TestAPersonCanReadItAndGitLeavesItAlone(t *testing.T) {
	dir := t.TempDir()
	if err := begin(t, journal.At(dir), about("web-1")).Accepted([]string{"t-1"}); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "web-1.*.json"))
	if err != nil || len(files) != 1 {
		t.Fatalf("%v %v", files, err)
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(text, &fields); err != nil {
		t.Fatal(err)
	}
	for field, want := range map[string]any{
		"name": "web-1", "project": "p-1", "operation": "deploy VM", "asked": "2026-04-01T09:00:00Z", "outcome": "accepted",
		"portal": "https://oprpl.mdx.jp", "workspace": "default", "tasks": []any{"t-1"},
	} {
		if diff := cmp.Diff(want, fields[field]); diff != "" {
			t.Errorf("%s: %s", field, diff)
		}
	}
	if !strings.Contains(fmt.Sprint(fields["about"]), "When an apply is interrupted") {
		t.Errorf("about %v names no guide", fields["about"])
	}
	ignore, err := os.ReadFile(filepath.Join(dir, ".gitignore"))
	if err != nil || !strings.Contains(string(ignore), "\n*\n") {
		t.Errorf(".gitignore %q, %v", ignore, err)
	}
}

func TestNothingIsSentThatCouldNotBeNoted(t *testing.T) {
	place := filepath.Join(t.TempDir(), "journal")
	if err := os.WriteFile(place, []byte("a file where the folder should be"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := journal.At(place).Begin(about("web-1"))
	if err == nil {
		t.Fatal("begun without a journal")
	}
	for _, want := range []string{place, "could be lost", "MDX_JOURNAL_DIR"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q lacks %q", err, want)
		}
	}
}

func TestAClosedJournalTakesNothingMore(t *testing.T) {
	dir := t.TempDir()
	j := journal.At(dir)
	intent := begin(t, j, about("web-1"))
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := j.Begin(about("web-2"))
	for what, err := range map[string]error{
		"begin": err, "accepted": intent.Accepted(nil), "withdraw": intent.Withdraw(), "settle": j.Settle(about("web-1").Key),
	} {
		if !errors.Is(err, journal.ErrClosed) {
			t.Errorf("%s: %v", what, err)
		}
	}
	expect(t, dir, about("web-1"))
}

func TestAnEntryIsLiveUntilItsRequestIsOverOrItsWriterGone(t *testing.T) {
	dir := t.TempDir()
	writer := journal.At(dir)
	over := map[string]*journal.Intent{"accepted": nil, "lost": nil, "open": nil}
	for name := range over {
		over[name] = begin(t, writer, about(name))
	}
	reader := journal.At(dir)
	live := func(name string) bool {
		t.Helper()
		got, err := reader.About(about(name).Key)
		if err != nil || len(got) != 1 {
			t.Fatalf("%v %v", got, err)
		}
		return reader.Live(got[0])
	}
	if !live("accepted") || !live("lost") || !live("open") {
		t.Error("an entry whose request is under way is not live")
	}
	if err := errors.Join(over["accepted"].Accepted([]string{"t-1"}), over["lost"].Lost()); err != nil {
		t.Fatal(err)
	}
	if live("accepted") || live("lost") || !live("open") {
		t.Error("an entry is live just until its request is over")
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	if live("open") {
		t.Error("an entry whose writer is gone is live")
	}
}

func TestOnlyEntriesOfRunsBeforeAreEarlier(t *testing.T) {
	dir := t.TempDir()
	before, beside := journal.At(dir), journal.At(dir)
	begin(t, before, about("before"))
	this := journal.At(dir)
	begin(t, this, about("this"))
	begin(t, beside, about("beside"))
	entries, err := this.Entries()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if got, want := this.Earlier(e), e.Name == "before"; got != want {
			t.Errorf("%s: earlier is %v", e.Name, got)
		}
	}
}

func TestWhatTerraformWasAnsweredWithIsNoted(t *testing.T) {
	dir := t.TempDir()
	j := journal.At(dir)
	begin(t, j, about("web-1"), about("web-2"))
	if err := errors.Join(j.HandOver(about("web-1").Key), j.HandOver(about("web-3").Key)); err != nil {
		t.Fatal(err)
	}
	want := about("web-1")
	want.HandedOver = true
	expect(t, dir, want, about("web-2"))
}

func TestWhatNobodyHearsIsNotHandedOver(t *testing.T) {
	dir := t.TempDir()
	j := journal.At(dir)
	j.Unheard = func() bool { return true }
	begin(t, j, about("web-1"))
	done := begin(t, j, about("web-2"))
	if err := errors.Join(j.HandOver(about("web-1").Key), done.Done()); err != nil {
		t.Fatal(err)
	}
	want := about("web-2")
	want.Outcome = journal.Accepted
	expect(t, dir, about("web-1"), want)
}

func TestManyWritersShareAFolder(t *testing.T) {
	dir := t.TempDir()
	var wg sync.WaitGroup
	for w := range 8 {
		j := journal.At(dir)
		wg.Go(func() {
			for n := range 12 {
				e := about(fmt.Sprintf("vm-%d-%d", w, n))
				intent, err := j.Begin(e, about("shared"))
				if err == nil && n%3 == 0 {
					err = intent.Accepted([]string{"t"})
				}
				if err == nil && n%3 == 1 {
					err = intent.Withdraw()
				}
				if err != nil {
					t.Error(err)
				}
				if n%3 == 2 {
					if err := j.Settle(e.Key); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	wg.Wait()
	j := journal.At(dir)
	entries, err := j.Entries()
	if want := 8 * (4*2 + 4); err != nil || len(entries) != want {
		t.Errorf("%d entries, want %d; %v", len(entries), want, err)
	}
}

func TestWhatDeadProcessesLeaveIsSweptButNoEntry(t *testing.T) {
	dir := t.TempDir()
	begin(t, journal.At(dir), about("web-1"))
	old := time.Now().Add(-2 * time.Hour)
	for _, name := range []string{".draft-A", ".draft-B", ".alive-C"} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if name != ".draft-B" {
			if err := os.Chtimes(path, old, old); err != nil {
				t.Fatal(err)
			}
		}
	}
	begin(t, journal.At(dir), about("web-2"))
	left, err := filepath.Glob(filepath.Join(dir, ".[da]*-[ABC]"))
	if diff := cmp.Diff([]string{filepath.Join(dir, ".draft-B")}, left); err != nil || diff != "" {
		t.Error(err, diff)
	}
	expect(t, dir, about("web-1"), about("web-2"))
}

func TestWhereTheJournalIs(t *testing.T) {
	cwd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		env  map[string]string
		want string
	}{
		{"in Terraform's data folder", nil, filepath.Join(cwd, ".terraform", "mdx-journal")},
		{"wherever that is", map[string]string{"TF_DATA_DIR": "/data"}, "/data/mdx-journal"},
		{"where one wants it", map[string]string{"TF_DATA_DIR": "/data", "MDX_JOURNAL_DIR": "/keep"}, "/keep"},
		{"named from here", map[string]string{"MDX_JOURNAL_DIR": "keep"}, filepath.Join(cwd, "keep")},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := journal.Dir(func(k string) string { return c.env[k] }); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

func TestWhichWorkspaceIsInUse(t *testing.T) {
	data := t.TempDir()
	env := map[string]string{"TF_DATA_DIR": data}
	check := func(want string) {
		t.Helper()
		if got := journal.Workspace(func(k string) string { return env[k] }); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	check("default")
	if err := os.WriteFile(filepath.Join(data, "environment"), []byte("test\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	check("test")
	env["TF_WORKSPACE"] = "exam"
	check("exam")
}

func TestAnEntryOfTheFutureIsEarlierAllTheSame(t *testing.T) {
	dir := t.TempDir()
	begin(t, journal.At(dir), about("web-1"))
	files, err := filepath.Glob(filepath.Join(dir, "web-1.*.json"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(text, &fields); err != nil {
		t.Fatal(err)
	}
	fields["written"] = time.Now().Add(5 * time.Hour) // the clock was put back since
	if text, err = json.Marshal(fields); err == nil {
		err = os.WriteFile(files[0], text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	j := journal.At(dir)
	entries, err := j.Entries()
	if err != nil || len(entries) != 1 || !j.Earlier(entries[0]) {
		t.Errorf("%v, %v: not taken for one of an earlier run", entries, err)
	}
}

func TestAnEntryWhoseWriterWasKilledAfterThisRunBeganIsEarlier(t *testing.T) {
	dir := t.TempDir()
	this, beside := journal.At(dir), journal.At(dir)
	over := begin(t, beside, about("over"))
	begin(t, beside, about("open"))
	if err := over.Accepted(nil); err != nil {
		t.Fatal(err)
	}
	earlier := func() (names []string) {
		entries, err := this.Entries()
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if this.Earlier(e) {
				names = append(names, e.Name)
			}
		}
		return names
	}
	if names := earlier(); len(names) != 0 {
		t.Errorf("%v are of a run beside this one", names)
	}
	if err := beside.Close(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"open"}, earlier()); diff != "" {
		t.Error(diff)
	}
}

func TestADamagedFileDoesNotKeepOthersFromBeingHandedOver(t *testing.T) {
	dir := t.TempDir()
	j := journal.At(dir)
	begin(t, j, about("web-1"))
	if err := os.WriteFile(filepath.Join(dir, "web-1.torn.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := j.HandOver(about("web-1").Key); err == nil {
		t.Error("the damaged file is not told")
	}
	entries, _ := j.About(about("web-1").Key) // the damaged one again
	if len(entries) != 1 || !entries[0].HandedOver {
		t.Errorf("%+v", entries)
	}
}

func TestManyMayAskAtOnceWhetherAWriterLives(t *testing.T) {
	dir := t.TempDir()
	next, killed := journal.At(dir), journal.At(dir)
	begin(t, killed, about("web"))
	if err := killed.Close(); err != nil {
		t.Fatal(err)
	}
	entries, err := next.Entries()
	if err != nil || len(entries) != 1 {
		t.Fatal(entries, err)
	}
	var asking sync.WaitGroup
	for range 8 {
		asking.Go(func() {
			for range 1000 {
				if next.Live(entries[0]) || !next.Earlier(entries[0]) {
					t.Error("who looked whether it lives was taken for it")
					return
				}
			}
		})
	}
	asking.Wait()
}
