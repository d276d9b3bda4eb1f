package containerhost

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Files of the host that steps read and write.
const (
	daemonFile    = "/etc/docker/daemon.json"
	sshdFile      = "/etc/ssh/sshd_config"
	sshdFolder    = "/etc/ssh/sshd_config.d"
	sshdPortFile  = sshdFolder + "/10-mdx-port.conf"
	grubFile      = "/etc/default/grub.d/90-mdx-cgroup.cfg"
	netplanFile   = "/etc/netplan/99-mdx-static.yaml"
	netplanOld    = "/etc/netplan/mdx.yaml" // what mdx's templates come with
	initFolder    = "/var/lib/mdx-container-host"
	hostnameFile  = "/etc/hostname"
	hostsFile     = "/etc/hosts"
	resolvFile    = "/etc/resolv.conf"
	resolvedFile  = "/etc/systemd/resolved.conf.d/90-mdx-dns.conf"
	dhclientFile  = "/etc/dhcp/dhclient.conf"
	timesyncdFile = "/etc/systemd/timesyncd.conf.d/90-mdx-ntp.conf"
	chronyFile    = "/etc/chrony/chrony.conf"
	userInitMount = "/var/vcp/user_init_command"
)

// factsScript gathers in one round trip what the checks of all steps need. Each fact is a line: its name and its
// value in base64. A fact that can't be had has an empty value; so has one that a daemon which hangs would have to tell.
const factsScript = `
fact() { name=$1; shift; printf '%s ' "$name"; "$@" 2>/dev/null | base64 -w0; echo; }
boot() { cat /proc/sys/kernel/random/boot_id; cut -d ' ' -f 22 /proc/1/stat; }
home() { getent passwd "$1" | cut -d: -f6; }
keys() { cat "$(home "$1")/.ssh/authorized_keys"; }
units() { for unit in apt-daily.timer apt-daily-upgrade.timer apt-daily.service apt-daily-upgrade.service; do
  printf '%s %s %s\n' "$unit" "$(systemctl is-enabled "$unit")" "$(systemctl is-active "$unit")"; done; }
socket() { systemctl is-active ssh.socket; }
configured() { mkdir -p /run/sshd; sshd -T | grep -i '^port '; }
listening() {
  if systemctl -q is-active ssh.socket; then systemctl show -p Listen --value ssh.socket
  else ss -Hltnp | grep "pid=$(systemctl show -p MainPID --value ssh.service),"; fi
}
servers() { for file in /run/systemd/resolve/resolv.conf /etc/resolv.conf; do
  [ -s "$file" ] && grep -E '^(nameserver|search) ' "$file" && break; done; }
resolved() { systemctl is-active systemd-resolved.service; }
timekeeper() {
  for unit in chrony.service systemd-timesyncd.service ntpsec.service ntp.service; do
    case "$unit" in chrony*) file=/etc/chrony/chrony.conf ;; *) file=/etc/systemd/timesyncd.conf.d/90-mdx-ntp.conf ;; esac
    systemctl cat "$unit" >/dev/null || continue
    since=$(TZ=UTC systemctl show -p ActiveEnterTimestamp --value "$unit")
    fresh=stale
    if [ -n "$since" ] && [ -e "$file" ] && [ "$(date -u -d "$since" +%s)" -ge "$(stat -c %Y "$file")" ]; then fresh=fresh; fi
    echo "$unit $(systemctl is-enabled "$unit") $(systemctl is-active "$unit") $fresh"
    break
  done
}
dockerflags() { tr '\0' '\n' <"/proc/$(systemctl show -p MainPID --value docker.service)/cmdline"; }
fact boot boot
fact os cat /etc/os-release
fact arch dpkg --print-architecture
fact hostname hostname
fact hosts cat /etc/hosts
fact home home "$1"
fact keys keys "$1"
fact cgroup stat -fc %T /sys/fs/cgroup
fact units units
fact socket socket
fact configured configured
fact listening listening
fact dockerd command -v dockerd
fact docker timeout 20 docker version --format '{{.Server.Version}}'
fact docker-flags dockerflags
fact docker-package dpkg-query -W -f '${Version}' docker-ce
fact docker-status dpkg-query -W -f '${db:Status-Status}' docker-ce
fact docker-enabled systemctl is-enabled docker.service
fact daemon cat /etc/docker/daemon.json
fact routes ip -j -4 route show default
fact addresses ip -j -4 address show
fact netplan cat /etc/netplan/99-mdx-static.yaml
fact servers servers
fact resolved resolved
fact resolved-drop-in cat /etc/systemd/resolved.conf.d/90-mdx-dns.conf
fact resolv-target readlink -f /etc/resolv.conf
fact resolv-conf cat /etc/resolv.conf
fact dhclient cat /etc/dhcp/dhclient.conf
fact time timekeeper
fact timesyncd cat /etc/systemd/timesyncd.conf.d/90-mdx-ntp.conf
fact chrony cat /etc/chrony/chrony.conf
`

