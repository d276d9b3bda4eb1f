package process

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	gliderssh "github.com/gliderlabs/ssh"
	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/interp"
	"mvdan.cc/sh/v3/syntax"
)

// shell runs commands on a host, or in a container of it: in a folder, with
// stand-ins for programs.
type shell struct {
	host     *host
	root     string
	user     string
	home     string
	programs map[string]program
}

// program is a stand-in. What it returns is the exit status; 0 is success.
type program func(ctx context.Context, s *shell, p *process) int

// process is a program that runs.
type process struct {
	args           []string // the first is its name
	dir            string   // the host's
	env            expand.Environ
	stdin          io.Reader
	stdout, stderr io.Writer
}

// fail says why a program fails, and is its exit status.
func (p *process) fail(code int, format string, args ...any) int {
	_, _ = fmt.Fprintf(p.stderr, format+"\n", args...) // nobody may be listening
	return code
}

// say is a line on standard output; always 0.
func (p *process) say(format string, args ...any) int {
	_, _ = fmt.Fprintf(p.stdout, format+"\n", args...) // nobody may be listening
	return 0
}

// shell is the host's, for its user.
func (h *host) shell(user string) *shell {
	home := "/home/" + user
	if user == "root" {
		home = "/root"
	}
	return &shell{host: h, root: h.root, user: user, home: home, programs: hostPrograms()}
}

// runCommand runs an SSH session's command; its exit status.
func (h *host) runCommand(s gliderssh.Session) int {
	h.backend.hear(s.RawCommand())
	sh := h.shell(s.User())
	p := &process{dir: sh.home, env: expand.ListEnviron(sh.environ()...), stdin: s, stdout: s, stderr: s.Stderr()}
	return sh.run(s.Context(), p, s.RawCommand())
}

func (sh *shell) environ() []string {
	return []string{
		"HOME=" + sh.home, "USER=" + sh.user, "LOGNAME=" + sh.user, "SHELL=/bin/sh", "LANG=C.UTF-8",
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
	}
}

// devTCP is bash's way to read the greeting of a port; the interpreter knows no
// such files, so it becomes a program.
var devTCP = regexp.MustCompile(`exec (\d)<>/dev/tcp/([^/\s]+)/(\d+)\s*&&\s*head -c (\d+) <&(\d)`)

// run interprets a script; its exit status.
func (sh *shell) run(ctx context.Context, p *process, script string, args ...string) int {
	script = devTCP.ReplaceAllString(script, "mdxsim-greeting $2 $3 $4")
	file, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(strings.NewReader(script), "")
	if err != nil {
		return p.fail(2, "sh: %v", err)
	}
	runner, err := interp.New(
		interp.Env(p.env), interp.StdIO(p.stdin, p.stdout, p.stderr), interp.Params(append([]string{"--"}, args...)...),
		interp.CallHandler(rewriteCall), interp.ExecHandlers(func(interp.ExecHandlerFunc) interp.ExecHandlerFunc { return sh.exec }),
		interp.OpenHandler(sh.open), interp.StatHandler(sh.stat), interp.ReadDirHandler2(sh.readDir),
		interp.AccessHandler(func(ctx context.Context, path string, _ interp.AccessMode) error {
			_, err := sh.stat(ctx, path, true)
			return err
		}),
	)
	if err != nil {
		return p.fail(2, "sh: %v", err)
	}
	runner.Dir = p.dir
	err = runner.Run(ctx, file)
	var status interp.ExitStatus
	switch {
	case errors.As(err, &status):
		return int(status)
	case err != nil:
		return p.fail(2, "sh: %v", err)
	}
	return 0
}

// rewriteCall replaces builtins that the interpreter lacks, or that would look
// at this machine.
func rewriteCall(_ context.Context, args []string) ([]string, error) {
	switch {
	case args[0] == "umask":
		return []string{"true"}, nil
	case args[0] == "command" && len(args) > 2 && args[1] == "-v":
		return append([]string{"which"}, args[2:]...), nil
	}
	return args, nil
}

// exec runs a program: a stand-in, or a file tool of this machine's on the
// host's files.
func (sh *shell) exec(ctx context.Context, args []string) error {
	hc := interp.HandlerCtx(ctx)
	p := &process{args: args, dir: hc.Dir, env: hc.Env, stdin: hc.Stdin, stdout: hc.Stdout, stderr: hc.Stderr}
	if p.stdin == nil {
		p.stdin = bytes.NewReader(nil)
	}
	if code := sh.start(ctx, p); code != 0 {
		return interp.ExitStatus(code) //nolint:gosec // exit statuses fit
	}
	return nil
}

