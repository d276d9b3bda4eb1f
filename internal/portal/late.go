package portal

import (
	"slices"
	"sync"
	"time"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/journal"
)

// tooLateFor tells when what entries were about to create can't show any more. Whoever was killed may have sent a request
// just before this run began, and the portal may have it in its hands for as long as an answer may take (PORTAL.md §1).
// That is counted by the portal's clock, which an answer has told by the time this is asked.
func (p *Portal) tooLateFor(entries []journal.Entry) func() bool {
	return p.tooLateAfter(func() time.Time {
		now := p.Now()
		if !slices.ContainsFunc(entries, func(e journal.Entry) bool {
			return e.Outcome != journal.Accepted && now.Sub(e.Asked) < madeWithin
		}) {
			return now
		}
		return p.lastSign(now).Add(-time.Since(p.journal.opened))
	})
}

// lastSign is until when what comes of a request may show that the portal had in its hands at a time, by its clock.
func (p *Portal) lastSign(had time.Time) time.Time {
	return had.Add(p.requestTimeout + settling*p.pollInterval)
}

// tooLateAfter tells when a time has come, by the portal's clock, and the list had time to show what there is.
func (p *Portal) tooLateAfter(last func() time.Time) func() bool {
	settled := time.Now().Add(settling * p.pollInterval)
	last = sync.OnceValue(last)
	return func() bool { return !p.Now().Before(last()) && time.Now().After(settled) }
}
