package containerhost

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

// newPortPatience is how long the new port may take to answer before everything is put back.
const newPortPatience = 20 * time.Second

// sshPort moves the host's sshd. The old port stays open until a connection over the new one has been made, so a
// firewall in between, or a wrong configuration, never locks anybody out. Host keys stay.
var sshPort = step{
	name:  "ssh-port",
	limit: 5 * time.Minute,
	check: func(_ context.Context, s *session) (string, error) {
		want := []int{s.spec.SSHPort}
		switch {
		case !slices.Equal(s.facts.configured, want):
			return "sshd is configured for " + ports(s.facts.configured), nil
		case !slices.Equal(s.facts.listening, want):
			return "sshd listens on " + ports(s.facts.listening), nil
		}
		return "", nil
	},
	apply: moveSSH,
}

func ports(list []int) string {
	if len(list) == 0 {
		return "no port"
	}
	return "port " + strings.Trim(strings.Join(strings.Fields(fmt.Sprint(list)), ", "), "[]")
}

func moveSSH(ctx context.Context, s *session) error {
	before, err := s.sshdFiles(ctx)
	if err != nil {
		return err
	}
	both := append([]int{s.spec.SSHPort}, s.facts.listening...)
	both = append(both, s.conn.peer().port)
	slices.Sort(both)
	if err := s.setPorts(ctx, before, slices.Compact(both)); err != nil {
		return err
	}
	if s.conn.peer().port == s.spec.SSHPort {
		return s.setPorts(ctx, before, []int{s.spec.SSHPort})
	}
	s.progress("ssh-port", "both ports open; trying the new one")
	moved, err := s.tryPort(ctx)
	if err != nil {
		return s.putBack(ctx, before, fmt.Errorf("port %d does not answer from here, so the old one was kept: %w. "+
			"Does a firewall or an access rule let it through?", s.spec.SSHPort, err))
	}
	if err := s.setPorts(ctx, before, []int{s.spec.SSHPort}); err != nil {
		moved.close() // the host is where it was, and so is this session
		return err
	}
	s.use(moved)
	return nil
}

// tryPort connects over the new port.
func (s *session) tryPort(ctx context.Context) (transport, error) {
	who := s.conn.peer()
	probe := newSession(s.spec, s.dialer, nil)
	if err := probe.connect(ctx, newPortPatience, target{who.address, s.spec.SSHPort, who.fingerprint}); err != nil {
		return nil, err
	}
	probe.api.close()
	return probe.conn, nil
}

// portLine is a line that names a port, in any way that sshd reads.
var portLine = regexp.MustCompile(`(?mi)^[ \t]*Port[ \t=]`)

// sshdFiles reads the main configuration file and those of the folder that name a port.
func (s *session) sshdFiles(ctx context.Context) (map[string]string, error) {
	list, err := s.run(ctx, command{about: "listing sshd's configuration", script: sshdListScript, args: []string{sshdFile, sshdFolder}})
	if err != nil {
		return nil, err
	}
	files := map[string]string{sshdPortFile: ""}
	for path := range strings.Lines(list) {
		path = strings.TrimSpace(path)
		if files[path], err = s.run(ctx, readFile(path)); err != nil {
			return nil, err
		}
	}
	return files, nil
}

const sshdListScript = `echo "$1"
grep -lEi '^[[:space:]]*Port[[:space:]=]' "$2"/*.conf 2>/dev/null || true`

