package mdxsim

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/hashicorp/go-cleanhttp"
)

// registryPort is where the registry answers, as on a VC controller.
const registryPort = "5000"

// baseRepository is the stand-in Base container's name in the registry.
const baseRepository = "vcp/base:1.0"

// registry is the container that images are pulled from. Its name for this machine differs from its name for hosts.
type registry struct {
	pushed  string // host:port as this machine's Docker sees it
	address netip.Addr
}

// Registry runs the registry, if it does not run yet, and gives its address as the hosts see it ("10.0.0.2:5000"). It
// speaks plain HTTP, so a host must list it among its insecure registries.
func (b *DockerBackend) Registry(ctx context.Context) (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.registry.address.IsValid() {
		if err := b.startRegistry(ctx); err != nil {
			return "", fmt.Errorf("registry: %w", err)
		}
	}
	return net.JoinHostPort(b.registry.address.String(), registryPort), nil
}

// BaseImage gives the reference of the stand-in Base image, as the hosts see it.
func (b *DockerBackend) BaseImage(ctx context.Context) (string, error) {
	address, err := b.Registry(ctx)
	if err != nil {
		return "", err
	}
	_, err = b.Push(ctx, b.images.base, baseRepository)
	return address + "/" + baseRepository, err
}

// Push puts one of this machine's images into the registry, and gives its reference as the hosts see it.
func (b *DockerBackend) Push(ctx context.Context, image, repository string) (string, error) {
	address, err := b.Registry(ctx)
	if err != nil {
		return "", err
	}
	here := b.registry.pushed + "/" + repository
	if _, err := b.docker.run(ctx, "tag", image, here); err != nil {
		return "", err
	}
	defer func() { _, _ = b.docker.run(context.WithoutCancel(ctx), "rmi", here) }()
	_, err = b.docker.run(ctx, "push", "--quiet", here)
	return address + "/" + repository, err
}

// startRegistry keeps what it holds in the cache, so that the Base image is compressed and pushed once. The lock is
// held.
func (b *DockerBackend) startRegistry(ctx context.Context) error {
	if err := b.makeNetwork(ctx, netip.Prefix{}); err != nil {
		return err
	}
	folder := filepath.Join(b.cache, "registry-"+b.images.key)
	if err := os.MkdirAll(folder, 0o755); err != nil { //nolint:gosec // the registry's container writes into it as root
		return err
	}
	address := offset(b.net.prefix, registryOffset)
	name := b.name("registry")
	if _, err := b.docker.run(ctx, "run", "--detach", "--name", name, "--network", b.name("net"), "--ip", address.String(),
		"--publish", "127.0.0.1::"+registryPort, "--volume", folder+":/var/lib/registry",
		"--entrypoint", "/usr/bin/docker-registry", b.images.host, "serve", "/etc/docker/registry/registry.yml"); err != nil {
		return err
	}
	published, err := b.docker.run(ctx, "port", name, registryPort)
	if err != nil {
		return err
	}
	pushed, _, _ := strings.Cut(published, "\n")
	if err := answers(ctx, "http://"+pushed+"/v2/"); err != nil {
		return err
	}
	b.registry = registry{pushed, address}
	return nil
}

// answers waits until a URL does.
func answers(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	client := cleanhttp.DefaultClient()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
		if err != nil {
			return err
		}
		resp, err := client.Do(req)
		if err == nil {
			return resp.Body.Close()
		}
		timer := time.NewTimer(100 * time.Millisecond)
		select {
		case <-ctx.Done():
			timer.Stop()
			return fmt.Errorf("%s does not answer: %w", url, err)
		case <-timer.C:
		}
	}
}
