// Command mdxsim runs a simulated mdx portal, so that an apply can be rehearsed
// without an account and without spending points.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "mdxsim:", err)
		os.Exit(1)
	}
}

// run serves until the context ends. When it is ready it writes one line of
// JSON to out: endpoint, token, project_id, project_name.
func run(ctx context.Context, args []string, out, log io.Writer) error {
	o, err := parse(args, log)
	if err != nil {
		return err
	}
	if o.cfg.Backend, err = newBackend(ctx, o.backend, log); err != nil {
		return err
	}
	sim, err := mdxsim.New(o.cfg)
	if err != nil {
		if o.cfg.Backend != nil {
			err = errors.Join(err, o.cfg.Backend.Close())
		}
		return err
	}
	endpoint, err := sim.Start(ctx, o.listen)
	if err != nil {
		return errors.Join(err, sim.Close())
	}
	project := firstProject(sim.World())
	if err := json.NewEncoder(out).Encode(map[string]string{
		"endpoint": endpoint, "token": o.cfg.Token, "project_id": project.UUID, "project_name": project.Name,
	}); err != nil {
		return errors.Join(err, sim.Close())
	}
	<-ctx.Done()
	return sim.Close()
}

// firstProject is the one to work in unless one says otherwise.
func firstProject(world mdxsim.World) mdxsim.Project {
	for _, organisation := range world.Organisations {
		for _, project := range organisation.Projects {
			return project
		}
	}
	return mdxsim.Project{}
}