// setPorts makes sshd listen on exactly these ports. Only a configuration that sshd finds good is put to use.
func (s *session) setPorts(ctx context.Context, before map[string]string, wanted []int) error {
	after := map[string]string{}
	for path, text := range before {
		after[path] = portLine.ReplaceAllString(text, "# moved to "+sshdPortFile+": ${0}")
	}
	var own strings.Builder
	own.WriteString("# Port 22 belongs to the Base container.\n")
	for _, port := range wanted {
		fmt.Fprintf(&own, "Port %d\n", port)
	}
	after[sshdPortFile] = own.String()
	after[sshdFile] = includeOwn(after[sshdFile])
	if err := s.writeSSHD(ctx, before, after); err != nil {
		return err
	}
	if _, err := s.run(ctx, command{about: "testing sshd's configuration", script: sshdTestScript}); err != nil {
		return s.putBack(ctx, before, err)
	}
	_, err := s.run(ctx, command{about: "restarting sshd", script: sshdRestartScript})
	if _, failed := errors.AsType[*CommandError](err); failed { // this connection lives, and nobody may get another
		return s.putBack(ctx, before, err)
	}
	return err
}

// includeOwn sees to it that the main file reads the file that names the ports, as it does with the rest of the folder unless
// somebody changed that. Who had sshd leave the folder out wants none of the rest.
func includeOwn(text string) string {
	if ownIncluded.MatchString(text) {
		return text
	}
	return "Include " + sshdPortFile + "\n" + text
}

// ownIncluded is a line of the main file by which the file that names the ports is read.
var ownIncluded = regexp.MustCompile(`(?mi)^[ \t]*Include[ \t]+"?(` +
	regexp.QuoteMeta(sshdFolder+"/*.conf") + `|` + regexp.QuoteMeta(sshdPortFile) + `)`)

// writeSSHD writes the files that differ: first the one that names the ports, so that wherever this is cut off, the next boot
// finds the old one named.
func (s *session) writeSSHD(ctx context.Context, before, after map[string]string) error {
	changed := slices.DeleteFunc(slices.Sorted(maps.Keys(after)), func(path string) bool {
		return path == sshdPortFile || before[path] == after[path]
	})
	for _, path := range slices.Insert(changed, 0, sshdPortFile) {
		if _, err := s.run(ctx, rewriteFile(path, []byte(after[path]))); err != nil {
			return err
		}
	}
	return nil
}

// putBack restores the configuration, whatever happened to the step's own context, and gives the reason.
func (s *session) putBack(ctx context.Context, before map[string]string, reason error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	for _, path := range slices.Sorted(maps.Keys(before)) {
		if before[path] == "" {
			if _, err := s.run(ctx, program("removing "+path, "rm", "-f", path)); err != nil {
				return fmt.Errorf("%w (and it could not be put back: %w)", reason, err)
			}
			continue
		}
		if _, err := s.run(ctx, rewriteFile(path, []byte(before[path]))); err != nil {
			return fmt.Errorf("%w (and it could not be put back: %w)", reason, err)
		}
	}
	if _, err := s.run(ctx, command{about: "restarting sshd", script: sshdRestartScript}); err != nil {
		return fmt.Errorf("%w (and sshd could not be restarted: %w)", reason, err)
	}
	return reason
}

// sshd wants its folder under /run to exist even for a test.
const sshdTestScript = `mkdir -p /run/sshd && sshd -t`

// Ubuntu 22.10 and later open the port in ssh.socket, whose addresses a generator makes of sshd's configuration at a
// daemon-reload; where there is no such generator, a drop-in tells the socket the same. A socket does not start while
// its service runs, so both stop first. Open connections survive that, as they do a restart of the service.
const sshdRestartScript = `if systemctl -q is-active ssh.socket; then
  if [ ! -e /usr/lib/systemd/system-generators/sshd-socket-generator ]; then
    mkdir -p /etc/systemd/system/ssh.socket.d
    { echo '[Socket]'; echo ListenStream=; sshd -T | sed -n 's/^port /ListenStream=/p'; } >/etc/systemd/system/ssh.socket.d/10-mdx-port.conf
  fi
  systemctl daemon-reload && systemctl stop ssh.socket ssh.service && systemctl start ssh.socket ||
    { systemctl start ssh.service; exit 1; }
else
  systemctl restart ssh.service
fi`
