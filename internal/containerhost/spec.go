package containerhost

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
)

// Defaults of a [Spec]'s fields that are left zero.
const (
	// DefaultUser is the login user of mdx's own templates.
	DefaultUser = "mdxuser"
	// DefaultSSHPort is where VC nodes answer SSH for the host itself: the Base container has 22.
	DefaultSSHPort = 20022
	// DefaultContainerName is the Base container's name.
	DefaultContainerName = "base"
	// DefaultRestart brings the Base container back after a power cycle.
	DefaultRestart = "always"
	// DefaultRepositoryURL is where Docker publishes its packages, without the distribution's name.
	DefaultRepositoryURL = "https://download.docker.com/linux"
	// MaxUserInitCommand is how many bytes a user_init_command may have before it is encoded: the VC controller's
	// limit of 93 KB.
	MaxUserInitCommand = 93 * 1024
)

// basePort is where the Base container's sshd answers.
const basePort = 22

// Spec is what a host should be. The zero value of a field means its default, or "leave it alone".
type Spec struct {
	// Host is the address or name to connect to. Required.
	Host string
	// User logs in; it must be root or have passwordless sudo. Default [DefaultUser].
	User string
	// SSH is how to connect.
	SSH SSH
	// HostKeyFingerprint is the key the host must present ("SHA256:..."), as [Status] gave it. Empty on first contact:
	// the key that answers is then taken.
	HostKeyFingerprint string
	// FormerAddress and FormerPort are where the host was last reached, as [Status] gave it: it is looked for there first,
	// if its key is pinned, since it may not have been moved yet to where this Spec has it. Zero: not known.
	FormerAddress string
	FormerPort    int
	// InitialPassword replaces the template's expired blank password. Empty: a random one that nobody keeps.
	InitialPassword string

	// Hostname becomes the host's name. Empty: left alone.
	Hostname string
	// AuthorizedKeys are public keys the login user should accept, as lines of an authorized_keys file.
	AuthorizedKeys []string
	// SSHPort is where the host's sshd should listen. Default [DefaultSSHPort].
	SSHPort int
	// StaticAddress is the IPv4 address the service network adapter should have for good. Zero: left to DHCP.
	StaticAddress netip.Addr
	// DNSServers are the name servers the host should ask, in order. Empty: left alone.
	DNSServers []netip.Addr
	// NTPServers are addresses or names of the servers the host should take its time from. Empty: left alone.
	NTPServers []string
	// CgroupVersion is 1 or 2; 0 leaves it alone. Changing it reboots the host.
	CgroupVersion int

	// Docker is the Docker Engine of the host.
	Docker Docker
	// Controller is the VC controller the node belongs to.
	Controller Controller
	// Base is the Base container; nil: none is managed, and one that this package made before is removed.
	Base *Base
}

// Docker is what the host's Docker Engine should be.
type Docker struct {
	// SkipInstall leaves installing to the image: a host without Docker is then an error.
	SkipInstall bool
	// Version pins docker-ce, as "24.0.7" or as apt's full version. Empty: the newest when it has to be installed,
	// and whatever is there otherwise.
	Version string
	// RepositoryURL is Docker's apt repository or a mirror of it, without the distribution's name.
	// Default [DefaultRepositoryURL].
	RepositoryURL string
	// InsecureRegistries are registries ("10.0.0.5:5000") spoken to without TLS. Added to what is configured.
	InsecureRegistries []string
	// RegistryMirrors are pull-through mirrors ("http://10.0.0.5:5000"). Added to what is configured.
	RegistryMirrors []string
}

// Controller names the VC controller, as the Base container's environment has it.
type Controller struct {
	// Address goes into VCCCTR_IPADDR.
	Address string
	// ID goes into VCCC_ID.
	ID string
	// NodeID goes into SERF_NODE_ID: unique in the VC. Default: the Spec's Hostname.
	NodeID string
}

// Base is the Base container.
type Base struct {
	// Image is its reference, with a tag or a digest. Required.
	Image string
	// Name is the container's. Default [DefaultContainerName].
	Name string
	// Environment is added to, and wins over, the variables that the rest of the Spec makes.
	Environment map[string]string
	// Volumes are bind mounts ("/lib/modules:/lib/modules:rw"); /dev is always mounted.
	Volumes []string
	// AuthorizedKeys are public keys for the container's root. They go into AUTHORIZED_KEYS, base64-encoded.
	AuthorizedKeys []string
	// UserInitCommand is a script, shebang included, that the Base container runs at every start. At most
	// [MaxUserInitCommand] bytes.
	UserInitCommand string
	// Unprivileged runs the container without --privileged.
	Unprivileged bool
	// Network is Docker's network mode. Default "host".
	Network string
	// Restart is Docker's restart policy. Default [DefaultRestart].
	Restart string
	// Pull is "missing" (the default), "always", or "never".
	Pull string
}

