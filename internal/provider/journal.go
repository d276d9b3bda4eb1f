package provider

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/journal"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/lifecycle"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// recorder writes the client's orders into the journal, for the run after one that was killed.
type recorder struct {
	*journal.Journal
	portal    string // the portal's address
	workspace string
	opened    time.Time // when this run began: whoever was killed before has sent nothing since
}

func newRecorder(endpoint string) recorder {
	j := journal.At(journal.Dir(os.Getenv))
	j.Unheard = lifecycle.Orphaned
	return recorder{j, portalAddress(endpoint), journal.Workspace(os.Getenv), time.Now()}
}

// portalAddress is an endpoint in the one spelling in which the journal knows a portal: the next run may be given another.
func portalAddress(endpoint string) string {
	u, err := url.Parse(endpoint)
	if err != nil {
		return endpoint
	}
	host := strings.ToLower(u.Host)
	if u.Scheme == "https" { // which is in lower case already
		host = strings.TrimSuffix(host, ":443")
	}
	return u.Scheme + "://" + host + strings.TrimRight(u.Path, "/")
}

// Begin notes the machines of an order.
func (r recorder) Begin(o mdx.Order) (mdx.Record, error) {
	entries := make([]journal.Entry, 0, len(o.Names))
	for _, name := range o.Names {
		entries = append(entries, journal.Entry{Key: r.key(o.Project, name), Operation: o.Operation, Digest: o.Digest, Asked: o.Asked})
	}
	intent, err := r.Journal.Begin(entries...)
	if err != nil {
		return nil, err
	}
	return record{intent}, nil
}

func (r recorder) key(project mdx.ProjectID, name string) journal.Key {
	return journal.Key{Portal: r.portal, Project: string(project), Workspace: r.workspace, Name: name}
}

// record is a journal's intent in the client's terms.
type record struct{ *journal.Intent }

// Accepted notes the portal's tasks.
func (r record) Accepted(tasks []mdx.TaskID) error {
	ids := make([]string, 0, len(tasks))
	for _, id := range tasks {
		ids = append(ids, string(id))
	}
	return r.Intent.Accepted(ids)
}

// inState has the journal forget a VM that the state has beyond doubt, as a refresh found, or whose making has left nothing. A
// create is not enough, since Terraform may be killed before it writes what it was answered.
func (p *portal) inState(ctx context.Context, project mdx.ProjectID, name string) {
	if err := p.journal.Settle(p.journal.key(project, name)); err != nil {
		tflog.Warn(ctx, "the journal could not be cleared", map[string]any{"name": name, "error": err.Error()})
	}
}

// destroyed has the journal forget a VM that is gone. Its name is free before that is known, and what this run, or one beside it,
// has asked for by the name since stays.
func (p *portal) destroyed(ctx context.Context, project mdx.ProjectID, name string) {
	entries, err := p.journal.About(p.journal.key(project, name))
	entries = slices.DeleteFunc(entries, func(e journal.Entry) bool { return !p.journal.Earlier(e) })
	p.completed(ctx, errors.Join(err, p.journal.Forget(entries)))
}

// handedOver notes that Terraform was answered with a VM's id, so that the VM does not count as left behind for now.
func (p *portal) handedOver(ctx context.Context, project mdx.ProjectID, name string) {
	if err := p.journal.HandOver(p.journal.key(project, name)); err != nil {
		tflog.Warn(ctx, "the journal could not be completed", map[string]any{"name": name, "error": err.Error()})
	}
}

// refreshedWithin is how long it may take until a refresh shows that the state has what Terraform was answered with.
const refreshedWithin = 24 * time.Hour

// warnLeftBehind tells of VMs and rules that an interrupted run had asked for and that no state is known to have. VMs cost points
// although the configuration may not even name them any more. Each summary is another one: Terraform shows the first only of
// warnings with the same.
func (r recorder) warnLeftBehind(ctx context.Context, diags *diag.Diagnostics) {
	entries, err := r.Entries()
	if err != nil {
		tflog.Warn(ctx, "the journal is damaged", map[string]any{"error": err.Error()})
		diags.AddWarning("Journal not readable in full", sentence(err.Error())+" It tells which VMs an interrupted run had "+
			"asked for. Look for VMs on the portal that no state has, then remove the file.")
	}
	seen := map[journal.Key]bool{}
	var vms []journal.Entry
	for _, e := range entries {
		told := e.HandedOver && time.Since(e.Written()) < refreshedWithin
		if e.Portal != r.portal || e.Workspace != r.workspace || told || seen[e.Key] || r.Live(e) {
			continue
		}
		seen[e.Key] = true
		switch {
		case e.Operation == setACL:
			diags.AddWarning("Rules were left by an interrupted run: "+e.Name, fmt.Sprintf(
				"A run that was interrupted at %s may have made these rules, and ended before the state had them:\n  %s\n%s\nIf an "+
					"mdx_network still has them, terraform apply takes them up. If not, remove them on the portal, and their file from %s.",
				e.Asked.Format(time.RFC3339), strings.Join(e.Parts, "\n  "), e.Name, r.Dir()))
		case aboutRule(e):
			diags.AddWarning("A rule was left by an interrupted run: "+e.Name, fmt.Sprintf(
				"A run that was interrupted at %s may have made the %s, and ended before the state had it. If the configuration still has "+
					"it, terraform apply takes it up. If not, remove it on the portal, and its file from %s.",
				e.Asked.Format(time.RFC3339), e.Name, r.Dir()))
		default:
			vms = append(vms, e)
		}
	}
	r.warnVMsLeftBehind(vms, diags)
}

// warnVMsLeftBehind has one warning for all, since a killed run may have been at work on a class of them.
func (r recorder) warnVMsLeftBehind(vms []journal.Entry, diags *diag.Diagnostics) {
	switch len(vms) {
	case 0:
	case 1:
		diags.AddWarning(fmt.Sprintf("VM %q was left by an interrupted run", vms[0].Name), fmt.Sprintf(
			"A run that was interrupted had asked the portal for a VM named %q at %s, and may have ended before the state had it. "+
				"If the configuration still has a VM of that name, terraform apply takes it up. If not, it may exist and cost points "+
				"all the same: look for it on the portal, import or destroy it there, and remove its file from %s.",
			vms[0].Name, vms[0].Asked.Format(time.RFC3339), r.Dir()))
	default:
		asked, names := vms[0].Asked, make([]string, 0, len(vms))
		for _, e := range vms {
			names = append(names, e.Name)
			if e.Asked.Before(asked) {
				asked = e.Asked
			}
		}
		diags.AddWarning(fmt.Sprintf("%d VMs were left by an interrupted run", len(vms)), fmt.Sprintf(
			"A run that was interrupted had asked the portal for these VMs, at %s and after, and may have ended before the state had "+
				"them:\n  %s\nterraform apply takes up those that the configuration still has. The others may exist and cost points all "+
				"the same: look for them on the portal, import or destroy them there, and remove their files from %s.",
			asked.Format(time.RFC3339), strings.Join(shortly(names), "\n  "), r.Dir()))
	}
}
