//go:build unix

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

// version is the one under which the demo installs the provider in its mirror.
const version = "0.0.1"

// cli runs terraform or tofu in a folder of its own, with a configuration that knows one provider mirror only.
type cli struct {
	binary, dir string
	env         []string
}

// publicKey is a throw-away key that the demo's VM takes; nobody has its private half.
const publicKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJkGbJFxMzn0smuPKcukSHdOueVhpoI9Qwnl4dF/2U0W demo\n"

func newCLI(work string, opt options, sim *simulator) (*cli, error) {
	binary, err := exec.LookPath(opt.cli)
	if err != nil {
		return nil, fmt.Errorf("no terraform to drive: %w (make opentofu builds one)", err)
	}
	c := &cli{binary: binary, dir: filepath.Join(work, "config")}
	mirror := filepath.Join(work, "mirror")
	for _, registry := range []string{"registry.terraform.io", "registry.opentofu.org"} {
		dir := filepath.Join(mirror, registry, "nii-gakunin-cloud", "mdx", version, runtime.GOOS+"_"+runtime.GOARCH)
		if err := install(opt.provider, filepath.Join(dir, "terraform-provider-mdx_v"+version)); err != nil {
			return nil, err
		}
	}
	rc := filepath.Join(work, "cli.tfrc")
	text := fmt.Sprintf("provider_installation {\n  filesystem_mirror {\n    path = %q\n  }\n}\n", mirror)
	if err := os.WriteFile(rc, []byte(text), 0o600); err != nil {
		return nil, err
	}
	key := filepath.Join(work, "id_ed25519.pub")
	if err := os.WriteFile(key, []byte(publicKey), 0o600); err != nil {
		return nil, err
	}
	if err := os.Mkdir(c.dir, 0o700); err != nil {
		return nil, err
	}
	c.env = append(os.Environ(),
		"TF_CLI_CONFIG_FILE="+rc, "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1", "TF_VAR_ssh_public_key_path="+key,
		"MDX_ENDPOINT="+sim.Endpoint, "MDX_API_TOKEN="+sim.Token, "MDX_PROJECT_NAME="+sim.ProjectName,
		"MDX_PROJECT_ID=", "MDX_POLL_INTERVAL=100ms")
	return c, copyConfig(opt.config, c.dir)
}

// run lets the binary speak for itself on our own output. It gets a process group of its own: an interrupt at the
// terminal must reach it once, through us, since a second one makes terraform give up its state.
func (c *cli) run(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, c.binary, args...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = c.dir, c.env, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGINT) }
	cmd.WaitDelay = 30 * time.Second
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s %s: %w", filepath.Base(c.binary), args[0], err)
	}
	return nil
}

// cleanUp destroys what a failed step left.
func (c *cli) cleanUp() error {
	say("terraform destroy: cleaning up")
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return c.run(ctx, "destroy", "-auto-approve", "-input=false")
}

// install links the provider's binary into the mirror under the name that terraform looks for.
func install(binary, as string) error {
	binary, err := filepath.Abs(binary)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(as), 0o700); err != nil {
		return err
	}
	return os.Symlink(binary, as)
}
