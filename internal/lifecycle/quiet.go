package lifecycle

import (
	"context"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// quiet has the plugin framework log nothing where nobody hears it, and tells whether it did. Terraform throws away what
// plugins log unless TF_LOG or one of its kin is set. Left alone, the framework writes hundreds of lines for each
// resource all the same, and Terraform reads them: a fifth of the time that a plan of a thousand resources takes.
func quiet() bool {
	if slices.ContainsFunc(os.Environ(), asksForLogs) {
		return false
	}
	for _, name := range []string{"TF_LOG_SDK", "TF_LOG_SDK_PROTO", "TF_LOG_SDK_FRAMEWORK"} {
		if os.Setenv(name, "OFF") != nil {
			return false
		}
	}
	return true
}

// asksForLogs tells whether an entry of the environment wants anything of what plugins log.
func asksForLogs(entry string) bool {
	name, value, _ := strings.Cut(entry, "=")
	switch {
	case !strings.HasPrefix(name, "TF_LOG"), name == "TF_LOG_CORE", strings.HasPrefix(name, "TF_LOG_PATH"):
		return false
	}
	return value != "" && !strings.EqualFold(value, "off")
}

// passing is the context of one call, which lets go of what came with the call when that is over. The framework keeps
// the contexts of all calls until the process ends, to cancel them when Terraform is interrupted; each holds the call's
// loggers and buffers, which comes to a hundred megabytes in a plan of a thousand resources.
type passing struct {
	held atomic.Pointer[context.Context]
}

// pass makes a call's context one that is let go of at the end.
func pass(ctx context.Context) (passed context.Context, end func()) {
	p := &passing{}
	p.held.Store(&ctx)
	return p, func() { p.held.Store(&over) }
}

// over is a context that has ended and holds nothing.
var over = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

// Deadline is that of the call.
func (p *passing) Deadline() (time.Time, bool) { return (*p.held.Load()).Deadline() }

// Done is closed when the call is cancelled or over.
func (p *passing) Done() <-chan struct{} { return (*p.held.Load()).Done() }

// Err tells why the call ended.
func (p *passing) Err() error { return (*p.held.Load()).Err() }

// Value is what came with the call, while it lasts.
func (p *passing) Value(key any) any { return (*p.held.Load()).Value(key) }
