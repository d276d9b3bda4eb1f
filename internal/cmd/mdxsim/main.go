// Command mdxsim runs a simulated mdx portal.
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

// run serves until the context ends.
func run(ctx context.Context, args []string, out, log io.Writer) error {
	flags := flag.NewFlagSet("mdxsim", flag.ContinueOnError)
	flags.SetOutput(log)
	listen := flags.String("listen", "127.0.0.1:8080", "address to listen on; port 0 takes a free one")
	verbose := flags.Bool("v", false, "log one line per request")
	var cfg mdxsim.Config
	flags.StringVar(&cfg.Token, "token", "demo", "the token that clients start with")
	flags.Float64Var(&cfg.Speed, "speed", 60, "how many times faster than a real portal's time runs")
	flags.DurationVar(&cfg.Latency, "latency", 0, "added to each answer: the way to the portal and back")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *verbose {
		cfg.Log = log
	}
	sim, err := mdxsim.New(cfg)
	if err != nil {
		return err
	}
	defer func() { _ = sim.Close() }() // the process ends anyway
	endpoint, err := sim.Start(ctx, *listen)
	if err != nil {
		return err
	}
	project := sim.World().Organisations[0].Projects[0]
	if err := json.NewEncoder(out).Encode(map[string]string{
		"endpoint": endpoint, "token": cfg.Token, "project_id": project.UUID, "project_name": project.Name,
	}); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}
