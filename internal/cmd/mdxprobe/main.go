// Command mdxprobe asks an mdx portal whether it is as the project recorded it,
// and prints a table that can be sent to the project.
package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/conformance"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Getenv, os.Stdin, os.Stdout, os.Stderr)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "mdxprobe:", err)
		os.Exit(1)
	}
}

// options are what the command line and the environment say.
type options struct {
	cfg               conformance.Config
	write, yes, clean bool
}

// parse reads the command line; what it leaves open, the environment says.
func parse(args []string, env func(string) string, log io.Writer) (*options, error) {
	o := &options{}
	flags := flag.NewFlagSet("mdxprobe", flag.ContinueOnError)
	flags.SetOutput(log)
	flags.Usage = func() { help(flags) }
	endpoint := cmp.Or(env("MDX_ENDPOINT"), env("MDX_BASE_URL"), "https://oprpl.mdx.jp")
	flags.StringVar(&o.cfg.Endpoint, "endpoint", endpoint, "the portal's `URL`; also MDX_ENDPOINT")
	flags.StringVar(&o.cfg.Project, "project", cmp.Or(env("MDX_PROJECT_ID"), env("MDX_PROJECT_NAME")), "`id or name`; also MDX_PROJECT_ID or MDX_PROJECT_NAME; default the first")
	flags.DurationVar(&o.cfg.Pace, "pace", 5*time.Second, "time between two polls")
	flags.DurationVar(&o.cfg.Patience, "patience", 30*time.Minute, "how long one thing is waited for")
	flags.StringVar(&o.cfg.Prefix, "prefix", "mdxprobe-", "how the `name` of the VM begins that -write makes")
	flags.BoolVar(&o.write, "write", false, "also make one small VM and one ACL rule, and remove them; says first what that is, and asks")
	flags.BoolVar(&o.yes, "yes", false, "don't ask before -write")
	flags.BoolVar(&o.clean, "clean", false, "only remove what an earlier -write left behind")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	if flags.NArg() > 0 {
		return nil, fmt.Errorf("unexpected argument %q; -help explains", flags.Arg(0))
	}
	if o.cfg.Token = env("MDX_API_TOKEN"); o.cfg.Token == "" {
		return nil, errors.New("no token: issue one on the portal (menu on your name, トークン発行) and export it as MDX_API_TOKEN")
	}
	return o, nil
}

// run asks what the options say and prints what it finds.
func run(ctx context.Context, args []string, env func(string) string, in io.Reader, out, log io.Writer) error {
	o, err := parse(args, env, log)
	if err != nil {
		return err
	}
	session, err := conformance.Open(ctx, o.cfg)
	if err != nil {
		return err
	}
	defer session.Close()
	if o.clean {
		return session.CleanUp(ctx)
	}
	var results []conformance.Result
	tell := func(r conformance.Result) { printResult(out, session, r) }
	if o.write {
		if err := agree(ctx, session, o.yes, in, log); err != nil {
			return err
		}
		results = conformance.Run(ctx, session, conformance.Writings(), tell)
		if err := cleanUp(ctx, session, log); err != nil {
			return err
		}
	}
	results = append(results, conformance.Run(ctx, session, conformance.Readings(), tell)...)
	printSummary(out, results)
	return ctx.Err()
}

// agree tells what -write will make and asks whether it may.
func agree(ctx context.Context, session *conformance.Session, yes bool, in io.Reader, log io.Writer) error {
	plan, err := session.Plan(ctx)
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintln(log, plan)
	if yes {
		return nil
	}
	_, _ = fmt.Fprint(log, "Go on? Type yes: ")
	answer, err := bufio.NewReader(in).ReadString('\n')
	if strings.TrimSpace(answer) != "yes" {
		return errors.Join(errors.New("nothing was made"), err)
	}
	return nil
}

// cleanUp removes what was made, also when the run was interrupted; it has half
// an hour for that.
func cleanUp(ctx context.Context, session *conformance.Session, log io.Writer) error {
	_, _ = fmt.Fprintln(log, "Removing what was made ...")
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Minute)
	defer cancel()
	if err := session.CleanUp(ctx); err != nil {
		return fmt.Errorf("%w; mdxprobe -clean tries again", err)
	}
	return nil
}
