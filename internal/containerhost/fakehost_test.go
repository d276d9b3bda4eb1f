package containerhost

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// fakeHost is a host in memory: files, services and a Docker daemon, which change as the commands of the steps would
// change them. It is both what tests look at and what they break.
type fakeHost struct {
	tb testing.TB
	mu sync.Mutex

	distribution   distribution
	files          map[string]string
	hostname       string
	expired        bool
	password       string
	units          map[string]string // apt unit -> "enabled active"
	socket         bool              // sshd is started by ssh.socket
	listening      []int
	cgroup         int
	boots          int
	address        netip.Addr
	hasNetplan     bool
	docker         *fakeDocker
	hostKey        string
	baseKey        string
	user           string
	neighbours     []netip.Addr // other machines that answer ping
	strangers      []string     // addresses where other machines answer SSH
	blocked        []int        // ports that a firewall drops
	connections    int
	commands       []command
	fail           func(c command) error // before a command, nil: go on
	cut            func(n int) bool      // whether the n-th command loses its connection after it ran
	plainResolver  bool                  // /etc/resolv.conf is a plain file, and systemd-resolved does not run
	resolvTarget   string                // another file that /etc/resolv.conf is a link to
	asked          string                // "nameserver" lines that systemd-resolved goes by
	timekeeper     string                // the unit that keeps its time
	timeIdle       bool                  // it does not run
	timeStale      bool                  // it has not read its configuration since that was written
	bootsFor       int                   // attempts to connect that fail while it boots
	refuseKeys     int                   // attempts to log in that are refused
	sshdTestFailed bool
}

// The fresh VMs of mdx's templates.
var distributions = map[string]distribution{
	"ubuntu 20.04": {"ubuntu", "20.04", "focal"},
	"ubuntu 22.04": {"ubuntu", "22.04", "jammy"},
	"ubuntu 24.04": {"ubuntu", "24.04", "noble"},
	"debian 12":    {"debian", "12", "bookworm"},
}

const registryImage = "10.9.0.5:5000/vcp/base:1.0"

func newFakeHost(tb testing.TB, d distribution) *fakeHost {
	tb.Helper()
	h := &fakeHost{
		tb: tb, distribution: d, hostname: "template", user: "mdxuser", expired: true, hasNetplan: true,
		files: map[string]string{
			hostsFile:                            "127.0.0.1 localhost\n127.0.1.1 template\n",
			sshdFile:                             "Include /etc/ssh/sshd_config.d/*.conf\n#Port 22\nUsePAM yes\n",
			"/home/mdxuser/.ssh/authorized_keys": testKey(0) + " deployed\n",
			netplanOld:                           "network: {ethernets: {ens160: {dhcp4: true}}}\n",
		},
		units:     map[string]string{"apt-daily.timer": "enabled active", "apt-daily-upgrade.timer": "enabled active"},
		listening: []int{22},
		cgroup:    2,
		boots:     1,
		address:   netip.MustParseAddr("10.9.0.20"),
		hostKey:   "SHA256:host",
		baseKey:   "SHA256:container",
		socket:    d.version == "24.04",

		asked: "nameserver 10.9.0.2\n", timekeeper: timesyncd, timeStale: true,
	}
	if d.version == "20.04" {
		h.cgroup = 1
	}
	h.docker = newFakeDocker(h)
	return h
}

// testKeys are public keys that nobody has the private half of.
var testKeys = []string{
	"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f",
	"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICAhIiMkJSYnKCkqKywtLi8wMTIzNDU2Nzg5Ojs8PT4/",
	"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEBBQkNERUZHSElKS0xNTk9QUVJTVFVWV1hZWltcXV5f",
}

func testKey(n int) string { return testKeys[n] }

