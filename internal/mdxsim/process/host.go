package process

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

// host is one machine: a folder, an SSH server, and what systemd, apt and
// Docker would know.
type host struct {
	backend *Backend
	root    string // its disk, on this machine
	user    string // the template's login user
	key     ssh.Signer

	mu       sync.Mutex
	on       bool
	gone     bool // destroyed: never to be powered on again
	address  netip.Addr
	expired  bool // the user's password is blank and must be changed first
	units    map[string]unit
	packages map[string]string // installed packages and their versions
	cgroup   int
	boot     *boot // what ends with the power; nil when off
	docker   *docker
}

// unit is a systemd unit.
type unit struct {
	enabled, active bool
	since           time.Time // when it was last started
}

// boot is what lives from one power-on to the next power-off.
type boot struct {
	ctx     context.Context //nolint:containedctx // the life of the boot, not of a call
	cancel  context.CancelFunc
	servers map[int]*server // sshd's, by port
	jobs    sync.WaitGroup
}

func newHost(b *Backend, described mdxsim.Host, source *host) (*host, error) {
	root, err := os.MkdirTemp("", "mdxsim-"+described.Name+"-")
	if err != nil {
		return nil, err
	}
	key, err := newHostKey()
	if err != nil {
		return nil, err
	}
	h := &host{backend: b, root: root, user: cmp.Or(described.LoginUser, "mdxuser"), key: key, docker: newDocker()}
	if source != nil {
		if err := h.copyOf(source); err != nil {
			return nil, err
		}
		return h, nil
	}
	h.expired = true
	h.cgroup = 2
	if described.OSVersion == "20.04" {
		h.cgroup = 1
	}
	socket := described.OSVersion == "24.04"
	h.packages = map[string]string{"openssh-server": "1:9.2p1", "curl": "7.88.1", "ca-certificates": "20230311"}
	h.units = map[string]unit{
		"ssh.service": {enabled: !socket, active: true}, "ssh.socket": {enabled: socket, active: socket},
		"apt-daily.timer": {enabled: true, active: true}, "apt-daily-upgrade.timer": {enabled: true, active: true},
		"systemd-resolved.service": {enabled: true, active: true}, "systemd-timesyncd.service": {enabled: true, active: true},
		"apt-daily.service": {}, "apt-daily-upgrade.service": {},
	}
	return h, freshDisk(root, described, h.user)
}

func newHostKey() (ssh.Signer, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	return ssh.NewSignerFromKey(private)
}

// copyOf makes the host's disk a copy of another's, host key included.
func (h *host) copyOf(source *host) error {
	source.mu.Lock()
	defer source.mu.Unlock()
	h.expired, h.cgroup, h.key, h.user = source.expired, source.cgroup, source.key, source.user
	h.packages, h.units = maps.Clone(source.packages), maps.Clone(source.units)
	return os.CopyFS(h.root, os.DirFS(source.root))
}

func (h *host) where() netip.Addr {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.address
}

