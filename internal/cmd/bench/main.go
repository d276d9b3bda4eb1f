//go:build linux

// Command bench measures what many VMs cost, with the real terraform and the real provider against the simulator, and
// compares it with the floor: the portal's own time for one VM, and what a plan of so many resources costs Terraform
// when nothing is asked of the portal. It prints a table, and with -out writes it into a page of the documentation.
//
// All is measured in one run on one machine, and told as a ratio, so that the machine does not matter much.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"time"
)

// options are the command line's.
type options struct {
	cli, provider, out string
	speed              float64
	lanes              int
	only               string
}

func main() {
	var opt options
	flag.StringVar(&opt.cli, "cli", "terraform", "terraform or tofu")
	flag.StringVar(&opt.provider, "provider", "bin/terraform-provider-mdx", "the provider's binary")
	flag.StringVar(&opt.out, "out", "", "page whose part between the marks is replaced by the table")
	flag.Float64Var(&opt.speed, "speed", 10, "how much faster than the real portal's the simulator's time runs")
	flag.IntVar(&opt.lanes, "lanes", 4, "rows measured at a time; they mostly wait")
	flag.StringVar(&opt.only, "only", "", "measure rows whose name has this in it only")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := bench(ctx, opt)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func bench(ctx context.Context, opt options) error {
	work, err := os.MkdirTemp("", "mdx-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	b := &benchmark{options: opt, work: work}
	if b.provider, err = filepath.Abs(opt.provider); err != nil {
		return err
	}
	results, err := b.run(ctx)
	text := table(results, opt.speed)
	fmt.Print(text)
	if opt.out == "" || err != nil {
		return err
	}
	page, err := os.ReadFile(opt.out)
	if err != nil {
		return err
	}
	changed, err := replaceMarked(string(page), text)
	if err != nil {
		return fmt.Errorf("%s: %w", opt.out, err)
	}
	return os.WriteFile(opt.out, []byte(changed), 0o600)
}

// Marks of the part of a page that is generated.
const (
	markBegin = "<!-- begin of what make generate-bench writes -->\n"
	markEnd   = "<!-- end of what make generate-bench writes -->\n"
)

var errNoMarks = errors.New("no marks to write the table between")

func replaceMarked(page, text string) (string, error) {
	before, rest, begun := strings.Cut(page, markBegin)
	_, after, ended := strings.Cut(rest, markEnd)
	if !begun || !ended {
		return "", errNoMarks
	}
	return before + markBegin + "\n" + text + "\n" + markEnd + after, nil
}

// roundTrip is how far away the portal is.
const roundTrip = 50 * time.Millisecond
