package mdxsim

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/gofrs/flock"
)

// shutdownLimit is how long a host may take to shut down before its plug is pulled.
const shutdownLimit = 30 * time.Second

// DockerConfig describes a [DockerBackend]. Its zero value works on a machine with Docker and mmdebstrap.
type DockerConfig struct {
	// Cache is the folder that keeps built images and the registry's contents from run to run. Empty:
	// terraform-provider-mdx in the user's cache folder.
	Cache string
	// Log takes a line for what takes long, building an image, and for an edge that fails. Nil: nothing is logged.
	Log *slog.Logger
}

// DockerBackend is a [Backend] that gives every simulated machine a real host: a container that boots systemd, with
// sshd, PAM, sudo, a login user whose blank password has expired, and a Docker daemon of its own, at an address of
// its own on a bridge that this machine reaches directly. Whatever the machine's catalog says, the system is Debian
// 12: its packages are the only thing a machine without internet can be counted on to have.
//
// Beside the hosts it runs a registry, which holds a stand-in for VCP's Base container, and once a public address is in
// use, an edge: the public address then leads to the host from this machine, for what the access rules let in.
//
// All it makes is called mdxsim-<id>-something. What a killed process left behind is removed by the next backend
// that uses the same cache.
type DockerBackend struct {
	docker  docker
	cache   string
	log     *slog.Logger
	id      string
	lock    *flock.Flock
	runArgs []string // how a host's container is run on this machine
	images  images

	mu       sync.Mutex
	net      network
	hosts    map[string]*dockerHost
	registry registry
	edge     edge
}

// dockerHost is one machine's container.
type dockerHost struct {
	name    string
	address netip.Addr
	image   string // a clone's own image; empty: the template's
}

// NewDockerBackend checks that Docker works, builds the images that the cache lacks (two minutes, once), and makes
// the network. The context bounds that, not the backend's life.
func NewDockerBackend(ctx context.Context, cfg DockerConfig) (*DockerBackend, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	cache, err := cacheFolder(cfg.Cache)
	if err != nil {
		return nil, err
	}
	b := &DockerBackend{
		docker: docker{}, cache: cache, log: cfg.Log, id: strings.ToLower(rand.Text()[:6]), hosts: map[string]*dockerHost{},
	}
	if _, err := b.docker.run(ctx, "version", "--format", "{{.Server.Version}}"); err != nil {
		return nil, fmt.Errorf("this machine has no Docker daemon that answers: %w", err)
	}
	if err := sweep(ctx, b.docker, cache); err != nil {
		return nil, err
	}
	b.lock = flock.New(filepath.Join(cache, lockPrefix+b.id))
	if err := b.lock.Lock(); err != nil {
		return nil, err
	}
	if b.images, err = buildImages(ctx, b.docker, cache, cfg.Log); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	b.runArgs = b.privileges(ctx)
	return b, nil
}

// privileges finds out how much this machine's daemon may give. Hosts run containers of their own, so they get all
// there is: plainly where that works, piece by piece where the daemon itself lacks a capability.
func (b *DockerBackend) privileges(ctx context.Context) []string {
	args := []string{
		"--cgroupns=private", "--stop-signal", "SIGRTMIN+3", "--tmpfs", "/run:exec", "--tmpfs", "/run/lock", "--tmpfs", "/tmp:exec",
	}
	if _, err := b.docker.run(ctx, "run", "--rm", "--privileged", "--entrypoint", "/bin/true",
		"--name", b.name("probe"), b.images.host); err == nil {
		return append(args, "--privileged")
	}
	return append(args, "--cap-add=ALL", "--cap-drop=SYS_RESOURCE", "--security-opt", "seccomp=unconfined",
		"--security-opt", "systempaths=unconfined", "--device-cgroup-rule", "a *:* rwm")
}

func (b *DockerBackend) name(what string) string { return namePrefix + b.id + "-" + what }