func (sh *shell) start(ctx context.Context, p *process) int {
	name := filepath.Base(p.args[0])
	if known := sh.programs[name]; known != nil {
		return known(ctx, sh, p)
	}
	if fileTools[name] != 0 {
		return sh.tool(ctx, p, name)
	}
	return p.fail(127, "sh: %s: command not found (this host is a stand-in and does not have everything)", name)
}

// fileTools are programs of this machine that work on the host's files: what
// they are given as a path is taken to be the host's. Of those that also take
// words which begin with a slash, such as sed's, only what exists on the host is
// taken for a path; of those that only look at names, nothing is.
var fileTools = map[string]pathRule{
	"awk": pathsThatExist, "base64": allPaths, "basename": noPaths, "cat": allPaths, "chmod": allPaths, "cmp": allPaths, "cp": allPaths,
	"cut": allPaths, "date": noPaths, "diff": allPaths, "dirname": noPaths, "du": allPaths, "expr": noPaths, "false": noPaths,
	"find": allPaths, "grep": pathsThatExist, "head": allPaths, "install": allPaths, "ln": allPaths, "ls": allPaths, "md5sum": allPaths,
	"mkdir": allPaths, "mktemp": allPaths, "mv": allPaths, "readlink": allPaths, "rm": allPaths, "rmdir": allPaths,
	"sed": pathsThatExist, "seq": noPaths, "sha256sum": allPaths, "sleep": noPaths, "sort": allPaths, "stat": allPaths, "tail": allPaths,
	"tee": allPaths, "touch": allPaths, "tr": noPaths, "true": noPaths, "uniq": allPaths, "wc": allPaths,
}

type pathRule int

const (
	allPaths pathRule = iota + 1
	pathsThatExist
	noPaths
)

// tool runs one of this machine's file tools inside the host's folder.
func (sh *shell) tool(ctx context.Context, p *process, name string) int {
	args := slices.Clone(p.args[1:])
	rule := fileTools[name]
	for i, arg := range args {
		option, value, isOption := strings.Cut(arg, "=")
		switch {
		case strings.HasPrefix(arg, "/") && (rule == allPaths || rule == pathsThatExist && sh.exists(arg)):
			args[i] = inside(sh.root, arg)
		case isOption && strings.HasPrefix(arg, "--") && strings.HasPrefix(value, "/") && rule == allPaths:
			args[i] = option + "=" + inside(sh.root, value)
		}
	}
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = inside(sh.root, p.dir)
	cmd.Env = append(cmd.Env, "PATH="+os.Getenv("PATH"), "LC_ALL=C.UTF-8")
	var out, complaints bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = p.stdin, &out, &complaints
	err := cmd.Run()
	for from, to := range map[*bytes.Buffer]io.Writer{&out: p.stdout, &complaints: p.stderr} {
		_, _ = to.Write(bytes.ReplaceAll(from.Bytes(), []byte(sh.root), nil)) // nobody may be listening
	}
	var failed *exec.ExitError
	switch {
	case errors.As(err, &failed):
		return max(1, failed.ExitCode())
	case err != nil:
		return p.fail(126, "%s: %v", name, err)
	}
	return 0
}

// exists says whether the host has a file or folder.
func (sh *shell) exists(path string) bool {
	_, err := os.Lstat(inside(sh.root, path))
	return err == nil
}

// at is where a path of the host, seen from its folder dir, is on this machine.
func (sh *shell) at(dir, path string) string {
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	if path == os.DevNull {
		return path
	}
	return inside(sh.root, path)
}

func (sh *shell) open(ctx context.Context, path string, flag int, perm os.FileMode) (io.ReadWriteCloser, error) {
	file, err := os.OpenFile(sh.at(interp.HandlerCtx(ctx).Dir, path), flag, perm)
	if failed, is := errors.AsType[*fs.PathError](err); is {
		return nil, &fs.PathError{Op: failed.Op, Path: path, Err: failed.Err}
	}
	return file, err
}

func (sh *shell) stat(ctx context.Context, path string, follow bool) (fs.FileInfo, error) {
	if file := sh.at(interp.HandlerCtx(ctx).Dir, path); follow {
		return os.Stat(file)
	}
	return os.Lstat(sh.at(interp.HandlerCtx(ctx).Dir, path))
}

func (sh *shell) readDir(ctx context.Context, path string) ([]fs.DirEntry, error) {
	return os.ReadDir(sh.at(interp.HandlerCtx(ctx).Dir, path))
}
