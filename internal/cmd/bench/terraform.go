//go:build linux

package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

// site is a simulated portal, and a folder in which terraform works on it.
type site struct {
	sim      *mdxsim.Sim
	server   *httptest.Server
	dir      string
	cli      string
	provider string // a copy of its own, so that its processes can be told apart
	speed    float64
}

// room is a quota that nothing of the benchmark reaches.
var room = mdxsim.Quota{CPUPacks: 1_000_000, DiskGB: 1_000_000}

// newSite sets up a portal that runs at a speed. World is what is there; nil: the usual, with room enough.
func (b *benchmark) newSite(dir string, speed float64, latency time.Duration, world *mdxsim.World) (*site, error) {
	if world == nil {
		world = mdxsim.DefaultWorld()
		world.Organisations[0].Projects[0].Quota = room
	}
	sim, err := mdxsim.New(mdxsim.Config{Speed: speed, Latency: latency, World: world, TokenLifetime: 24 * time.Hour})
	if err != nil {
		return nil, err
	}
	s := &site{sim: sim, server: httptest.NewServer(sim.Handler()), dir: dir, cli: b.cli, speed: speed}
	bin := filepath.Join(dir, "bin")
	if err := os.MkdirAll(bin, 0o700); err != nil {
		return nil, err
	}
	s.provider = filepath.Join(bin, "terraform-provider-mdx")
	data, err := os.ReadFile(b.provider)
	if err != nil {
		return nil, fmt.Errorf("%w (make build)", err)
	}
	if err := os.WriteFile(s.provider, data, 0o700); err != nil { //nolint:gosec // it is run
		return nil, err
	}
	rc := fmt.Sprintf("provider_installation {\n  dev_overrides {\n    \"nii-gakunin-cloud/mdx\" = %q\n  }\n  direct {}\n}\n", bin)
	return s, os.WriteFile(s.rc(), []byte(rc), 0o600)
}

func (s *site) rc() string { return filepath.Join(s.dir, "cli.tfrc") }

func (s *site) close() {
	s.server.Close()
	_ = s.sim.Close()
}

// usage is what a run took.
type usage struct {
	wall time.Duration
	process
	stats mdxsim.Stats // of this run alone
}

// terraform runs a command in the site's folder on a configuration.
func (s *site) terraform(ctx context.Context, config string, args ...string) (usage, error) {
	if err := os.WriteFile(filepath.Join(s.dir, "main.tf"), []byte(config), 0o600); err != nil {
		return usage{}, err
	}
	before := s.sim.Stats()
	cmd := exec.CommandContext(ctx, s.cli, append(args, "-input=false", "-no-color")...)
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(), "TF_CLI_CONFIG_FILE="+s.rc(), "CHECKPOINT_DISABLE=1", "MDX_ENDPOINT="+s.server.URL,
		"MDX_API_TOKEN=demo", "MDX_PROJECT_NAME=demo", "MDX_PROJECT_ID=", "TF_LOG=",
		"MDX_POLL_INTERVAL="+time.Duration(float64(5*time.Second)/s.speed).String())
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	watching, stop := context.WithCancel(ctx)
	measured := watch(watching, s.provider)
	start := time.Now()
	err := cmd.Run()
	u := usage{wall: time.Since(start)}
	stop()
	u.process = <-measured
	if err != nil {
		return u, fmt.Errorf("%s %s: %w\n%s", s.cli, args[0], err, output.Bytes())
	}
	u.stats = difference(s.sim.Stats(), before)
	return u, nil
}

func (s *site) apply(ctx context.Context, config string, parallelism int) (usage, error) {
	return s.terraform(ctx, config, "apply", "-auto-approve", "-parallelism="+strconv.Itoa(parallelism))
}

// difference is what happened between two readings, as far as the benchmark tells of it.
func difference(after, before mdxsim.Stats) mdxsim.Stats {
	after.Requests -= before.Requests
	for route, n := range before.Routes {
		after.Routes[route] -= n
	}
	return after
}

// machine is the attributes that all VMs of the benchmark have.
const machine = `
  catalog_id     = "ca7a1060-0000-4000-8000-000000002204"
  pack_num       = 2
  ssh_public_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJkGbJFxMzn0smuPKcukSHdOueVhpoI9Qwnl4dF/2U0W bench"
}
`

func header(batch bool) string {
	return fmt.Sprintf("terraform {\n  required_providers {\n    mdx = { source = \"nii-gakunin-cloud/mdx\" }\n  }\n}\n"+
		"provider \"mdx\" {\n  batch_deploys = %t\n}\n", batch)
}

// group is a configuration of one group.
func group(size int) string {
	return header(true) + fmt.Sprintf("resource \"mdx_vm_group\" \"n\" {\n  name_prefix = \"n-\"\n  size = %d", size) + machine
}

// count is a configuration of so many VMs.
func count(n int, batch bool) string {
	return header(batch) + fmt.Sprintf("resource \"mdx_vm\" \"n\" {\n  count = %d\n  name = \"n-${count.index}\"", n) + machine
}

// idle is a configuration of so many resources that ask nothing of the portal, and of the provider to start.
func idle(n int) string {
	return group(0) + fmt.Sprintf("resource \"terraform_data\" \"n\" {\n  count = %d\n  input = count.index\n}\n", n)
}