// SSH is how to connect. Keys are offered in the order PrivateKeys, then the agent's.
type SSH struct {
	// PrivateKeys are unencrypted private keys in PEM or OpenSSH form.
	PrivateKeys [][]byte
	// AgentSocket is the path of an agent's socket (SSH_AUTH_SOCK). Empty: no agent.
	AgentSocket string
	// Bastion is a host to connect through; nil: directly.
	Bastion *Bastion
	// Timeout is how long a host may take to answer, counted from the first attempt: a VM that boots needs minutes.
	// Default 5 minutes.
	Timeout time.Duration
}

// Bastion is a host that connections go through.
type Bastion struct {
	// Host and Port (default 22) are its address.
	Host string
	Port int
	// User logs in. Default: the Spec's user.
	User string
	// PrivateKeys are unencrypted private keys. Empty: those of [SSH]; its agent is offered too.
	PrivateKeys [][]byte
	// HostKeyFingerprint is the key it must present ("SHA256:..."). Required: nothing pins it otherwise.
	HostKeyFingerprint string
}

var (
	hostnamePattern  = regexp.MustCompile(`^[a-zA-Z0-9]([a-zA-Z0-9-]{0,62}(\.[a-zA-Z0-9-]{1,63})*)$|^[a-zA-Z0-9]$`)
	containerPattern = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]+$`)
	variablePattern  = regexp.MustCompile(`^[^=\x00\s]+$`)
)

// withDefaults returns the Spec with its defaults filled in. The receiver's maps and slices are shared, not changed.
func (s Spec) withDefaults() Spec {
	s.User = or(s.User, DefaultUser)
	s.SSHPort = or(s.SSHPort, DefaultSSHPort)
	s.SSH.Timeout = or(s.SSH.Timeout, 5*time.Minute)
	s.Docker.RepositoryURL = strings.TrimSuffix(or(s.Docker.RepositoryURL, DefaultRepositoryURL), "/")
	s.Controller.NodeID = or(s.Controller.NodeID, s.Hostname)
	if s.SSH.Bastion != nil {
		b := *s.SSH.Bastion
		b.Port = or(b.Port, 22)
		b.User = or(b.User, s.User)
		if len(b.PrivateKeys) == 0 {
			b.PrivateKeys = s.SSH.PrivateKeys
		}
		s.SSH.Bastion = &b
	}
	if s.Base != nil {
		b := *s.Base
		b.Name = or(b.Name, DefaultContainerName)
		b.Network = or(b.Network, "host")
		b.Restart = or(b.Restart, DefaultRestart)
		b.Pull = or(b.Pull, "missing")
		s.Base = &b
	}
	return s
}

func or[T comparable](value, otherwise T) T {
	var zero T
	if value == zero {
		return otherwise
	}
	return value
}

// Validate reports every field that can't be meant, joined into one error; nil when the Spec can be tried.
func (s Spec) Validate() error {
	s = s.withDefaults()
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }

	if s.Host == "" {
		bad("host: an address is required")
	}
	if s.Hostname != "" {
		errs = append(errs, within("hostname", CheckHostname(s.Hostname)))
	}
	for i, key := range s.AuthorizedKeys {
		if err := checkAuthorizedKey(key); err != nil {
			bad("authorized_keys[%d]: %w", i, err)
		}
	}
	if s.SSHPort < 1 || s.SSHPort > 65535 {
		bad("ssh_port: %d is not a port", s.SSHPort)
	}
	if s.Base != nil {
		errs = append(errs, within("ssh_port", CheckPorts(s.SSHPort, s.Base.Network)))
	}
	if s.StaticAddress.IsValid() && !s.StaticAddress.Is4() {
		bad("static_ipv4_address: %s is not an IPv4 address", s.StaticAddress)
	}
	for i, server := range s.DNSServers {
		if !server.IsValid() || server.Zone() != "" || server.IsUnspecified() {
			bad("dns_servers[%d]: %s is not the address of a name server", i, server)
		}
	}
	for i, server := range s.NTPServers {
		if err := CheckNTPServer(server); err != nil {
			bad("ntp_servers[%d]: %w", i, err)
		}
	}
	if !slices.Contains([]int{0, 1, 2}, s.CgroupVersion) {
		bad("cgroup_version: %d is neither 1 nor 2", s.CgroupVersion)
	}
	errs = append(errs, within("docker.repository_url", CheckRepository(s.Docker.RepositoryURL)))
	for i, registry := range s.Docker.InsecureRegistries {
		errs = append(errs, within(fmt.Sprintf("docker.insecure_registries[%d]", i), CheckRegistry(registry)))
	}
	for i, mirror := range s.Docker.RegistryMirrors {
		errs = append(errs, within(fmt.Sprintf("docker.registry_mirrors[%d]", i), CheckMirror(mirror)))
	}
	if b := s.SSH.Bastion; b != nil && b.Host == "" {
		bad("bastion: an address is required")
	}
	if s.Base != nil {
		errs = append(errs, s.Base.validate()...)
	}
	return errors.Join(errs...)
}

func (b Base) validate() []error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf("base_container."+format, args...)) }

	if b.Image == "" {
		bad("image: a reference is required")
	}
	errs = append(errs, within("base_container.name", CheckContainerName(b.Name)))
	for name := range b.Environment {
		errs = append(errs, within("base_container.environment", CheckVariable(name)))
	}
	for i, volume := range b.Volumes {
		errs = append(errs, within(fmt.Sprintf("base_container.volumes[%d]", i), CheckVolume(volume)))
	}
	for i, key := range b.AuthorizedKeys {
		if err := checkAuthorizedKey(key); err != nil {
			bad("authorized_keys[%d]: %w", i, err)
		}
	}
	if n := len(b.UserInitCommand); n > MaxUserInitCommand {
		bad("user_init_command: %d bytes; the VC controller takes at most %d", n, MaxUserInitCommand)
	}
	if b.UserInitCommand != "" && !strings.HasPrefix(b.UserInitCommand, "#!") {
		bad(`user_init_command: the first line must name its interpreter, such as "#!/bin/sh"`)
	}
	if !slices.Contains([]string{"missing", "always", "never"}, b.Pull) {
		bad("pull: %q is none of missing, always, never", b.Pull)
	}
	if !slices.Contains([]string{"always", "unless-stopped", "on-failure", "no"}, b.Restart) {
		bad("restart: %q is none of always, unless-stopped, on-failure, no", b.Restart)
	}
	return errs
}

// within says where in a Spec an error is.
func within(field string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", field, err)
}

// CheckHostname accepts a host's name.
func CheckHostname(name string) error {
	if !hostnamePattern.MatchString(name) {
		return fmt.Errorf("%q is not a host name: letters, digits and hyphens, in parts of at most 63", name)
	}
	return nil
}

// CheckPorts accepts the port of the host's own SSH server beside a Base container in a network of Docker's; empty: the
// host's, in which the Base container has port 22.
func CheckPorts(port int, network string) error {
	if port == basePort && or(network, "host") == "host" {
		return fmt.Errorf("22 belongs to the Base container, which shares the host's network; the host's own SSH server needs "+
			"another port, such as %d", DefaultSSHPort)
	}
	return nil
}

// CheckContainerName accepts a container's name.
func CheckContainerName(name string) error {
	if !containerPattern.MatchString(name) {
		return fmt.Errorf("%q is not a container's name", name)
	}
	return nil
}

// CheckVariable accepts the name of a variable of a container's environment.
func CheckVariable(name string) error {
	if !variablePattern.MatchString(name) {
		return fmt.Errorf("%q is not a variable's name", name)
	}
	return nil
}

// CheckVolume accepts a bind mount.
func CheckVolume(volume string) error {
	if parts := strings.Split(volume, ":"); len(parts) < 2 || len(parts) > 3 || !strings.HasPrefix(parts[1], "/") {
		return fmt.Errorf("%q is not source:target or source:target:options", volume)
	}
	return nil
}

// CheckNTPServer accepts an address or a name of a time server.
func CheckNTPServer(server string) error {
	if addr, err := netip.ParseAddr(server); err == nil && addr.Zone() == "" && !addr.IsUnspecified() {
		return nil
	}
	if !hostnamePattern.MatchString(server) || strings.Trim(server, "0123456789.") == "" {
		return fmt.Errorf("%q is neither an address nor a name of a time server, such as ntp.example.ac.jp", server)
	}
	return nil
}

// checkAuthorizedKey accepts one public key as authorized_keys files have it; its error never repeats the text, which
// may be a private key pasted by mistake.
func checkAuthorizedKey(line string) error {
	if strings.Contains(line, "PRIVATE KEY") {
		return errors.New("this is a private key; give the public one, the contents of the .pub file")
	}
	_, _, _, rest, err := ssh.ParseAuthorizedKey([]byte(line))
	if err != nil {
		return errors.New("not a public key such as \"ssh-ed25519 AAAA... comment\"")
	}
	if len(bytes.TrimSpace(rest)) > 0 {
		return errors.New("more than one line; give each key as an element of its own")
	}
	return nil
}
