//go:build linux

// Command bench measures what many VMs cost, with the real terraform and the real provider against the simulator, and
// compares it with the floor: the portal's own time for one VM, and what a plan of so many resources costs Terraform
// when nothing is asked of the portal. It prints a table, and with -out writes it into a page of the documentation.
//
// All is measured in one run on one machine, and told as a ratio, so that the machine does not matter much.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"time"
)

// options are the command line's.
type options struct {
	cli, provider, out string
	only               string
}

func main() {
	var opt options
	flag.StringVar(&opt.cli, "cli", "terraform", "terraform or tofu")
	flag.StringVar(&opt.provider, "provider", "bin/terraform-provider-mdx", "the provider's binary")
	flag.StringVar(&opt.out, "out", "", "English page whose part between the marks is replaced by the table; its Japanese sister's is, too")
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
	fmt.Print(table(results))
	if opt.out == "" || err != nil {
		return err
	}
	return write(opt.out, results)
}

// roundTrip is how far away the portal is.
const roundTrip = 50 * time.Millisecond
