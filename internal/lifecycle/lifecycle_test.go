package lifecycle

import (
	"context"
	"errors"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// change is a call that goes on, until it is cancelled and longer still.
func change(c *calls, longer time.Duration) (ctx context.Context, ended <-chan struct{}) {
	ctx, end := c.begin(context.Background())
	over := make(chan struct{})
	go func() {
		<-ctx.Done()
		<-time.After(longer)
		end()
		close(over)
	}()
	return ctx, over
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func TestTheProcessEndsWhenWhatIsUnderWayIsOver(t *testing.T) {
	for name, end := range map[string]func(served chan error, orphaned chan struct{}){
		"Terraform closed the connection": func(served chan error, _ chan struct{}) { served <- nil },
		"Terraform is gone":               func(_ chan error, orphaned chan struct{}) { close(orphaned) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, served, orphaned := newCalls(), make(chan error, 1), make(chan struct{})
				_, ended := change(c, 90*time.Second)
				begun := time.Now()
				end(served, orphaned)
				if err := live(c, served, nil, orphaned); err != nil || !closed(ended) {
					t.Errorf("ended before its call: %v", err)
				}
				if took := time.Since(begun); took != 90*time.Second {
					t.Errorf("took %s", took)
				}
			})
		})
	}
}

func TestAProcessWithNothingUnderWayEndsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		served := make(chan error, 1)
		served <- errors.New("why")
		begun := time.Now()
		if err := live(newCalls(), served, nil, nil); err == nil || err.Error() != "why" || time.Since(begun) != 0 {
			t.Errorf("%v after %s", err, time.Since(begun))
		}
	})
}

func TestACallThatNeverEndsIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, orphaned := newCalls(), make(chan struct{})
		_, ended := change(c, time.Hour)
		close(orphaned)
		if err := live(c, nil, nil, orphaned); !errors.Is(err, errUnderWay) || closed(ended) {
			t.Error(err)
		}
		<-ended
	})
}

func TestSIGTERMCancelsTheCallsAndLetsTerraformHearOfIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, served, terminated := newCalls(), make(chan error, 1), make(chan os.Signal, 1)
		ctx, ended := change(c, time.Second)
		over := make(chan struct{})
		go func() {
			_ = live(c, served, terminated, nil)
			close(over)
		}()
		synctest.Wait()
		if ctx.Err() != nil {
			t.Fatal("cancelled without a reason")
		}
		terminated <- syscall.SIGTERM
		<-ended
		synctest.Wait()
		if closed(over) {
			t.Error("ended before Terraform closed the connection")
		}
		if late, end := c.begin(t.Context()); true {
			synctest.Wait()
			if late.Err() == nil {
				t.Error("a call that came later goes on")
			}
			end()
		}
		served <- nil
		<-over
	})
}

func TestACallEndsWithItsOwnContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCalls()
		mine, cancel := context.WithCancel(t.Context())
		ctx, end := c.begin(mine)
		defer end()
		cancel()
		if !errors.Is(ctx.Err(), context.Canceled) || c.ctx.Err() != nil {
			t.Error("not cancelled, or all are")
		}
	})
}

// stub answers changes with whether they were cancelled.
type stub struct {
	full
	changed func(context.Context)
}

func (s stub) ApplyResourceChange(ctx context.Context, _ *tfprotov6.ApplyResourceChangeRequest) (*tfprotov6.ApplyResourceChangeResponse, error) {
	s.changed(ctx)
	return &tfprotov6.ApplyResourceChangeResponse{}, ctx.Err()
}

func TestChangesAreCountedAndCancelled(t *testing.T) {
	c := newCalls()
	server := watch(stub{changed: func(ctx context.Context) {
		if c.wait(0) == nil {
			t.Error("a change under way is not waited for")
		}
		c.cancel()
		<-ctx.Done()
	}}, c, true)
	if _, err := server.ApplyResourceChange(t.Context(), nil); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := c.wait(time.Minute); err != nil {
		t.Error(err)
	}
}

func TestNothingOfTheFrameworksServerIsHidden(t *testing.T) {
	var none provider.Provider
	server := watch(providerserver.NewProtocol6(none)(), newCalls(), true)
	if _, ok := server.(*watched); !ok {
		t.Fatal("the framework's server lacks something that full has")
	}
	if _, ok := server.(full); !ok {
		t.Error("something is hidden")
	}
}
