// Package lifecycle is how the plugin's process lives and ends: as long as Terraform needs it, and then just as long as
// what it has begun needs to be written down.
//
// Terraform may be killed, or kill its providers, while a VM is being asked for. Its calls are cancelled then, and what
// comes back quickly from a cancelled call is written to the state, or at least to the journal, before the process ends:
//
//   - a write to a Terraform that is gone is an error, not the end (SIGPIPE is ignored)
//   - SIGTERM, which reaches all processes of a service or a container at once, cancels the calls; Terraform, which got
//     it too, hears their answers and then ends the plugin
//   - when Terraform is gone, or has closed the connection, calls under way are cancelled and waited for
package lifecycle

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"
)

// Grace is how long cancelled calls may take to end when nobody is left to be answered: a request that is under way has
// two minutes by default, and its outcome belongs in the journal.
const Grace = 3 * time.Minute

// Serve answers Terraform at a provider address, and returns when the process may end.
func Serve(address string, server func() tfprotov6.ProviderServer) error {
	signal.Ignore(syscall.SIGPIPE)
	underWay := newCalls()
	terminated := make(chan os.Signal, 1)
	signal.Notify(terminated, syscall.SIGTERM)
	defer signal.Stop(terminated)
	served := make(chan error, 1)
	silent := quiet()
	go func() {
		served <- tf6server.Serve(address, func() tfprotov6.ProviderServer { return watch(server(), underWay, silent) })
	}()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	return live(underWay, served, terminated, orphaned(ctx))
}

// live waits for the end, and for the calls that are under way then.
func live(underWay *calls, served <-chan error, terminated <-chan os.Signal, alone <-chan struct{}) (err error) {
	for ended := false; !ended; {
		select {
		case err = <-served:
			ended = true
		case <-alone:
			ended = true
		case <-terminated:
			underWay.cancel()
		}
	}
	underWay.cancel()
	return errors.Join(err, underWay.wait(Grace))
}

// calls are the changes under way.
type calls struct {
	ctx    context.Context //nolint:containedctx // it ends with the process, and all calls with it
	cancel context.CancelFunc
	under  sync.WaitGroup
}

func newCalls() *calls {
	c := &calls{}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	return c
}

// begin counts a call in, and has its context end when all calls are to.
func (c *calls) begin(ctx context.Context) (under context.Context, end func()) {
	c.under.Add(1)
	under, cancel := context.WithCancel(ctx)
	release := context.AfterFunc(c.ctx, cancel)
	return under, func() {
		release()
		cancel()
		c.under.Done()
	}
}

var errUnderWay = errors.New("a change was still under way; the journal tells what had been asked for")

// wait returns when no call is under way, or after a while.
func (c *calls) wait(grace time.Duration) error {
	ended := make(chan struct{})
	go func() {
		c.under.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		return nil
	case <-time.After(grace):
		return errUnderWay
	}
}
