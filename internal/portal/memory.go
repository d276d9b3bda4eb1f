package portal

import (
	"context"
	"time"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// lookups remembers what the portal said about projects, so that a plan of a thousand VMs asks once. Terraform starts
// a provider for each of its runs, so nothing here grows old.
type lookups struct {
	projects *mdx.Cache[struct{}, []mdx.Project]
	catalogs *mdx.Cache[mdx.ProjectID, []mdx.Catalog]
	segments *mdx.Cache[mdx.ProjectID, []mdx.Segment]
	usage    *mdx.Cache[mdx.ProjectID, mdx.ProjectUsage]
}

func newLookups(failuresLast time.Duration) lookups {
	return lookups{
		projects: mdx.NewCache[struct{}, []mdx.Project](failuresLast),
		catalogs: mdx.NewCache[mdx.ProjectID, []mdx.Catalog](failuresLast),
		segments: mdx.NewCache[mdx.ProjectID, []mdx.Segment](failuresLast),
		usage:    mdx.NewCache[mdx.ProjectID, mdx.ProjectUsage](failuresLast),
	}
}

// lookUp answers from memory, or asks.
func lookUp[K comparable, V any](
	ctx context.Context, cache *mdx.Cache[K, V], key K, age time.Duration, ask func(context.Context, K) (V, error),
) (V, error) {
	return cache.Get(ctx, key, age, func(ctx context.Context) (V, error) { return ask(ctx, key) })
}
