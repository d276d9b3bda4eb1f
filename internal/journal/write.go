package journal

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// Names that begin with a dot are no entries.
const (
	ignoreName  = ".gitignore"
	alivePrefix = ".alive-"
	draftPrefix = ".draft-"
)

func aliveName(writer string) string { return alivePrefix + writer }

// begin makes the folder, and tells those who read it that this writer lives.
func (j *Journal) begin() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed {
		return ErrClosed
	}
	if j.alive != nil {
		return nil
	}
	if err := j.makeDir(); err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(j.dir, ignoreName)); err != nil {
		if err := j.place(ignoreName, []byte("# What interrupted runs have left is this machine's own.\n*\n")); err != nil {
			return err
		}
	}
	j.sweep()
	alive := flock.New(filepath.Join(j.dir, aliveName(j.writer)), flock.SetPermissions(0o600))
	if _, err := alive.TryLock(); err != nil {
		return err
	}
	j.alive = alive
	return nil
}

// makeDir makes the folder, and those above it that are missing, for good: what is in a folder whose own name is lost in
// a power cut is lost with it.
func (j *Journal) makeDir() error {
	var missing []string
	for dir := j.dir; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(dir); err == nil || dir == filepath.Dir(dir) {
			break
		}
		missing = append(missing, dir)
	}
	if err := os.MkdirAll(j.dir, 0o700); err != nil {
		return err
	}
	for _, dir := range missing {
		if err := syncDir(filepath.Dir(dir)); err != nil {
			return err
		}
	}
	return nil
}

// write puts entries in their places, for good when it returns without an error.
func (j *Journal) write(entries []Entry) error {
	j.mu.Lock()
	closed := j.closed
	j.mu.Unlock()
	if closed {
		return ErrClosed
	}
	for _, e := range entries {
		data, err := e.encode()
		if err != nil {
			return err
		}
		if err := j.place(e.fileName(), data); err != nil {
			return err
		}
	}
	return syncDir(j.dir)
}

// place makes a file appear as a whole: it is written and synced under another name first.
func (j *Journal) place(name string, data []byte) (err error) {
	draft := filepath.Join(j.dir, draftPrefix+newID())
	defer func() {
		if err != nil {
			_ = os.Remove(draft) // if it stays, sweep finds it
		}
	}()
	f, err := os.OpenFile(draft, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(draft, filepath.Join(j.dir, name))
}

func (j *Journal) remove(name string) error {
	j.mu.Lock()
	closed := j.closed
	j.mu.Unlock()
	if closed {
		return ErrClosed
	}
	err := os.Remove(filepath.Join(j.dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// syncDir makes the names in a folder last.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil // has no such call; its file systems journal names themselves
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// sweptAfter is long after any draft was finished, and any writer that was just starting has its lock.
const sweptAfter = time.Hour

// sweep removes what dead processes left that is no entry. What can't be removed does no harm.
func (j *Journal) sweep() {
	files, err := os.ReadDir(j.dir)
	if err != nil {
		return
	}
	for _, f := range files {
		info, err := f.Info()
		if err != nil || time.Since(info.ModTime()) < sweptAfter {
			continue
		}
		path := filepath.Join(j.dir, f.Name())
		switch {
		case strings.HasPrefix(f.Name(), draftPrefix):
			_ = os.Remove(path)
		case strings.HasPrefix(f.Name(), alivePrefix):
			lock := flock.New(path)
			if free, err := lock.TryLock(); err == nil && free {
				_ = os.Remove(path)
			}
			_ = lock.Close()
		}
	}
}