// dial answers as the network in front of the host would.
func (h *fakeHost) dial(ctx context.Context, t target) (transport, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if ctx.Err() != nil {
		return nil, transient{ctx.Err()}
	}
	where := net.JoinHostPort(t.address, strconv.Itoa(t.port))
	refused := transient{fmt.Errorf("dial tcp %s: connection refused", where)}
	if slices.Contains(h.strangers, t.address) {
		return nil, fmt.Errorf("%w: %s presents SHA256:stranger, pinned is %s", ErrHostKey, where, t.pin)
	}
	if h.bootsFor > 0 {
		h.bootsFor--
		return nil, refused
	}
	if t.address != h.address.String() || slices.Contains(h.blocked, t.port) {
		return nil, refused
	}
	key := h.hostKey
	if !slices.Contains(h.listening, t.port) {
		if t.port != basePort || !h.docker.nodeAnswers() {
			return nil, refused
		}
		key = h.baseKey
	}
	if t.pin != "" && t.pin != key {
		return nil, fmt.Errorf("%w: %s presents %s, pinned is %s", ErrHostKey, where, key, t.pin)
	}
	if h.refuseKeys > 0 {
		h.refuseKeys--
		return nil, transient{fmt.Errorf("%w for user x", errAuthentication)}
	}
	h.connections++
	return &fakeConn{host: h, who: peer{t.address, t.port, key}, boot: h.boots, at: h.address}, nil
}

// fakeConn is a connection to a fakeHost.
type fakeConn struct {
	host   *fakeHost
	who    peer
	boot   int
	at     netip.Addr
	trips  int
	broken bool
	pipes  []net.Conn
}

func (c *fakeConn) peer() peer      { return c.who }
func (c *fakeConn) roundTrips() int { return c.trips }

func (c *fakeConn) close() {
	c.broken = true
	for _, pipe := range c.pipes {
		_ = pipe.Close()
	}
}

func (c *fakeConn) changePassword(_ context.Context, password string) error {
	h := c.host
	h.mu.Lock()
	defer h.mu.Unlock()
	c.trips++
	if err := h.before(command{about: "changing the password"}); err != nil {
		return err
	}
	h.expired, h.password, c.broken = false, password, true
	return nil
}

func (c *fakeConn) docker(context.Context) (net.Conn, error) {
	c.trips++
	if c.broken {
		return nil, errLost
	}
	ours, theirs := net.Pipe()
	c.pipes = append(c.pipes, ours)
	c.host.docker.serve(theirs)
	return ours, nil
}

func (c *fakeConn) exec(ctx context.Context, cmd command) (string, error) {
	h := c.host
	h.mu.Lock()
	defer h.mu.Unlock()
	c.trips++
	if ctx.Err() != nil {
		return "", context.Cause(ctx)
	}
	if c.broken || c.boot != h.boots || c.at != h.address {
		return "", fmt.Errorf("%s: %w", cmd.about, errLost)
	}
	if h.expired {
		return "", &CommandError{cmd.about, 1, "WARNING: Your password has expired.\nPassword change required but no TTY available."}
	}
	if err := h.before(cmd); err != nil {
		return "", err
	}
	out, err := h.execute(cmd)
	if h.cut != nil && h.cut(len(h.commands)) {
		c.broken = true
		return "", fmt.Errorf("%s: %w", cmd.about, errLost)
	}
	return out, err
}

// before records a command, and lets a test make it fail.
func (h *fakeHost) before(cmd command) error {
	h.commands = append(h.commands, cmd)
	if h.fail != nil {
		return h.fail(cmd)
	}
	return nil
}