// powerOn boots the host; one that runs is left alone.
func (h *host) powerOn(ctx context.Context) error {
	if address := h.where(); !address.IsValid() {
		free, err := h.backend.freeAddress(ctx)
		if err != nil {
			return err
		}
		h.mu.Lock()
		h.address = free
		h.mu.Unlock()
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.on || h.gone {
		return nil
	}
	if err := write(h.root, "/proc/sys/kernel/random/boot_id", rand.Text()+"\n"); err != nil {
		return err
	}
	h.cgroup = cgroupAsked(read(h.root, "/boot/grub/grub.cfg"), h.cgroup)
	life, cancel := context.WithCancel(context.Background())
	h.boot = &boot{ctx: life, cancel: cancel, servers: map[int]*server{}}
	h.on = true
	for name, u := range h.units {
		if name != "ssh.service" {
			h.units[name] = unit{enabled: u.enabled, active: u.enabled, since: time.Now()}
		}
	}
	if err := h.resolve(); err != nil {
		return err
	}
	if err := h.listenSSH(); err != nil {
		return err
	}
	h.docker.boot(h)
	return nil
}

// powerOff ends whatever runs on the host.
func (h *host) powerOff() {
	h.mu.Lock()
	was := h.boot
	h.on, h.boot = false, nil
	h.docker.halt()
	h.mu.Unlock()
	if was == nil {
		return
	}
	was.cancel()
	for _, s := range was.servers {
		s.close()
	}
	was.jobs.Wait()
}

// later does something on the host unless its power goes first.
func (h *host) later(do func(context.Context)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if life := h.boot; life != nil {
		life.jobs.Go(func() { do(life.ctx) })
	}
}

// rebootDelay is how long a host takes from the command to the cut, and again to
// come back.
const rebootDelay = 200 * time.Millisecond

// reboot restarts the host.
func (h *host) reboot() {
	if pause(h.backend.life, rebootDelay) {
		h.powerOff()
	}
	if pause(h.backend.life, rebootDelay) {
		_ = h.powerOn(h.backend.life) // a host that does not come back says enough
	}
}

// pause waits, unless the context ends first.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// move gives the host another address: sshd and containers answer there, and no
// longer here.
func (h *host) move(ctx context.Context, address string) error {
	to, err := netip.ParseAddr(address)
	if err != nil {
		return err
	}
	if to == h.where() {
		return nil
	}
	probe, err := listenOnce(ctx, to, 0)
	if err != nil {
		return err
	}
	_ = probe.Close() // it only showed that the address can be had
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.boot == nil {
		return nil
	}
	for port, s := range h.boot.servers {
		s.close()
		delete(h.boot.servers, port)
	}
	h.docker.halt()
	h.address = to
	if err := h.listenSSH(); err != nil {
		return err
	}
	h.docker.boot(h)
	return nil
}

var unified = regexp.MustCompile(`systemd\.unified_cgroup_hierarchy=([01])`)

// cgroupAsked is the version that a kernel's command line asks for last.
func cgroupAsked(commandLine string, otherwise int) int {
	asked := unified.FindAllStringSubmatch(commandLine, -1)
	if len(asked) == 0 {
		return otherwise
	}
	return 1 + int(asked[len(asked)-1][1][0]-'0')
}

var portLine = regexp.MustCompile(`(?mi)^[ \t]*Port[ \t=]+(\S+)`)

// sshdPorts reads sshd's configuration as sshd does; it fails on a port that is
// none.
func (h *host) sshdPorts() ([]int, error) {
	main := read(h.root, "/etc/ssh/sshd_config")
	texts := []string{main}
	if strings.Contains(main, "Include /etc/ssh/sshd_config.d/*.conf") {
		entries, err := os.ReadDir(inside(h.root, "/etc/ssh/sshd_config.d"))
		if err != nil {
			return nil, err
		}
		for _, entry := range entries {
			if strings.HasSuffix(entry.Name(), ".conf") {
				texts = append(texts, read(h.root, "/etc/ssh/sshd_config.d/"+entry.Name()))
			}
		}
	}
	var ports []int
	for _, text := range texts {
		for _, match := range portLine.FindAllStringSubmatch(text, -1) {
			port, err := strconv.Atoi(match[1])
			if err != nil || port < 1 || port > 65535 {
				return nil, fmt.Errorf("/etc/ssh/sshd_config: Badly formatted port number: %s", match[1])
			}
			ports = append(ports, port)
		}
	}
	if ports == nil {
		ports = []int{22}
	}
	slices.Sort(ports)
	return slices.Compact(ports), nil
}

// listenSSH makes sshd listen where its configuration says; connections stay.
// The caller holds the lock.
func (h *host) listenSSH() error {
	ports, err := h.sshdPorts()
	if err != nil {
		return err
	}
	for port, s := range h.boot.servers {
		if !slices.Contains(ports, port) {
			s.stopListening()
			delete(h.boot.servers, port)
			h.boot.jobs.Go(s.linger)
		}
	}
	for _, port := range ports {
		if h.boot.servers[port] != nil {
			continue
		}
		s, err := h.newServer(port)
		if err != nil {
			return err
		}
		h.boot.servers[port] = s
	}
	return nil
}