// facts are what one look at a host told.
type facts struct {
	bootID         string // the kernel's boot, and when its first process started: containers share a kernel
	distribution   distribution
	arch           string
	hostname       string
	hosts          string
	home           string
	authorizedKeys string
	cgroup         int
	aptUnits       []string // those still enabled or active
	socket         bool     // sshd is started by ssh.socket
	configured     []int    // ports that sshd's configuration names
	listening      []int    // ports that sshd holds
	dockerd        bool     // there is a dockerd
	dockerVersion  string   // of the daemon that answers; empty: none does
	dockerPackage  string   // docker-ce's version, as apt has it
	dockerCutOff   bool     // docker-ce was unpacked, and not configured: something ended apt
	dockerEnabled  bool
	dockerFlags    map[string]string // what the running daemon's unit gives it, by the flag's name; of several one
	daemon         string
	nic            nic
	netplan        string
	nameservers    []netip.Addr
	search         []string
	resolvedRuns   bool
	resolvedDropIn string
	resolvTarget   string // the file that /etc/resolv.conf is, links followed
	resolvConf     string
	dhclient       string
	time           timekeeper

	timesyncdDropIn string
	chrony          string
}

// resolved tells whether the host's programs ask systemd-resolved.
func (f facts) resolved() bool {
	return f.resolvedRuns && strings.HasPrefix(f.resolvTarget, "/run/systemd/resolve/")
}

// nic is the service network adapter: the one that the default route goes through.
type nic struct {
	name      string
	gateway   netip.Addr
	addresses []netip.Prefix
}

// address is the first address of the adapter: the host's service address.
func (n nic) address() netip.Addr {
	if len(n.addresses) == 0 {
		return netip.Addr{}
	}
	return n.addresses[0].Addr()
}

// look gathers the facts.
func look(ctx context.Context, t transport, user string) (facts, error) {
	text, err := t.exec(ctx, command{about: "looking at the host", script: factsScript, args: []string{user}})
	if err != nil {
		return facts{}, err
	}
	return parseFacts(text)
}

func parseFacts(text string) (facts, error) {
	raw := map[string]string{}
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		decoded, err := base64.StdEncoding.DecodeString(value)
		if err != nil {
			return facts{}, fmt.Errorf("looking at the host: fact %s is garbled", name)
		}
		raw[name] = string(decoded)
	}
	word := func(name string) string { return strings.TrimSpace(raw[name]) }
	f := facts{
		bootID: word("boot"), distribution: parseDistribution(raw["os"]), arch: word("arch"),
		hostname: word("hostname"), hosts: raw["hosts"], home: word("home"), authorizedKeys: raw["keys"],
		aptUnits: busyUnits(raw["units"]), socket: word("socket") == "active",
		configured: parsePorts(raw["configured"]), listening: parsePorts(raw["listening"]),
		dockerd: word("dockerd") != "", dockerVersion: word("docker"), dockerPackage: word("docker-package"),
		dockerCutOff:  slices.Contains([]string{"half-installed", "unpacked", "half-configured"}, word("docker-status")),
		dockerEnabled: word("docker-enabled") == "enabled", dockerFlags: parseFlags(raw["docker-flags"]),
		daemon: raw["daemon"], netplan: raw["netplan"],
		resolvedRuns: word("resolved") == "active", resolvedDropIn: raw["resolved-drop-in"],
		resolvTarget: word("resolv-target"), resolvConf: raw["resolv-conf"], dhclient: raw["dhclient"],
		timesyncdDropIn: raw["timesyncd"], chrony: raw["chrony"],
	}
	if t := strings.Fields(raw["time"]); len(t) == 4 {
		f.time = timekeeper{unit: t[0], enabled: t[1] == "enabled", active: t[2] == "active", fresh: t[3] == "fresh"}
	}
	switch word("cgroup") {
	case "cgroup2fs":
		f.cgroup = 2
	case "":
	default: // a tmpfs that holds one mount per controller
		f.cgroup = 1
	}
	f.nameservers, f.search = parseResolver(raw["servers"])
	var err error
	f.nic, err = parseNIC(raw["routes"], raw["addresses"])
	return f, err
}