// Start boots a host. Its sshd answers about a second later.
func (b *DockerBackend) Start(ctx context.Context, host Host) (netip.Addr, error) {
	b.mu.Lock()
	known := b.hosts[host.ID]
	b.mu.Unlock()
	if known != nil {
		_, err := b.docker.run(ctx, "start", known.name)
		return known.address, err
	}
	image, err := b.disk(ctx, host)
	if err != nil {
		return netip.Addr{}, err
	}
	address, err := b.address(ctx, host.SegmentRange)
	if err != nil {
		return netip.Addr{}, err
	}
	made := &dockerHost{name: b.name("vm-" + host.ID), address: address}
	if image != b.images.host {
		made.image = image
	}
	b.mu.Lock()
	b.hosts[host.ID] = made // before it runs: Close must find what a cancelled run left
	b.mu.Unlock()
	args := append([]string{"run", "--detach", "--name", made.name, "--network", b.name("net"), "--ip", address.String()}, b.runArgs...)
	args = append(args, "--env", "MDXSIM_USER="+host.LoginUser, "--env", "MDXSIM_HOSTNAME="+templateName(host),
		"--env", "MDXSIM_KEY="+host.AuthorizedKey, image)
	if _, err := b.docker.run(ctx, args...); err != nil {
		return netip.Addr{}, err
	}
	return address, nil
}

// templateName is what a fresh machine calls itself: the template's name, not the VM's.
func templateName(host Host) string {
	if host.TemplateHost != "" {
		return host.TemplateHost
	}
	return "template"
}

// disk gives the image that a host boots: the template's, or a copy of another machine's disk.
func (b *DockerBackend) disk(ctx context.Context, host Host) (string, error) {
	b.mu.Lock()
	origin := b.hosts[host.CloneOf]
	b.mu.Unlock()
	if origin == nil {
		return b.images.host, nil
	}
	image := b.name("disk") + ":" + host.ID
	_, err := b.docker.run(ctx, "commit", origin.name, image)
	return image, err
}

// Stop shuts a host down, or pulls its plug.
func (b *DockerBackend) Stop(ctx context.Context, id string, graceful bool) error {
	host := b.host(id)
	if host == nil {
		return nil
	}
	if graceful {
		_, err := b.docker.run(ctx, "stop", "--time", seconds(shutdownLimit), host.name)
		return err
	}
	_, err := b.docker.run(ctx, "kill", host.name)
	if err != nil && strings.Contains(err.Error(), "is not running") {
		return nil
	}
	return err
}

// Reboot restarts a host.
func (b *DockerBackend) Reboot(ctx context.Context, id string, graceful bool) error {
	if err := b.Stop(ctx, id, graceful); err != nil {
		return err
	}
	host := b.host(id)
	if host == nil {
		return fmt.Errorf("no host %s to reboot", id)
	}
	_, err := b.docker.run(ctx, "start", host.name)
	return err
}

// Destroy removes a host and its disk.
func (b *DockerBackend) Destroy(ctx context.Context, id string) error {
	host := b.host(id)
	if host == nil {
		return nil
	}
	if err := b.docker.remove(ctx, host.name); err != nil {
		return err
	}
	if host.image != "" {
		if _, err := b.docker.run(ctx, "rmi", "--force", host.image); err != nil {
			return err
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.hosts, id)
	return nil
}

// Exec runs a shell script inside a host, as root, past its sshd: for tests that look at a host from within. What was
// written until the context ended is returned too.
func (b *DockerBackend) Exec(ctx context.Context, id, script string) (string, error) {
	host := b.host(id)
	if host == nil {
		return "", fmt.Errorf("no host %s", id)
	}
	return b.docker.run(ctx, "exec", host.name, "/bin/sh", "-c", script)
}

func (b *DockerBackend) host(id string) *dockerHost {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.hosts[id]
}

// Close removes every host, the registry and the network. Images and what the registry holds stay in the cache.
func (b *DockerBackend) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	err := removeAll(ctx, b.docker, b.id)
	return errors.Join(err, release(b.lock))
}
