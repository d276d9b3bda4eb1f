package process

import (
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// hostPrograms are the stand-ins of a host.
func hostPrograms() map[string]program {
	return map[string]program{
		"sudo": sudo, "sh": runShell, "bash": runShell, "env": env, "timeout": timeout, "which": which,
		"chown": quiet, "chgrp": quiet, "sync": quiet, "install": install, "stat": stat, "getent": getent, "id": id, "uname": uname,
		"whoami": whoami, "hostname": hostname, "hostnamectl": hostnamectl, "systemctl": systemctl, "systemd-run": systemdRun,
		"reboot": rebootProgram, "update-grub": updateGrub, "sshd": sshd, "ss": ss, "ip": ip, "ping": ping, "netplan": netplan,
		"apt-get": aptGet, "apt-cache": aptCache, "dpkg": dpkg, "dpkg-query": dpkgQuery, "curl": curl, "docker": dockerCommand,
		"cloud-init": quiet, "ssh-keygen": hostKeygen, "mdxsim-greeting": greeting,
	}
}

// quiet is a program that does nothing here and succeeds.
func quiet(context.Context, *shell, *process) int { return 0 }

// sudo needs no password and changes no user: everything is root's here.
func sudo(ctx context.Context, sh *shell, p *process) int {
	rest := p.args[1:]
	for len(rest) > 0 && strings.HasPrefix(rest[0], "-") {
		takesValue := rest[0] == "-u" || rest[0] == "-g"
		rest = rest[1:]
		if takesValue && len(rest) > 0 {
			rest = rest[1:]
		}
	}
	if len(rest) == 0 {
		return p.fail(1, "usage: sudo [-n] command")
	}
	root := *sh
	root.user = "root"
	q := *p
	q.args = rest
	return root.start(ctx, &q)
}

// runShell is sh -c, sh -s, or sh FILE.
func runShell(ctx context.Context, sh *shell, p *process) int {
	rest := p.args[1:]
	for len(rest) > 0 && strings.HasPrefix(rest[0], "-") && rest[0] != "-c" && rest[0] != "-s" {
		rest = rest[1:] // -e, -x and the like
	}
	switch {
	case len(rest) > 1 && rest[0] == "-c":
		return sh.run(ctx, p, rest[1], rest[min(len(rest), 3):]...)
	case len(rest) > 0 && rest[0] != "-s":
		text, err := os.ReadFile(sh.at(p.dir, rest[0]))
		if err != nil {
			return p.fail(127, "sh: %s: not found", rest[0])
		}
		return sh.run(ctx, p, string(text), rest[1:]...)
	}
	text, err := io.ReadAll(p.stdin)
	if err != nil {
		return p.fail(2, "sh: %v", err)
	}
	q := *p
	q.stdin = strings.NewReader("")
	return sh.run(ctx, &q, string(text), rest[min(len(rest), 1):]...)
}

// env runs a program; what it sets is not passed on.
func env(ctx context.Context, sh *shell, p *process) int {
	rest := slices.DeleteFunc(slices.Clone(p.args[1:]), func(arg string) bool { return strings.Contains(arg, "=") })
	if len(rest) == 0 {
		return p.say("%s", strings.Join(sh.environ(), "\n"))
	}
	q := *p
	q.args = rest
	return sh.start(ctx, &q)
}

func timeout(ctx context.Context, sh *shell, p *process) int {
	if len(p.args) < 3 {
		return p.fail(125, "usage: timeout DURATION COMMAND")
	}
	seconds, err := strconv.ParseFloat(strings.TrimSuffix(p.args[1], "s"), 64)
	if err != nil {
		return p.fail(125, "timeout: invalid time interval '%s'", p.args[1])
	}
	ctx, cancel := context.WithTimeout(ctx, time.Duration(seconds*float64(time.Second)))
	defer cancel()
	q := *p
	q.args = p.args[2:]
	code := sh.start(ctx, &q)
	if ctx.Err() != nil {
		return 124
	}
	return code
}

// which tells programs that the host has. Docker's are there once installed.
func which(_ context.Context, sh *shell, p *process) int {
	code := 0
	for _, name := range p.args[1:] {
		has := sh.programs[name] != nil || fileTools[name] != 0
		if name == "docker" || name == "dockerd" || name == "containerd" {
			has = sh.host.installed("docker-ce")
		}
		if !has {
			code = 1
			continue
		}
		p.say("/usr/bin/%s", name)
	}
	return code
}

// install makes folders or copies files; owners are everybody's here.
func install(ctx context.Context, sh *shell, p *process) int {
	args := []string{"install"}
	for i := 1; i < len(p.args); i++ {
		if p.args[i] == "-o" || p.args[i] == "-g" {
			i++
			continue
		}
		args = append(args, p.args[i])
	}
	q := *p
	q.args = args
	return sh.tool(ctx, &q, "install")
}

// stat tells what kind of file system the cgroups are on; all else is this
// machine's stat.
func stat(ctx context.Context, sh *shell, p *process) int {
	if p.args[len(p.args)-1] != "/sys/fs/cgroup" {
		return sh.tool(ctx, p, "stat")
	}
	sh.host.mu.Lock()
	defer sh.host.mu.Unlock()
	if sh.host.cgroup == 2 {
		return p.say("cgroup2fs")
	}
	return p.say("tmpfs")
}

func getent(_ context.Context, sh *shell, p *process) int {
	if len(p.args) != 3 || p.args[1] != "passwd" {
		return 1
	}
	switch p.args[2] {
	case "root":
		return p.say("root:x:0:0:root:/root:/bin/bash")
	case sh.host.user:
		return p.say("%s:x:1000:1000::/home/%s:/bin/bash", sh.host.user, sh.host.user)
	}
	return 2
}

func id(_ context.Context, sh *shell, p *process) int {
	if sh.user == "root" {
		if slices.Contains(p.args, "-u") {
			return p.say("0")
		}
		return p.say("uid=0(root) gid=0(root) groups=0(root)")
	}
	if slices.Contains(p.args, "-u") {
		return p.say("1000")
	}
	return p.say("uid=1000(%s) gid=1000(%s) groups=1000(%s),27(sudo)", sh.user, sh.user, sh.user)
}

func whoami(_ context.Context, sh *shell, p *process) int { return p.say("%s", sh.user) }

func uname(_ context.Context, sh *shell, p *process) int {
	switch {
	case slices.Contains(p.args, "-r"):
		return p.say("5.15.0-stand-in")
	case slices.Contains(p.args, "-m"):
		return p.say("x86_64")
	case slices.Contains(p.args, "-n"):
		return p.say("%s", strings.TrimSpace(read(sh.root, "/etc/hostname")))
	}
	return p.say("Linux")
}

// curl fetches nothing from anywhere, and writes a note where it was to write.
func curl(_ context.Context, sh *shell, p *process) int {
	note := "fetched by a stand-in: " + p.args[len(p.args)-1] + "\n"
	i := slices.IndexFunc(p.args, func(arg string) bool { return arg == "-o" || arg == "--output" })
	if i < 0 || i+1 >= len(p.args) {
		return p.say("%s", note)
	}
	if err := os.WriteFile(sh.at(p.dir, p.args[i+1]), []byte(note), 0o644); err != nil { //nolint:gosec // a throw-away file
		return p.fail(23, "curl: (23) %s", filepath.Base(p.args[i+1]))
	}
	return 0
}

// greeting reads the first bytes that a port of the host's sends.
func greeting(ctx context.Context, sh *shell, p *process) int {
	if len(p.args) != 4 {
		return 2
	}
	address := p.args[1]
	if address == "127.0.0.1" || address == "localhost" {
		address = sh.host.where().String()
	}
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", net.JoinHostPort(address, p.args[2]))
	if err != nil {
		return p.fail(1, "bash: connect: Connection refused")
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	defer func() { _ = conn.Close() }() // it was only read
	n, err := strconv.ParseInt(p.args[3], 10, 32)
	if err != nil {
		return 2
	}
	if _, err := io.CopyN(p.stdout, conn, n); err != nil {
		return 1
	}
	return 0
}
