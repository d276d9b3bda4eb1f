package process

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

func hostname(_ context.Context, sh *shell, p *process) int {
	if len(p.args) > 1 && !strings.HasPrefix(p.args[1], "-") {
		return setHostname(sh, p, p.args[1])
	}
	return p.say("%s", strings.TrimSpace(read(sh.root, "/etc/hostname")))
}

func hostnamectl(_ context.Context, sh *shell, p *process) int {
	if len(p.args) == 3 && (p.args[1] == "set-hostname" || p.args[1] == "hostname") {
		return setHostname(sh, p, p.args[2])
	}
	return p.say(" Static hostname: %s", strings.TrimSpace(read(sh.root, "/etc/hostname")))
}

func setHostname(sh *shell, p *process, name string) int {
	if err := write(sh.root, "/etc/hostname", name+"\n"); err != nil {
		return p.fail(1, "%v", err)
	}
	return 0
}

// sshdPID is the process that ss and systemctl tell.
const sshdPID = "812"

// systemctl knows a few units and what starting them does.
func systemctl(ctx context.Context, sh *shell, p *process) int {
	var words, properties []string
	now, quietly := false, false
	for i := 1; i < len(p.args); i++ {
		switch arg := p.args[i]; {
		case arg == "-p" && i+1 < len(p.args):
			i++
			properties = append(properties, p.args[i])
		case arg == "--now":
			now = true
		case arg == "-q" || arg == "--quiet":
			quietly = true
		case !strings.HasPrefix(arg, "-"):
			words = append(words, arg)
		}
	}
	if len(words) == 0 {
		return p.fail(1, "systemctl: what?")
	}
	if words[0] == "daemon-reload" {
		return 0
	}
	if words[0] == "reboot" {
		return rebootProgram(ctx, sh, p)
	}
	code := 0
	for _, name := range words[1:] {
		if !strings.Contains(name, ".") {
			name += ".service"
		}
		if name == "sshd.service" {
			name = "ssh.service"
		}
		code = max(code, sh.host.unit(p, words[0], name, now, quietly, properties))
	}
	return code
}

// unit does one thing to one unit; systemctl's exit status.
func (h *host) unit(p *process, verb, name string, now, quietly bool, properties []string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	u, known := h.units[name]
	if verb == "show" {
		return h.show(p, name, properties)
	}
	if verb == "cat" && known {
		return p.say("# /lib/systemd/system/%s", name)
	}
	if !known {
		if verb == "is-enabled" || verb == "is-active" {
			return p.fail(4, "Failed to get unit file state for %s: No such file or directory", name)
		}
		return p.fail(5, "Failed to %s %s: Unit %s not found.", verb, name, name)
	}
	tell := func(yes bool, one, other string, code int) int {
		word := other
		if yes {
			word, code = one, 0
		}
		if !quietly {
			p.say("%s", word)
		}
		return code
	}
	switch verb {
	case "is-enabled":
		return tell(u.enabled, "enabled", "disabled", 1)
	case "is-active":
		return tell(u.active, "active", "inactive", 3)
	case "enable", "disable":
		u.enabled = verb == "enable"
		if now {
			u.active = u.enabled
		}
	case "start", "restart", "reload", "try-restart", "reload-or-restart":
		u.active = true
		if verb != "reload" {
			u.since = time.Now()
		}
	case "stop", "mask":
		u.active = false
	}
	h.units[name] = u
	return h.unitChanged(p, verb, name, u)
}

// unitChanged lets the host follow. The caller holds the lock.
func (h *host) unitChanged(p *process, verb, name string, u unit) int {
	switch name {
	case "ssh.service", "ssh.socket":
		if h.boot != nil && u.active && verb != "enable" {
			if err := h.listenSSH(); err != nil {
				return p.fail(1, "Job for %s failed: %v", name, err)
			}
		}
	case "systemd-resolved.service":
		if u.active && verb != "enable" {
			if err := h.resolve(); err != nil {
				return p.fail(1, "Job for %s failed: %v", name, err)
			}
		}
	case "docker.service":
		h.docker.follow(h, u.active, verb == "restart")
	}
	return 0
}

// show tells properties. The caller holds the lock.
func (h *host) show(p *process, name string, properties []string) int {
	for _, property := range properties {
		switch {
		case property == "MainPID" && name == "ssh.service":
			p.say(sshdPID)
		case property == "Listen" && name == "ssh.socket":
			for _, port := range h.listening() {
				p.say("0.0.0.0:%d (Stream)", port)
			}
		case property == "ActiveEnterTimestamp" && h.units[name].active:
			p.say("%s", h.units[name].since.UTC().Format("Mon 2006-01-02 15:04:05 UTC"))
		default:
			p.say("")
		}
	}
	return 0
}

// listening is the ports that sshd holds. The caller holds the lock.
func (h *host) listening() []int {
	var ports []int
	if h.boot != nil {
		for port := range h.boot.servers {
			ports = append(ports, port)
		}
	}
	slices.Sort(ports)
	return ports
}

