//go:build unix

package campaign

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/journal"
)

// withEach runs a test with each Terraform.
func withEach(t *testing.T, test func(b *binaryTrial)) {
	t.Helper()
	t.Parallel()
	for _, cli := range clis(t) {
		t.Run(cli.name, func(t *testing.T) {
			t.Parallel()
			test(newBinaryTrial(t, 0, cli.path))
		})
	}
}

// folder is another folder from which the same project is worked in.
func (b *binaryTrial) folder() *binaryTrial {
	b.t.Helper()
	other := *b
	other.trial = &trial{
		scenario: newScenario(0), t: b.t, sim: b.sim, gate: b.gate, token: b.token, others: b.others, state: map[string]instance{},
	}
	other.dir = b.t.TempDir()
	other.journal = filepath.Join(other.dir, ".terraform", "mdx-journal")
	return &other
}

// wants has the configuration hold these VMs.
func (b *binaryTrial) wants(names ...string) {
	b.clear()
	for _, name := range names {
		b.vms[name] = &machine{packs: 1}
	}
	b.write(b.wanted())
}

// begun is an apply under way; it answers what was said in the end.
func (b *binaryTrial) begun() func() (string, error) {
	c := b.terraform("apply", "-auto-approve")
	type end struct {
		out string
		err error
	}
	over := make(chan end, 1)
	go func() {
		out, err := c.run()
		over <- end{out, err}
	}()
	return func() (string, error) {
		e := <-over
		return e.out, e.err
	}
}

// says checks what was said.
func (b *binaryTrial) says(out string, want ...string) {
	b.t.Helper()
	text := strings.Join(strings.Fields(strings.ReplaceAll(out, "│", " ")), " ")
	for _, w := range want {
		if !strings.Contains(text, w) {
			b.t.Errorf("%q is not said in\n%s", w, out)
		}
	}
}

// made checks how many VMs were ever deployed, and that those are all there is.
func (b *binaryTrial) made(n int) {
	b.t.Helper()
	stats := b.sim.Stats()
	if there := len(b.inWorld().vms); stats.Deployed != n || there != n || len(stats.Duplicates) > 0 {
		b.t.Errorf("%d VMs were deployed, %d are there, want %d; duplicates %q", stats.Deployed, there, n, stats.Duplicates)
	}
}

func TestRealAppliesFromTwoFoldersAtOnceTakeTurns(t *testing.T) {
	withEach(t, func(b *binaryTrial) {
		other := b.folder()
		b.wants("a", "b")
		other.wants("c", "d")
		mine, theirs := b.begun(), other.begun()
		if out, err := mine(); err != nil {
			b.t.Error(err, out)
		}
		if out, err := theirs(); err != nil {
			b.t.Error(err, out)
		}
		b.made(4)
		if n := b.sim.Stats().Overlapping; n > 0 {
			b.t.Errorf("%d deploys were asked for while another was being answered", n)
		}
	})
}

func TestRealAppliesOfOneNameAtOnceMakeOneVM(t *testing.T) {
	withEach(t, func(b *binaryTrial) {
		other := b.folder()
		b.wants("a")
		other.wants("a")
		mine, theirs := b.begun(), other.begun()
		out, err := mine()
		more, moreErr := theirs()
		if (err == nil) == (moreErr == nil) {
			b.t.Fatalf("one must win:\n%v %s\n%v %s", err, out, moreErr, more)
		}
		loser, said := other, more
		if err != nil {
			loser, said = b, out
		}
		b.made(1)
		b.says(said, `"vm-a"`, "terraform import", b.inWorld().vms[0])
		again, err := loser.terraform("apply", "-auto-approve").run()
		if err == nil {
			b.t.Errorf("taken from its owner:\n%s", again)
		}
		b.made(1)
	})
}

func TestRealApplyWhoseTokenIsRevokedGoesOnWithAnother(t *testing.T) {
	withEach(t, func(b *binaryTrial) {
		b.wants("a", "b", "c")
		b.front.at(0, true, b.sim.ExpireTokens) // the first deploy's answer is lost besides
		out, err := b.terraform("apply", "-auto-approve").run()
		if err == nil {
			b.t.Fatal("applied with a token that nobody takes")
		}
		b.says(out, "issue a new one on the portal", "トークン発行")
		b.token = b.sim.IssueToken()
		b.converge(0)
		b.made(3)
		b.compare(0)
	})
}

func TestRealApplyOutlivesItsToken(t *testing.T) {
	withEach(t, func(b *binaryTrial) {
		b.token = b.sim.IssueToken()
		b.wants("a", "b")
		refreshed := b.sim.Stats().Routes["POST /api/refresh/"]
		b.front.at(0, false, b.front.refuse)
		if out, err := b.terraform("apply", "-auto-approve").run(); err != nil {
			b.t.Fatal(err, out)
		}
		if b.sim.Stats().Routes["POST /api/refresh/"] == refreshed {
			b.t.Error("the token was not refreshed")
		}
		b.made(2)
	})
}

