package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

// options are what the command line says.
type options struct {
	listen  string
	backend string
	cfg     mdxsim.Config
}

// parse reads the command line and the files that it names.
func parse(args []string, log io.Writer) (*options, error) {
	o := &options{cfg: mdxsim.Config{Token: "demo", Speed: 60}}
	flags := flag.NewFlagSet("mdxsim", flag.ContinueOnError)
	flags.SetOutput(log)
	flags.Usage = func() { help(flags) }

	var world, faults string
	var verbose bool
	flags.StringVar(&o.listen, "listen", "127.0.0.1:8080", "`address` to listen on; port 0 takes a free one")
	flags.StringVar(&o.cfg.Token, "token", o.cfg.Token, "the `token` that clients start with")
	flags.DurationVar(&o.cfg.TokenLifetime, "token-lifetime", time.Hour, "how long a token is good for, on your clock")
	flags.Float64Var(&o.cfg.Speed, "speed", o.cfg.Speed, "how many `times` faster than the real portal: 60 turns minutes into seconds")
	flags.DurationVar(&o.cfg.Latency, "latency", 0, "added to each answer, on your clock: the way to the portal and back")
	flags.StringVar(&world, "world", "", "JSON `file` with what exists; /_sim/world prints one")
	flags.StringVar(&o.backend, "vm-backend", "none", "what powered-on machines are (see below): a `name`")
	flags.StringVar(&faults, "faults", "", "JSON `file` with faults; /_sim/faults prints one")
	flags.Int64Var(&o.cfg.FaultSeed, "fault-seed", 0, "make a schedule of faults from this `number`; 0 makes none")
	flags.Int64Var(&o.cfg.Seed, "seed", 0, "make ids from this `number`")
	flags.Func("quirk", "`name=value`: choose among answers that nobody is sure of (see below); may be repeated", func(text string) error {
		name, value, _ := strings.Cut(text, "=")
		return o.cfg.Quirks.Set(name, value)
	})
	flags.Func("duration", "`name=duration`: how long the portal takes for something (see below); may be repeated", func(text string) error {
		name, value, _ := strings.Cut(text, "=")
		return o.cfg.Durations.Set(name, value)
	})
	flags.BoolVar(&verbose, "v", false, "write one line per request to standard error")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	switch {
	case flags.NArg() > 0:
		return nil, fmt.Errorf("unexpected argument %q; -help explains", flags.Arg(0))
	case o.cfg.Speed <= 0:
		return nil, fmt.Errorf("-speed %v: time must go forward", o.cfg.Speed)
	}
	if verbose {
		o.cfg.Log = log
	}
	if world != "" {
		if err := fromFile(world, func(r io.Reader) (err error) {
			o.cfg.World, err = mdxsim.ReadWorld(r)
			return err
		}); err != nil {
			return nil, fmt.Errorf("-world: %w", err)
		}
	}
	if faults != "" {
		if err := fromFile(faults, func(r io.Reader) error {
			return json.NewDecoder(r).Decode(&o.cfg.Faults)
		}); err != nil {
			return nil, fmt.Errorf("-faults: %w", err)
		}
	}
	return o, nil
}

func fromFile(name string, read func(io.Reader) error) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // it was only read
	if err := read(file); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// help teaches.
func help(flags *flag.FlagSet) {
	out := flags.Output()
	_, _ = fmt.Fprint(out, `mdxsim pretends to be the mdx portal: the same REST API, the same delays and the
same bad manners, with a small world of projects, machines and rules behind it.
Nothing costs points.

  mdxsim -speed 60                     a portal whose minutes take seconds
  mdxsim -listen 127.0.0.1:0 -speed 600 -v

When it is ready it prints one line of JSON: endpoint, token, project_id and
project_name. Point a client at it:

  export MDX_ENDPOINT=http://127.0.0.1:8080 MDX_API_TOKEN=demo MDX_PROJECT_NAME=demo
  terraform apply

or look around by hand:

  curl -s -H 'Authorization: JWT demo' $MDX_ENDPOINT/api/project/assigned/

What it saw and what it holds, and levers to be unkind by hand, are under
/_sim/ and need no token:

  curl -s $MDX_ENDPOINT/_sim/                              what there is
  curl -s $MDX_ENDPOINT/_sim/stats                         requests, faults, violations
  curl -s -X POST $MDX_ENDPOINT/_sim/advance?by=5m         five minutes later
  curl -s -X POST $MDX_ENDPOINT/_sim/vm/NAME/sleep         a spot machine is put to sleep

It ends with Ctrl-C or SIGTERM.

Options:
`)
	flags.PrintDefaults()
	_, _ = fmt.Fprintf(out, `
Backends, for -vm-backend:
%s
Quirks, for -quirk and for "quirks" in a world file; the first is the default:
%s
Durations, in the portal's time, for -duration and for "durations" in a world file:
%s
Faults, for -faults: a list of {"route": "POST /api/vm/deploy/", "nth": 1, "kind": "reset-after"}, kinds being
%s`, backendsHelp(), mdxsim.QuirksHelp(), mdxsim.DurationsHelp(), mdxsim.FaultsHelp())
}