// parseFlags reads the flags of a command line, a word to a line: "--name=value", and "--name" before its value.
func parseFlags(text string) map[string]string {
	flags := map[string]string{}
	lines := strings.Split(text, "\n")
	for i, word := range lines {
		name, value, whole := strings.Cut(word, "=")
		if !whole && i+1 < len(lines) {
			value = lines[i+1]
		}
		if strings.HasPrefix(name, "--") {
			flags[name] = value
		}
	}
	return flags
}

// busyUnits picks the units that are enabled or active out of lines "unit enabled-state active-state".
func busyUnits(text string) []string {
	var busy []string
	for line := range strings.Lines(text) {
		if f := strings.Fields(line); len(f) == 3 && (f[1] == "enabled" || f[2] == "active" || f[2] == "activating") {
			busy = append(busy, f[0])
		}
	}
	return busy
}

// parsePorts reads ports off `sshd -T` ("port 22"), `ss -Hltn` ("LISTEN 0 128 [::]:22 ...") and systemd
// ("0.0.0.0:22 (Stream)"); sorted, each once.
func parsePorts(text string) []int {
	var found []int
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		var where string
		switch {
		case len(f) >= 4 && f[0] == "LISTEN":
			where = f[3]
		case len(f) >= 2 && strings.EqualFold(f[0], "port"):
			where = ":" + f[1]
		case len(f) >= 1:
			where = f[0]
		}
		if port, err := strconv.Atoi(where[strings.LastIndexByte(where, ':')+1:]); err == nil {
			found = append(found, port)
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

func parseResolver(text string) (servers []netip.Addr, search []string) {
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) < 2 {
			continue
		}
		if f[0] == "search" {
			search = slices.DeleteFunc(f[1:], func(domain string) bool { return domain == "." }) // systemd-resolved's word for none
		} else if addr, err := netip.ParseAddr(f[1]); err == nil {
			servers = append(servers, addr)
		}
	}
	return servers, search
}

// defaultRoute is an element of what `ip -j route show default` prints.
type defaultRoute struct {
	Gateway netip.Addr `json:"gateway"`
	Dev     string     `json:"dev"`
	Metric  int        `json:"metric"`
}

// parseNIC reads what `ip -j` printed. A host without a default route has no service adapter.
func parseNIC(routes, addresses string) (nic, error) {
	var defaults []defaultRoute
	var links []struct {
		Name string `json:"ifname"`
		Info []struct {
			Local  netip.Addr `json:"local"`
			Prefix int        `json:"prefixlen"`
		} `json:"addr_info"`
	}
	if routes == "" || addresses == "" {
		return nic{}, nil
	}
	if err := json.Unmarshal([]byte(routes), &defaults); err != nil {
		return nic{}, fmt.Errorf("looking at the host: its routes: %w", err)
	}
	if err := json.Unmarshal([]byte(addresses), &links); err != nil {
		return nic{}, fmt.Errorf("looking at the host: its addresses: %w", err)
	}
	if len(defaults) == 0 {
		return nic{}, nil
	}
	slices.SortStableFunc(defaults, func(a, b defaultRoute) int { return a.Metric - b.Metric })
	n := nic{name: defaults[0].Dev, gateway: defaults[0].Gateway}
	for _, link := range links {
		if link.Name != n.name {
			continue
		}
		for _, info := range link.Info {
			if info.Local.Is4() {
				n.addresses = append(n.addresses, netip.PrefixFrom(info.Local, info.Prefix))
			}
		}
	}
	return n, nil
}
