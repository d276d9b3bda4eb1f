package portal

import (
	"context"
	"errors"
	"slices"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/journal"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// InState has the journal forget a VM that the state has beyond doubt, as a refresh found, or whose making has left nothing. A
// create is not enough, since Terraform may be killed before it writes what it was answered.
func (p *Portal) InState(ctx context.Context, project mdx.ProjectID, name string) {
	if err := p.journal.Settle(p.journal.key(project, name)); err != nil {
		p.warn(ctx, "the journal could not be cleared", map[string]any{"name": name, "error": err.Error()})
	}
}

// vmDestroyed has the journal forget a VM that is gone. Its name is free before that is known, and what this run, or one beside it,
// has asked for by the name since stays.
func (p *Portal) vmDestroyed(ctx context.Context, project mdx.ProjectID, name string) {
	entries, err := p.journal.About(p.journal.key(project, name))
	entries = slices.DeleteFunc(entries, func(e journal.Entry) bool { return !p.journal.Earlier(e) })
	p.completed(ctx, errors.Join(err, p.journal.Forget(entries)))
}

// HandedOver notes that Terraform was answered with a VM's id, so that the VM does not count as left behind for now.
func (p *Portal) HandedOver(ctx context.Context, project mdx.ProjectID, name string) {
	if err := p.journal.HandOver(p.journal.key(project, name)); err != nil {
		p.warn(ctx, "the journal could not be completed", map[string]any{"name": name, "error": err.Error()})
	}
}

// completed tells the log if a note about something that is over could not be written: the next run finds out by itself.
func (p *Portal) completed(ctx context.Context, err error) {
	if err != nil {
		p.warn(ctx, "the journal could not be completed", map[string]any{"error": err.Error()})
	}
}
