//go:build unix

package journal_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"go.uber.org/goleak"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/journal"
)

// TestMain lets the test binary play other processes.
func TestMain(m *testing.M) {
	switch os.Getenv("JOURNAL_TEST_PROCESS") {
	case "":
		goleak.VerifyTestMain(m)
	case "writes and hangs":
		_, err := journal.At(os.Args[1]).Begin(about("web-1"))
		fmt.Println("begun", err)
		_, _ = io.Copy(io.Discard, os.Stdin) // until it is killed
	case "has little room":
		signal.Ignore(syscall.SIGXFSZ)
		limit := syscall.Rlimit{Cur: 100, Max: 100}
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
			fmt.Println(err)
			return
		}
		_, err := journal.At(os.Args[1]).Begin(about("web-1"), about("web-2"))
		fmt.Println(err)
	}
}

// process starts the test binary as another process.
func process(t *testing.T, role, dir string) (cmd *exec.Cmd, said *bufio.Reader) {
	t.Helper()
	cmd = exec.CommandContext(t.Context(), os.Args[0], dir)
	cmd.Env = append(os.Environ(), "JOURNAL_TEST_PROCESS="+role)
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, bufio.NewReader(out)
}

func TestAKilledProcessLeavesItsEntryAndIsKnownToBeGone(t *testing.T) {
	dir := t.TempDir()
	cmd, said := process(t, "writes and hangs", dir)
	if line, err := said.ReadString('\n'); err != nil || line != "begun <nil>\n" {
		t.Fatal(line, err)
	}
	expect(t, dir, about("web-1"))
	j := journal.At(dir)
	entries, err := j.Entries()
	if err != nil || !j.Live(entries[0]) {
		t.Errorf("its writer lives, %v", err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	expect(t, dir, about("web-1"))
	if j.Live(entries[0]) {
		t.Error("its writer is gone")
	}
}

func TestAFullDiskMeansNoRequestAndNoHalfEntry(t *testing.T) {
	dir := t.TempDir()
	cmd, said := process(t, "has little room", dir)
	line, err := said.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{dir, "make room", "file too large"} {
		if !strings.Contains(line, want) {
			t.Errorf("error %q lacks %q", line, want)
		}
	}
	expect(t, dir)
	if left, err := filepath.Glob(filepath.Join(dir, ".draft-*")); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