// execute does what the command would do.
func (h *fakeHost) execute(c command) (string, error) {
	arg := func(i int) string { return c.args[i] }
	switch c.script {
	case "":
		return "", h.program(c)
	case factsScript:
		return h.facts(), nil
	case readFileScript:
		return h.files[arg(0)], nil
	case writeFileScript:
		h.files[arg(0)] = string(c.input)
		h.timeStale = h.timeStale || arg(0) == timesyncdFile || arg(0) == chronyFile
	case timeRestartScript:
		h.timeIdle, h.timeStale = false, arg(0) != h.timekeeper
	case aptTimersScript:
		h.units = map[string]string{}
	case sshdListScript:
		list := []string{sshdFile}
		for path, text := range h.files {
			if strings.HasPrefix(path, sshdFolder) && portLine.MatchString(text) {
				list = append(list, path)
			}
		}
		return strings.Join(list, "\n") + "\n", nil
	case sshdTestScript:
		if h.sshdTestFailed {
			return "", &CommandError{c.about, 255, "/etc/ssh/sshd_config line 9: Bad configuration option: Nonsense"}
		}
	case sshdRestartScript:
		h.listening = h.configured()
	case addressTakenScript:
		if slices.Contains(h.neighbours, netip.MustParseAddr(arg(0))) {
			return "taken\n", nil
		}
		return "free\n", nil
	case netplanTestScript:
		if !h.hasNetplan {
			return "", &CommandError{c.about, 1, "the host has no netplan"}
		}
	case netplanApplyScript:
		delete(h.files, netplanOld)
		found := regexp.MustCompile(`addresses: \[(\S+)/`).FindStringSubmatch(h.files[netplanFile])
		h.address = netip.MustParseAddr(found[1])
		return "", errLost
	case dockerInstallScript:
		h.docker.install(arg(3))
	case dockerStartScript:
		h.docker.reload(true)
	case bannerScript:
		if h.docker.slow > 0 {
			h.docker.slow--
		} else if h.docker.nodeAnswers() {
			return "SSH-", nil
		}
	default:
		h.tb.Errorf("the fake host does not know the script %q", c.script)
	}
	return "", nil
}

// resolve is systemd-resolved reading its drop-ins: an empty DNS takes back those of the lines before.
func (h *fakeHost) resolve() {
	h.asked = ""
	for _, file := range slices.Sorted(maps.Keys(h.files)) {
		if path.Dir(file) != path.Dir(resolvedFile) {
			continue
		}
		for line := range strings.Lines(h.files[file]) {
			servers, ok := strings.CutPrefix(line, "DNS=")
			if ok && strings.TrimSpace(servers) == "" {
				h.asked = ""
			} else if ok {
				h.asked += "nameserver " + strings.Join(strings.Fields(servers), "\nnameserver ") + "\n"
			}
		}
	}
	h.asked += "nameserver 10.9.0.2\n" // the adapter's own, from DHCP
}

// program runs the few programs that steps call.
func (h *fakeHost) program(c command) error {
	switch line := strings.Join(c.args, " "); {
	case strings.HasPrefix(line, "hostnamectl set-hostname "):
		h.hostname = c.args[2]
	case strings.HasPrefix(line, "install -d "), line == "update-grub":
	case line == "systemctl restart systemd-resolved.service":
		h.resolve()
	case line == "systemctl reboot":
		h.reboot()
		return errLost
	case line == "systemctl enable --now docker.service":
		h.docker.enabled = true
		h.docker.start()
	case line == "systemctl reload docker.service", line == "systemctl restart docker.service":
		h.docker.reload(strings.Contains(line, "restart"))
		if !h.docker.running {
			return &CommandError{c.about, 1, "Job for docker.service failed"}
		}
	case strings.HasPrefix(line, "rm -f "):
		delete(h.files, c.args[2])
	case strings.HasPrefix(line, "rm -rf "):
		for path := range h.files {
			if strings.HasPrefix(path, c.args[2]+"/") {
				delete(h.files, path)
			}
		}
	default:
		h.tb.Errorf("the fake host does not know the program %q", line)
	}
	return nil
}

// reboot starts the host again: what was written takes effect.
func (h *fakeHost) reboot() {
	h.boots++
	h.bootsFor = 3
	h.listening = h.configured()
	if found := regexp.MustCompile(`hierarchy=(\d)`).FindStringSubmatch(h.files[grubFile]); found != nil {
		h.cgroup, _ = strconv.Atoi(found[1])
		h.cgroup++
	}
	h.docker.running = false
	if h.docker.enabled {
		h.docker.start()
	}
}

// configured is what sshd would make of its configuration.
func (h *fakeHost) configured() []int {
	var ports []int
	for path, text := range h.files {
		if path != sshdFile && !strings.HasPrefix(path, sshdFolder) {
			continue
		}
		for _, found := range regexp.MustCompile(`(?mi)^\s*Port[\s=]+(\d+)`).FindAllStringSubmatch(text, -1) {
			port, _ := strconv.Atoi(found[1])
			ports = append(ports, port)
		}
	}
	if len(ports) == 0 {
		return []int{22}
	}
	slices.Sort(ports)
	return slices.Compact(ports)
}

