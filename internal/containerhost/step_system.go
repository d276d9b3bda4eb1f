package containerhost

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/crypto/ssh"
)

// aptTimers ends the unattended apt jobs: one that starts at the wrong moment makes apt-get meet a held lock. A job
// that is running already is left to finish, since dpkg does not like to be cut off; see [aptGet].
var aptTimers = step{
	name:  "apt-timers",
	limit: 2 * time.Minute,
	check: func(_ context.Context, s *session) (string, error) {
		var busy []string
		for _, unit := range s.facts.aptUnits {
			if strings.HasSuffix(unit, ".timer") {
				busy = append(busy, unit)
			}
		}
		if len(busy) > 0 {
			return strings.Join(busy, " and ") + " would take dpkg's lock", nil
		}
		return "", nil
	},
	apply: func(ctx context.Context, s *session) error {
		_, err := s.run(ctx, command{about: "stopping the apt timers", script: aptTimersScript})
		return err
	},
}

// The services are disabled too; that is an error on distributions where nothing enables them.
const aptTimersScript = `systemctl disable --now apt-daily.timer apt-daily-upgrade.timer || exit
systemctl disable apt-daily.service apt-daily-upgrade.service 2>/dev/null || true`

// hostname names the host, in /etc/hosts too: sudo looks its own host up.
var hostname = step{
	name:  "hostname",
	limit: time.Minute,
	check: func(_ context.Context, s *session) (string, error) {
		switch {
		case s.facts.hostname != s.spec.Hostname:
			return fmt.Sprintf("the host is called %q", s.facts.hostname), nil
		case !namesItself(s.facts.hosts, s.spec.Hostname):
			return hostsFile + " does not know the host's name", nil
		}
		return "", nil
	},
	apply: func(ctx context.Context, s *session) error {
		if hosts := nameItself(s.facts.hosts, s.spec.Hostname); hosts != s.facts.hosts {
			if _, err := s.run(ctx, rewriteFile(hostsFile, []byte(hosts))); err != nil {
				return err
			}
		}
		_, err := s.run(ctx, program("setting the host name", "hostnamectl", "set-hostname", s.spec.Hostname))
		return err
	},
}

// ownAddress is where Debian and Ubuntu put a host's own name.
const ownAddress = "127.0.1.1"

// namesItself tells whether a hosts file has a line for the name.
func namesItself(hosts, name string) bool {
	for line := range strings.Lines(hosts) {
		line, _, _ = strings.Cut(line, "#")
		if f := strings.Fields(line); len(f) > 1 && slices.Contains(f[1:], name) {
			return true
		}
	}
	return false
}

// nameItself gives the hosts file with the one line for the host's own name, and the rest as it was.
func nameItself(hosts, name string) string {
	if namesItself(hosts, name) {
		return hosts
	}
	var b strings.Builder
	for line := range strings.Lines(hosts) {
		if f := strings.Fields(line); len(f) > 0 && f[0] == ownAddress {
			continue
		}
		b.WriteString(strings.TrimRight(line, "\n") + "\n")
	}
	short, _, _ := strings.Cut(name, ".")
	b.WriteString(ownAddress + " " + name)
	if short != name {
		b.WriteString(" " + short)
	}
	return b.String() + "\n"
}

// authorizedKeys lets more keys in, once each.
var authorizedKeys = step{
	name:  "authorized-keys",
	limit: time.Minute,
	check: func(_ context.Context, s *session) (string, error) {
		if n := len(missingKeys(s.facts.authorizedKeys, s.spec.AuthorizedKeys)); n > 0 {
			return fmt.Sprintf("%d of %d keys missing", n, len(s.spec.AuthorizedKeys)), nil
		}
		return "", nil
	},
	apply: func(ctx context.Context, s *session) error {
		if s.facts.home == "" {
			return fmt.Errorf("user %s has no home on this host", s.spec.User)
		}
		text := s.facts.authorizedKeys
		if text != "" && !strings.HasSuffix(text, "\n") {
			text += "\n"
		}
		for _, key := range missingKeys(text, s.spec.AuthorizedKeys) {
			text += key + "\n"
		}
		folder := s.facts.home + "/.ssh"
		owner := s.spec.User + ":" // and the user's own group
		if _, err := s.run(ctx, program("making "+folder, "install", "-d", "-m", "0700", "-o", s.spec.User, folder)); err != nil {
			return err
		}
		_, err := s.run(ctx, writeFile(folder+"/authorized_keys", "0600", owner, []byte(text)))
		return err
	},
}

// missingKeys gives the wanted keys that a file lacks, whatever their comments say.
func missingKeys(file string, wanted []string) []string {
	present := map[string]bool{}
	for rest := []byte(file); len(rest) > 0; {
		key, _, _, next, err := ssh.ParseAuthorizedKey(rest)
		if err != nil {
			break
		}
		present[string(key.Marshal())] = true
		rest = next
	}
	var missing []string
	for _, line := range wanted {
		key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(line))
		if err != nil || present[string(key.Marshal())] {
			continue
		}
		present[string(key.Marshal())] = true
		missing = append(missing, strings.TrimSpace(line))
	}
	return missing
}

// cgroup chooses the cgroup version on the kernel's command line. Some Base images need version 1.
var cgroup = step{
	name:  "cgroup",
	limit: 15 * time.Minute,
	check: func(_ context.Context, s *session) (string, error) {
		if s.facts.cgroup != s.spec.CgroupVersion {
			return fmt.Sprintf("the host runs cgroup version %d", s.facts.cgroup), nil
		}
		return "", nil
	},
	apply: func(ctx context.Context, s *session) error {
		unified := s.spec.CgroupVersion - 1
		line := fmt.Sprintf("GRUB_CMDLINE_LINUX=\"$GRUB_CMDLINE_LINUX systemd.unified_cgroup_hierarchy=%d\"\n", unified)
		if _, err := s.run(ctx, writeFile(grubFile, "0644", "root:root", []byte(line))); err != nil {
			return err
		}
		if _, err := s.run(ctx, program("writing the boot loader's configuration", "update-grub")); err != nil {
			return err
		}
		return s.reboot(ctx)
	},
}

// reboot restarts the host and comes back when it is another boot.
func (s *session) reboot(ctx context.Context) error {
	before := s.facts.bootID
	if _, err := s.run(ctx, program("rebooting", "systemctl", "reboot")); err != nil && !errors.Is(err, errLost) && !killed(err) {
		return err
	}
	for pause := attemptPause; ; {
		s.progress("reboot", "waiting for the host to come back")
		if err := s.reconnect(ctx, s.spec.SSH.Timeout); err != nil {
			return fmt.Errorf("after a reboot: %w", err)
		}
		if err := s.refresh(ctx); err == nil && s.facts.bootID != before {
			return nil
		}
		if !wait(ctx, pause) {
			return fmt.Errorf("after a reboot: %w", context.Cause(ctx))
		}
	}
}

// killed tells whether a signal ended a command, as a reboot does that is quicker than the command's last words.
func killed(err error) bool {
	failed, is := errors.AsType[*CommandError](err)
	return is && (failed.ExitCode == 255 || failed.ExitCode == 128+int(syscall.SIGTERM))
}
