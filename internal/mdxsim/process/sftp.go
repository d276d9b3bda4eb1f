package process

import (
	"io"
	"os"
	"strings"

	gliderssh "github.com/gliderlabs/ssh"
	"github.com/pkg/sftp"
)

// sftp serves the host's files. While the password has expired it is closed at
// once, as sshd's is.
func (h *host) sftp(s gliderssh.Session) {
	h.mu.Lock()
	expired := h.expired && s.User() == h.user
	h.mu.Unlock()
	if expired {
		return
	}
	root, err := os.OpenRoot(h.root)
	if err != nil {
		return
	}
	defer func() { _ = root.Close() }() // it was only a handle
	files := disk{root}
	server := sftp.NewRequestServer(s, sftp.Handlers{FileGet: files, FilePut: files, FileCmd: files, FileList: files},
		sftp.WithStartDirectory("/home/"+h.user))
	_ = server.Serve() // ends with the session
}

// disk is a host's disk as sftp sees it; nothing leads out of it.
type disk struct{ root *os.Root }

// name is a path as the root wants it: relative.
func name(path string) string {
	if path = strings.TrimPrefix(path, "/"); path == "" {
		return "."
	}
	return path
}

// Fileread opens a file for reading.
func (d disk) Fileread(r *sftp.Request) (io.ReaderAt, error) { return d.root.Open(name(r.Filepath)) }

// Filewrite opens a file for writing.
func (d disk) Filewrite(r *sftp.Request) (io.WriterAt, error) {
	flags := os.O_WRONLY | os.O_CREATE
	if r.Pflags().Trunc {
		flags |= os.O_TRUNC
	}
	return d.root.OpenFile(name(r.Filepath), flags, 0o644)
}

// Filecmd changes names and attributes.
func (d disk) Filecmd(r *sftp.Request) error {
	switch r.Method {
	case "Rename", "PosixRename":
		return d.root.Rename(name(r.Filepath), name(r.Target))
	case "Remove":
		return d.root.Remove(name(r.Filepath))
	case "Rmdir":
		return d.root.Remove(name(r.Filepath))
	case "Mkdir":
		return d.root.Mkdir(name(r.Filepath), 0o755)
	case "Setstat":
		if r.AttrFlags().Permissions {
			return d.root.Chmod(name(r.Filepath), r.Attributes().FileMode().Perm())
		}
		return nil
	}
	return sftp.ErrSSHFxOpUnsupported
}

// Filelist lists folders and tells attributes.
func (d disk) Filelist(r *sftp.Request) (sftp.ListerAt, error) {
	if r.Method != "List" {
		info, err := d.root.Stat(name(r.Filepath))
		return lister{info}, err
	}
	folder, err := d.root.Open(name(r.Filepath))
	if err != nil {
		return nil, err
	}
	defer func() { _ = folder.Close() }() // it was only read
	entries, err := folder.Readdir(-1)
	return lister(entries), err
}

// lister is a list as sftp pages through it.
type lister []os.FileInfo

// ListAt copies from the list.
func (l lister) ListAt(to []os.FileInfo, from int64) (int, error) {
	if from >= int64(len(l)) {
		return 0, io.EOF
	}
	n := copy(to, l[from:])
	if n < len(to) {
		return n, io.EOF
	}
	return n, nil
}
