package lifecycle

import (
	"context"
	"errors"
	"os"
	"runtime"
	"strings"
	"testing"
	"weak"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

func TestTheFrameworkLogsOnlyWhereSomebodyHearsIt(t *testing.T) {
	for entry, want := range map[string]bool{
		"TF_LOG=":                         true,
		"TF_LOG=off":                      true,
		"TF_LOG_CORE=trace":               true,
		"TF_LOG_PATH=/var/log/tf":         true,
		"TF_LOG=debug":                    false,
		"TF_LOG_PROVIDER=warn":            false,
		"TF_LOG_PROVIDER_MDX=info":        false,
		"TF_LOG_SDK_FRAMEWORK=trace":      false,
		"TF_LOG_SDK_PROTO_DATA_DIR=/data": false,
	} {
		t.Run(entry, func(t *testing.T) {
			for _, set := range os.Environ() {
				if name, _, _ := strings.Cut(set, "="); strings.HasPrefix(name, "TF_LOG") {
					t.Setenv(name, "")
				}
			}
			t.Setenv("TF_LOG_SDK", "") // is put back at the end
			t.Setenv("TF_LOG_SDK_PROTO", "")
			t.Setenv("TF_LOG_SDK_FRAMEWORK", "")
			name, value, _ := strings.Cut(entry, "=")
			t.Setenv(name, value)
			if got := quiet(); got != want {
				t.Errorf("quiet: %t", got)
			}
			if got := os.Getenv("TF_LOG_SDK"); (got == "OFF") != want {
				t.Errorf("TF_LOG_SDK=%s", got)
			}
		})
	}
}

func TestACallsContextLastsAsLongAsTheCall(t *testing.T) {
	type key struct{}
	mine, cancel := context.WithCancel(context.WithValue(t.Context(), key{}, 1))
	ctx, end := pass(mine)
	if ctx.Value(key{}) != 1 || ctx.Err() != nil {
		t.Error("not the call's context")
	}
	inner, stop := context.WithCancel(ctx)
	defer stop()
	cancel()
	<-inner.Done()
	if !errors.Is(ctx.Err(), context.Canceled) {
		t.Error("not cancelled with the call")
	}
	end()
	if ctx.Value(key{}) != nil || ctx.Err() == nil {
		t.Error("it holds what is over")
	}
}

// keeper keeps the contexts of its calls, as the framework does.
type keeper struct {
	full
	kept []context.Context
}

func (k *keeper) PlanResourceChange(ctx context.Context, _ *tfprotov6.PlanResourceChangeRequest) (*tfprotov6.PlanResourceChangeResponse, error) {
	ctx, cancel := context.WithCancel(ctx)
	context.AfterFunc(ctx, cancel)
	k.kept = append(k.kept, ctx)
	return &tfprotov6.PlanResourceChangeResponse{}, nil
}

func TestWhatCameWithACallIsNotKept(t *testing.T) {
	type baggage [1 << 16]byte
	type key struct{}
	k := &keeper{}
	for _, quiet := range []bool{true, false} {
		brought := &baggage{}
		gone := weak.Make(brought)
		call, cancel := context.WithCancel(context.WithValue(t.Context(), key{}, brought))
		if _, err := watch(k, newCalls(), quiet).PlanResourceChange(call, nil); err != nil {
			t.Fatal(err)
		}
		cancel()
		call, brought = nil, nil //nolint:ineffassign,wastedassign // so that nothing here holds it
		runtime.GC()
		if kept := gone.Value() != nil; kept == quiet {
			t.Errorf("quiet: %t, kept: %t", quiet, kept)
		}
	}
	runtime.KeepAlive(k)
}
