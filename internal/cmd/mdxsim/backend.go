package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim/process"
)

// backend is a way to give powered-on machines hosts.
type backend struct {
	name, meaning string
	make          func(ctx context.Context, log io.Writer) (mdxsim.Backend, error)
}

// backends is what -vm-backend takes.
var backends = []backend{
	{"none", "machines exist on paper, with addresses that nobody answers at", func(context.Context, io.Writer) (mdxsim.Backend, error) {
		return nil, nil //nolint:nilnil // no backend is what none means
	}},
	{
		"process", "an SSH server in this process for each, on its own address in 127.0.0.0/8: plays the\n" +
			"           first login, runs commands in a throw-away folder with stand-ins for sudo, apt-get,\n" +
			"           systemctl, docker; installs nothing really; needs leave to listen on port 22",
		func(context.Context, io.Writer) (mdxsim.Backend, error) { return process.New(), nil },
	},
	{
		"docker", "a container for each that boots systemd, with sshd, PAM and a Docker daemon of its own, and\n" +
			"           public addresses that lead to them, for what access rules let in: needs Docker and\n" +
			"           mmdebstrap; the first start builds images, which takes minutes",
		func(ctx context.Context, log io.Writer) (mdxsim.Backend, error) {
			return mdxsim.NewDockerBackend(ctx, mdxsim.DockerConfig{Log: slog.New(slog.NewTextHandler(log, nil))})
		},
	},
}

// newBackend makes the backend of that name.
func newBackend(ctx context.Context, name string, log io.Writer) (mdxsim.Backend, error) {
	for _, b := range backends {
		if b.name == name {
			return b.make(ctx, log)
		}
	}
	return nil, fmt.Errorf("-vm-backend %s: there is no such backend", name)
}

// backendsHelp explains each backend.
func backendsHelp() string {
	var text strings.Builder
	for _, b := range backends {
		fmt.Fprintf(&text, "  %-8s %s\n", b.name, b.meaning)
	}
	return text.String()
}
