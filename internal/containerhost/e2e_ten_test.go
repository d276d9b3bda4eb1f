//go:build e2e

package containerhost

import (
	"testing"
	"time"
)

// TestE2ETenHostsAtOnce is what a unit group of ten asks of this package: all of them fresh, all at the same time.
func TestE2ETenHostsAtOnce(t *testing.T) {
	const hosts = 10
	bed := newTestbed(t)
	specs := make([]Spec, hosts)
	for i := range specs {
		id, address := bed.host(t)
		specs[i] = bed.spec(id, address)
	}
	_, took := together(t, specs)
	t.Logf("ten nodes in %s", took.Round(time.Second))
	again, took := together(t, specs)
	t.Logf("once more in %s", took.Round(time.Millisecond))
	for _, e := range again {
		if e.Phase == Applied && e.Step != "connect" {
			t.Errorf("%s: the second run applied %s", e.Host, e.Step)
		}
	}
	for _, spec := range specs {
		if status, err := Inspect(t.Context(), spec); err != nil || status.State != Running || len(status.Drift) > 0 {
			t.Errorf("%s: %+v, %v", spec.Host, status, err)
		}
	}
}
