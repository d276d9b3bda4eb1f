package journal

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gofrs/flock"
)

// Journal is a folder of entries. It is safe for concurrent use, by several processes as well.
type Journal struct {
	// Unheard, if set, tells whether Terraform is gone. What it is answered then is not handed over.
	Unheard func() bool

	dir    string
	writer string          // this journal's name among those who write into the folder
	found  map[string]bool // the files that were there when it was opened

	mu     sync.Mutex
	alive  *flock.Flock // held from the first intent on
	closed bool
}

// At is the journal in a folder, which is made when there is something to write.
func At(dir string) *Journal {
	j := &Journal{dir: dir, writer: newID(), found: map[string]bool{}}
	files, _ := os.ReadDir(dir) // where it can't be read, whoever reads or writes is told
	for _, f := range files {
		j.found[f.Name()] = true
	}
	return j
}

// Dir tells where the journal is.
func (j *Journal) Dir() string { return j.dir }

// Close gives up the journal, as the end of the process does: what was written stays, and from now on the entries
// count as left behind. Later writes fail with [ErrClosed].
func (j *Journal) Close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.closed = true
	if j.alive == nil {
		return nil
	}
	return j.alive.Close()
}

// ErrClosed is the error of writing to a journal that was closed.
var ErrClosed = errors.New("the journal is closed")

// Intent is what one request is about to make. Its methods are not meant to run at once.
type Intent struct {
	journal *Journal
	entries []Entry
}

// Begin notes machines that one request is about to ask for. When it returns without an error, the entries are on
// the disk; with an error there are none, and nothing may be sent.
func (j *Journal) Begin(entries ...Entry) (*Intent, error) {
	i := &Intent{journal: j}
	id := newID()
	for _, e := range entries {
		e.id, e.writer, e.written, e.Outcome, e.Tasks, e.HandedOver = id, j.writer, time.Now().UTC(), Open, nil, false
		i.entries = append(i.entries, e)
	}
	if err := j.begin(); err != nil {
		return nil, j.failed(err)
	}
	if err := j.write(i.entries); err != nil {
		return nil, j.failed(errors.Join(err, i.Withdraw()))
	}
	return i, nil
}

// failed says what to do about a journal that can't be written.
func (j *Journal) failed(err error) error {
	return fmt.Errorf("can't write the journal in %s, without which a VM could be lost if this run is interrupted (make room "+
		"there, or choose another folder with MDX_JOURNAL_DIR): %w", j.dir, err)
}

// Accepted notes that the portal took the request, and the tasks that it answered with.
func (i *Intent) Accepted(tasks []string) error { return i.over(Accepted, tasks) }

// Done notes that the request is over, and that Terraform is answered with all that came of it.
func (i *Intent) Done() error {
	for k := range i.entries {
		i.entries[k].HandedOver = !i.journal.unheard()
	}
	return i.over(Accepted, nil)
}

// Lost notes that the request is over, and that nobody knows whether the portal took it.
func (i *Intent) Lost() error { return i.over(Lost, nil) }

func (i *Intent) over(outcome Outcome, tasks []string) error {
	for k := range i.entries {
		i.entries[k].Outcome, i.entries[k].Tasks = outcome, slices.Clone(tasks)
	}
	return i.journal.write(i.entries)
}

// Withdraw takes the entries back, since nothing came of the request for certain.
func (i *Intent) Withdraw() error {
	var failed []error
	for _, e := range i.entries {
		failed = append(failed, i.journal.remove(e.fileName()))
	}
	// An entry that came back after a power cut would claim a VM that somebody else has made since.
	return errors.Join(append(failed, syncDir(i.journal.dir))...)
}

// About lists the entries about a machine, the latest first. It fails only when the folder can't be read; damaged
// files are told in an error too, but along with the entries that could be read.
func (j *Journal) About(key Key) ([]Entry, error) {
	entries, err := j.read(func(file string) bool { return strings.HasPrefix(file, namePrefix(key.Name)) })
	return slices.DeleteFunc(entries, func(e Entry) bool { return e.Key != key }), err
}

// Entries lists all entries, the latest first, as [Journal.About] does.
func (j *Journal) Entries() ([]Entry, error) {
	return j.read(func(string) bool { return true })
}

func (j *Journal) read(wanted func(file string) bool) ([]Entry, error) {
	files, err := os.ReadDir(j.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	failed := []error{err}
	var entries []Entry
	for _, f := range files {
		if !f.Type().IsRegular() || strings.HasPrefix(f.Name(), ".") || !strings.HasSuffix(f.Name(), suffix) || !wanted(f.Name()) {
			continue
		}
		e, err := j.readFile(f.Name())
		switch {
		case err == nil:
			entries = append(entries, e)
		case !errors.Is(err, fs.ErrNotExist): // settled meanwhile
			failed = append(failed, fmt.Errorf("%s: %w", filepath.Join(j.dir, f.Name()), err))
		}
	}
	slices.SortStableFunc(entries, func(a, b Entry) int { return cmp.Or(b.Asked.Compare(a.Asked), cmp.Compare(a.file, b.file)) })
	return entries, errors.Join(failed...)
}

func (j *Journal) readFile(name string) (Entry, error) {
	f, err := os.Open(filepath.Join(j.dir, name))
	if err != nil {
		return Entry{}, err
	}
	data, err := io.ReadAll(io.LimitReader(f, maxSize))
	if err := errors.Join(err, f.Close()); err != nil {
		return Entry{}, err
	}
	e, err := decode(data)
	e.file = name
	return e, err
}

// HandOver notes that Terraform was answered with a machine.
func (j *Journal) HandOver(key Key) error {
	entries, err := j.About(key)
	return errors.Join(err, j.HandOverThese(entries))
}

// HandOverThese notes that Terraform was answered with what entries are about.
func (j *Journal) HandOverThese(entries []Entry) error {
	if len(entries) == 0 || j.unheard() {
		return nil
	}
	entries = slices.Clone(entries)
	for i := range entries {
		entries[i].HandedOver = true
	}
	return j.write(entries)
}

func (j *Journal) unheard() bool { return j.Unheard != nil && j.Unheard() }

// Settle forgets a machine, since the state has it, or it is gone.
func (j *Journal) Settle(key Key) error {
	entries, err := j.About(key)
	return errors.Join(err, j.Forget(entries))
}

// Forget removes entries that have done their work.
func (j *Journal) Forget(entries []Entry) error {
	var failed []error
	for _, e := range entries {
		failed = append(failed, j.remove(e.file))
	}
	return errors.Join(failed...)
}

// Live tells whether an entry's request is still under way: whoever wrote it lives, and has not said that it is over.
func (j *Journal) Live(e Entry) bool {
	if e.Outcome != Open {
		return false
	}
	path := filepath.Join(j.dir, aliveName(e.writer))
	if _, err := os.Stat(path); err != nil {
		return false
	}
	lock := flock.New(path, flock.SetFlag(os.O_RDWR))
	free, err := lock.TryRLock() // shared with all who look, so that none takes another for the writer
	defer func() { _ = lock.Close() }()
	return err == nil && !free
}

// Written is when an entry was begun, by this machine's clock.
func (e Entry) Written() time.Time { return e.written }

// Earlier tells whether an entry is of a run before this one, and not of this one or beside it: it was there when this
// journal was opened, or its writer was killed since, in the middle of a request. No clock is asked: it may have jumped.
func (j *Journal) Earlier(e Entry) bool {
	return e.writer != j.writer && (j.found[e.file] || e.Outcome == Open && !j.Live(e))
}

const (
	idLength  = 26
	idLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
)

func newID() string { return rand.Text()[:idLength] }