// facts answers factsScript.
func (h *fakeHost) facts() string {
	var b strings.Builder
	fact := func(name, value string) {
		fmt.Fprintf(&b, "%s %s\n", name, base64.StdEncoding.EncodeToString([]byte(value)))
	}
	lines := func(format string, list []int) string {
		var text strings.Builder
		for _, port := range list {
			fmt.Fprintf(&text, format, port)
		}
		return text.String()
	}
	fact("boot", fmt.Sprintf("boot-%d\n", h.boots))
	fact("os", fmt.Sprintf("ID=%s\nVERSION_ID=%q\nVERSION_CODENAME=%s\n", h.distribution.id, h.distribution.version, h.distribution.codename))
	fact("arch", "amd64\n")
	fact("hostname", h.hostname+"\n")
	fact("hosts", h.files[hostsFile])
	fact("home", "/home/mdxuser\n")
	fact("keys", h.files["/home/mdxuser/.ssh/authorized_keys"])
	fact("cgroup", map[int]string{1: "tmpfs\n", 2: "cgroup2fs\n"}[h.cgroup])
	units := ""
	for unit, state := range h.units {
		units += unit + " " + state + "\n"
	}
	fact("units", units)
	if h.socket {
		fact("socket", "active\n")
		fact("listening", lines("0.0.0.0:%d (Stream)\n", h.listening)+lines("[::]:%d (Stream)\n", h.listening))
	} else {
		fact("socket", "inactive\n")
		fact("listening", lines("LISTEN 0 128 0.0.0.0:%d 0.0.0.0:* users:((\"sshd\",pid=7,fd=3))\n", h.listening)+
			lines("LISTEN 0 128 [::]:%d [::]:* users:((\"sshd\",pid=7,fd=4))\n", h.listening))
	}
	fact("configured", lines("port %d\n", h.configured()))
	fact("daemon", h.files[daemonFile])
	h.docker.facts(fact)
	fact("routes", `[{"dst":"default","gateway":"10.9.0.1","dev":"ens160","metric":100}]`)
	fact("addresses", fmt.Sprintf(`[{"ifname":"lo","addr_info":[{"local":"127.0.0.1","prefixlen":8}]},`+
		`{"ifname":"ens160","addr_info":[{"local":"%s","prefixlen":21}]}]`, h.address))
	fact("netplan", h.files[netplanFile])
	if h.plainResolver {
		fact("servers", h.files[resolvFile])
		fact("resolved", "inactive\n")
		fact("resolv-target", or(h.resolvTarget, resolvFile)+"\n")
		fact("resolv-conf", h.files[resolvFile])
	} else {
		fact("servers", h.asked+"search example.ac.jp\n")
		fact("resolved", "active\n")
		fact("resolv-target", "/run/systemd/resolve/stub-resolv.conf\n")
		fact("resolv-conf", "nameserver 127.0.0.53\n")
	}
	fact("resolved-drop-in", h.files[resolvedFile])
	fact("dhclient", h.files[dhclientFile])
	fact("timesyncd", h.files[timesyncdFile])
	fact("chrony", h.files[chronyFile])
	if h.timekeeper != "" {
		fact("time", fmt.Sprintf("%s enabled %s %s\n", h.timekeeper, map[bool]string{false: "active", true: "inactive"}[h.timeIdle],
			map[bool]string{false: "fresh", true: "stale"}[h.timeStale]))
	}
	return b.String()
}

func (h *fakeHost) mustJSON(text string, into any) {
	h.tb.Helper()
	if err := json.Unmarshal([]byte(text), into); err != nil {
		h.tb.Fatal(err)
	}
}

var errInjected = &CommandError{Command: "an injected command", ExitCode: 7, Output: "the last line"}

// failing makes the commands with a word in their description fail once.
func (h *fakeHost) failing(word string) {
	done := false
	h.fail = func(c command) error {
		if !done && strings.Contains(c.about, word) {
			done = true
			return errInjected
		}
		return nil
	}
}

var errOff = errors.New("the daemon is off")