func TestRealApplyOutlivesANetworkThatIsLostForMinutes(t *testing.T) {
	withEach(t, func(b *binaryTrial) {
		b.wants("a", "b", "c")
		b.front.at(0, true, func() {
			b.front.cut()
			time.AfterFunc(300*time.Millisecond, b.front.mend) // ten minutes at the portal
		})
		out, err := b.terraform("apply", "-auto-approve").run()
		b.t.Logf("the apply ended: %v\n%s", err, out)
		b.converge(0)
		b.made(3)
		b.compare(0)
	})
}

// smallDisk is a folder on a disk of one page. fill takes what is left, free gives it back.
func smallDisk(t *testing.T) (dir string, fill, free func()) {
	t.Helper()
	dir = t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"); err != nil {
		if os.Getenv("MDX_TEST_NOSKIP") == "" {
			t.Skipf("a small disk needs root: %v", err)
		}
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	filler := filepath.Join(dir, "filler")
	fill = func() {
		f, err := os.Create(filler)
		if err != nil {
			t.Error(err)
			return
		}
		for page := make([]byte, 4096); err == nil; {
			_, err = f.Write(page)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
	free = func() {
		if err := os.Remove(filler); err != nil {
			t.Error(err)
		}
	}
	return dir, fill, free
}

func TestRealApplyDeploysNothingWhenTheDiskUnderTheJournalIsFull(t *testing.T) {
	withEach(t, func(b *binaryTrial) {
		disk, fill, free := smallDisk(b.t)
		b.journal = filepath.Join(disk, "journal")
		b.wants("a")
		fill()
		out, err := b.terraform("apply", "-auto-approve").run()
		if err == nil {
			b.t.Error("applied without a journal")
		}
		b.says(out, "make room there, or choose another folder with MDX_JOURNAL_DIR", "no space left on device")
		b.made(0)
		free()
		b.converge(0)
		b.made(1)
		b.compare(0)
	})
}

func TestRealApplyGoesOnWhenTheDiskFillsUpAfterTheRequest(t *testing.T) {
	withEach(t, func(b *binaryTrial) {
		disk, fill, free := smallDisk(b.t)
		b.journal = filepath.Join(disk, "journal")
		b.wants("a")
		b.front.at(0, false, fill) // the entry is there, and its outcome has no room
		if out, err := b.terraform("apply", "-auto-approve").run(); err != nil {
			b.t.Error(err, out)
		}
		b.made(1)
		free()
		b.converge(0)
		b.made(1)
		b.compare(0)
	})
}

// chain has VMs that are made one after the other.
func (b *binaryTrial) chain(names ...string) {
	b.wants(names...)
	wanted := b.wanted()
	for i, name := range names[1:] {
		wanted["mdx_vm."+name].attributes["depends_on"] = list{"mdx_vm." + names[i]}
	}
	b.write(wanted)
}

// inStateFile tells whether the state on the disk has a VM.
func (b *binaryTrial) inStateFile(name string) bool {
	text, err := os.ReadFile(filepath.Join(b.dir, "terraform.tfstate"))
	return err == nil && strings.Contains(string(text), `"vm-`+name+`"`)
}

// OpenTofu writes its state every twenty seconds: what was finished since is lost with it, unless the journal has it.
func TestRealApplyThatIsKilledBetweenStateWritesIsTakenUp(t *testing.T) {
	withEach(t, func(b *binaryTrial) {
		b.chain("a", "b", "c")
		c := b.terraform("apply", "-auto-approve")
		b.front.at(2, true, func() { // a and b are finished
			killBoth(c.Process.Pid)
		})
		_ = c.Run() // it was killed
		if strings.HasSuffix(b.binary, "tofu") && b.inStateFile("b") {
			b.t.Error("the state was written: the test proves nothing")
		}
		b.jump(-5 * time.Hour) // and the clock was put back meanwhile
		b.converge(0)
		b.made(3)
		b.compare(0)
	})
}

// What is destroyed right after a kill is told where the state does not know it.
func TestRealDestroyAfterAKillTellsWhatOnlyTheJournalHas(t *testing.T) {
	withEach(t, func(b *binaryTrial) {
		b.wants("a")
		c := b.terraform("apply", "-auto-approve")
		b.front.at(0, true, func() {
			killBoth(c.Process.Pid)
		})
		_ = c.Run() // it was killed
		out, err := b.terraform("destroy", "-auto-approve").run()
		if err != nil {
			b.t.Error(err, out)
		}
		// With nothing in the state Terraform need not ask the provider; a plan of the configuration does.
		out, err = b.terraform("plan").run()
		if err != nil {
			b.t.Error(err, out)
		}
		b.says(out, `VM "vm-a" was left by an interrupted run`)
		b.converge(0)
		b.made(1)
		entries, err := journal.At(b.journal).Entries()
		if err != nil || len(entries) > 0 {
			b.t.Errorf("%v, %v", entries, err)
		}
	})
}
