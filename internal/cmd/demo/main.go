//go:build unix

// Command demo does the provider's main job once, in front of your eyes: it starts the portal simulator, lets the
// real terraform (or tofu) apply a configuration through a provider mirror on disk, proves that a second plan is
// empty, destroys everything again, and shows that the simulated project is as it was.
//
//	make demo
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"reflect"
	"syscall"
	"time"
)

func main() {
	var opt options
	flag.StringVar(&opt.cli, "cli", "terraform", "terraform or tofu `binary`")
	flag.StringVar(&opt.provider, "provider", "bin/terraform-provider-mdx", "provider `binary`")
	flag.StringVar(&opt.simulator, "simulator", "bin/mdxsim", "simulator `binary`")
	flag.StringVar(&opt.config, "config", "examples/quickstart", "`folder` of the configuration to apply")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := demo(ctx, opt)
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "\ndemo: %v\n", err)
		os.Exit(1)
	}
}

type options struct{ cli, provider, simulator, config string }

// speed is how many times faster than the real portal the simulator runs: a VM takes about seven minutes there.
const speed = 600

func demo(ctx context.Context, opt options) (err error) {
	began := time.Now()
	work, err := os.MkdirTemp("", "mdx-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()

	say("Start the portal simulator")
	sim, err := startSimulator(ctx, opt.simulator)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sim.stop()) }()
	before, err := sim.world(ctx)
	if err != nil {
		return err
	}
	tell("a portal at %s, %d times faster than the real one; project %q", sim.Endpoint, speed, sim.ProjectName)
	tell("%d VM(s) of others in the project", len(before))

	tf, err := newCLI(work, opt, sim)
	if err != nil {
		return err
	}
	say("terraform init: the provider comes from a folder, no network is needed")
	if err := tf.run(ctx, "init", "-no-color"); err != nil {
		return err
	}
	say("terraform apply: %s", opt.config)
	if err := tf.run(ctx, "apply", "-auto-approve", "-input=false"); err != nil {
		return errors.Join(err, tf.cleanUp())
	}
	say("terraform plan: nothing is left to do")
	if err := tf.run(ctx, "plan", "-input=false", "-detailed-exitcode"); err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) && exit.ExitCode() == 2 {
			err = errors.New("the plan after the apply is not empty")
		}
		return errors.Join(err, tf.cleanUp())
	}
	say("terraform destroy")
	if err := tf.run(ctx, "destroy", "-auto-approve", "-input=false"); err != nil {
		return err
	}

	say("The project afterwards")
	after, err := sim.world(ctx)
	if err != nil {
		return err
	}
	if !reflect.DeepEqual(before, after) {
		return fmt.Errorf("the project is not as before: had %v, has %v", before, after)
	}
	tell("as before: %d VM(s) of others, none of ours", len(after))
	tell("done in %s", time.Since(began).Round(100*time.Millisecond))
	return nil
}

func say(format string, args ...any) {
	fmt.Printf("\n\033[1m▶ %s\033[0m\n", fmt.Sprintf(format, args...))
}
func tell(format string, args ...any) { fmt.Printf("  %s\n", fmt.Sprintf(format, args...)) }

// copyConfig copies the .tf files of a folder, so that the demo leaves no state in the source tree.
func copyConfig(from, to string) error {
	files, err := filepath.Glob(filepath.Join(from, "*.tf"))
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return fmt.Errorf("no .tf file in %s", from)
	}
	root, err := os.OpenRoot(to)
	if err != nil {
		return err
	}
	defer root.Close()
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if err := root.WriteFile(filepath.Base(file), text, 0o600); err != nil {
			return err
		}
	}
	return nil
}
