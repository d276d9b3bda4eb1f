package portal

import (
	"sync"
	"sync/atomic"
	"testing"
)

func TestOnlyOneClaimsAThing(t *testing.T) {
	t.Parallel()
	var c claims
	var won atomic.Int32
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if c.take("203.0.113.10") {
				won.Add(1)
			}
		})
	}
	all.Wait()
	if won.Load() != 1 {
		t.Errorf("%d have it", won.Load())
	}
	c.release("203.0.113.10")
	if !c.take("203.0.113.10") {
		t.Error("what was given back can't be taken")
	}
}
