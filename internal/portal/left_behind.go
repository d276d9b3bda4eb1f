package portal

import (
	"slices"
	"time"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/journal"
)

// refreshedWithin is how long it may take until a refresh shows that the state has what Terraform was answered with.
const refreshedWithin = 24 * time.Hour

// Left is what an interrupted run has asked the portal for, and no state is known to have.
type Left struct {
	Name  string    // of a VM; what a rule is
	Asked time.Time // by the portal's clock
	Parts []string  // the rules of a set
}

// LeftBehind is what interrupted runs have left.
type LeftBehind struct {
	VMs, Rules, RuleSets []Left
	Dir                  string // where the journal has it, a file for each
	Damaged              error  // why the journal could not be read in full
}

// LeftBehind reads the journal what interrupted runs have left.
func (p *Portal) LeftBehind() LeftBehind {
	entries, err := p.journal.Entries()
	all := LeftBehind{Dir: p.journal.Dir(), Damaged: err}
	seen := map[journal.Key]bool{}
	for _, e := range entries {
		told := e.HandedOver && time.Since(e.Written()) < refreshedWithin
		if e.Portal != p.journal.portal || e.Workspace != p.journal.workspace || told || seen[e.Key] || p.journal.Live(e) {
			continue
		}
		seen[e.Key] = true
		this := Left{Name: e.Name, Asked: e.Asked}
		switch e.Operation {
		case setACL:
			this.Name = describeKey(e.Name)
			for _, part := range e.Parts {
				this.Parts = append(this.Parts, describePart(part))
			}
			all.RuleSets = append(all.RuleSets, this)
		case createACL, createDNAT:
			this.Name = describeKey(e.Name)
			all.Rules = append(all.Rules, this)
		default:
			all.VMs = append(all.VMs, this)
		}
	}
	for _, list := range [][]Left{all.VMs, all.Rules} {
		slices.SortStableFunc(list, func(a, b Left) int { return a.Asked.Compare(b.Asked) })
	}
	return all
}
