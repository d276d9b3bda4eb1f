package mdx_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

// Whoever was interrupted while a range is refused has had no machine made, and wants none any more.
func TestOfARefusedRangeNobodyIsAskedForWhoWasInterruptedMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := rehearse(t, func(w *mdxsim.World) {
			vms := &w.Organisations[0].Projects[0].VMs
			taken := (*vms)[1]
			taken.UUID, taken.Name, taken.Adapters = "00000000-0000-4000-8000-000000000001", "n-2", nil
			*vms = append(*vms, taken)
		})
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second) // a deploy takes six
		defer cancel()
		for name, got := range r.deployAll(ctx, mdx.NewBatcher(r.client, 100*time.Millisecond), numbered(1, 3)...) {
			if !errors.Is(got.err, context.DeadlineExceeded) || mdx.IsAmbiguous(got.err) || got.VM != "" {
				t.Errorf("%s = %+v", name, got)
			}
		}
		if asked := r.asked(); len(asked) != 1 {
			t.Errorf("asked for %q", asked)
		}
	})
}