// sshd tests its configuration, or tells what it makes of it.
func sshd(_ context.Context, sh *shell, p *process) int {
	ports, err := sh.host.sshdPorts()
	if err != nil {
		return p.fail(255, "%v", err)
	}
	if slices.Contains(p.args, "-T") {
		for _, port := range ports {
			p.say("port %d", port)
		}
	}
	return 0
}

// hostKeygen gives the host another key, which sshd presents after its next start.
func hostKeygen(_ context.Context, sh *shell, p *process) int {
	key, err := newHostKey()
	if err != nil {
		return p.fail(1, "ssh-keygen: %v", err)
	}
	sh.host.mu.Lock()
	defer sh.host.mu.Unlock()
	sh.host.key = key
	return 0
}

// ss tells what listens.
func ss(_ context.Context, sh *shell, p *process) int {
	sh.host.mu.Lock()
	defer sh.host.mu.Unlock()
	for _, port := range sh.host.listening() {
		p.say(`LISTEN 0 128 0.0.0.0:%d 0.0.0.0:* users:(("sshd",pid=%s,fd=3))`, port, sshdPID)
	}
	return 0
}

// prefixLength is the service network's, as the host sees it.
const prefixLength = 16

// ip tells the service adapter's address and the default route.
func ip(_ context.Context, sh *shell, p *process) int {
	at := sh.host.where().As4()
	if slices.Contains(p.args, "route") {
		return p.say(`[{"dst":"default","gateway":"%d.%d.0.1","dev":"ens160","protocol":"dhcp","metric":100}]`, at[0], at[1])
	}
	return p.say(`[{"ifname":"lo","addr_info":[{"family":"inet","local":"127.0.0.1","prefixlen":8}]},`+
		`{"ifname":"ens160","addr_info":[{"family":"inet","local":"%s","prefixlen":%d}]}]`, sh.host.where(), prefixLength)
}

func ping(_ context.Context, sh *shell, p *process) int {
	if !sh.host.backend.answers(p.args[len(p.args)-1]) {
		return 1
	}
	return p.say("64 bytes from %s: icmp_seq=1 ttl=64 time=0.1 ms", p.args[len(p.args)-1])
}

var netplanAddress = regexp.MustCompile(`(?m)^\s*addresses: \[([0-9.]+)/\d+\]`)

// netplan moves the host to the address that its files give it.
func netplan(ctx context.Context, sh *shell, p *process) int {
	if len(p.args) < 2 || p.args[1] != "apply" {
		return 0
	}
	entries, err := os.ReadDir(inside(sh.root, "/etc/netplan"))
	if err != nil {
		return 0
	}
	for _, entry := range entries {
		if found := netplanAddress.FindStringSubmatch(read(sh.root, "/etc/netplan/"+entry.Name())); found != nil {
			if err := sh.host.move(ctx, found[1]); err != nil {
				return p.fail(1, "netplan: %v", err)
			}
		}
	}
	return 0
}

// systemdRun does something a moment later, in a shell that outlives the
// connection.
func systemdRun(_ context.Context, sh *shell, p *process) int {
	delay := time.Duration(0)
	rest := p.args[1:]
	for len(rest) > 0 && strings.HasPrefix(rest[0], "-") {
		if value, is := strings.CutPrefix(rest[0], "--on-active="); is {
			parsed, err := time.ParseDuration(value)
			if err != nil {
				seconds, _ := strconv.Atoi(value) // nothing is at once
				parsed = time.Duration(seconds) * time.Second
			}
			delay = parsed
		}
		rest = rest[1:]
	}
	if len(rest) == 0 {
		return p.fail(1, "systemd-run: no command")
	}
	q := &process{args: rest, dir: "/", env: p.env, stdin: strings.NewReader(""), stdout: nowhere{}, stderr: nowhere{}}
	sh.host.later(func(ctx context.Context) {
		if pause(ctx, delay) {
			sh.start(ctx, q)
		}
	})
	return 0
}

type nowhere struct{}

func (nowhere) Write(text []byte) (int, error) { return len(text), nil }

// rebootProgram restarts the host a moment later.
func rebootProgram(_ context.Context, sh *shell, _ *process) int {
	sh.host.backend.jobs.Go(sh.host.reboot)
	return 0
}

// updateGrub writes the kernel's command line that the next boot will have.
func updateGrub(_ context.Context, sh *shell, p *process) int {
	var text strings.Builder
	text.WriteString(read(sh.root, "/etc/default/grub"))
	entries, err := os.ReadDir(inside(sh.root, "/etc/default/grub.d"))
	if err != nil {
		return p.fail(1, "update-grub: %v", err)
	}
	for _, entry := range entries {
		text.WriteString(read(sh.root, "/etc/default/grub.d/"+entry.Name()))
	}
	if err := write(sh.root, "/boot/grub/grub.cfg", text.String()); err != nil {
		return p.fail(1, "update-grub: %v", err)
	}
	_, _ = fmt.Fprintln(p.stderr, "Generating grub configuration file ...\ndone")
	return 0
}
