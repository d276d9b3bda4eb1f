package provider

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/journal"
)

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
	var vms, rules []journal.Entry
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
			rules = append(rules, e)
		default:
			vms = append(vms, e)
		}
	}
	r.warnVMsLeftBehind(vms, diags)
	r.warnRulesLeftBehind(rules, diags)
}

func (r recorder) warnVMsLeftBehind(vms []journal.Entry, diags *diag.Diagnostics) {
	if len(vms) > 1 {
		r.warnManyLeftBehind("VMs", vms, shortly(namesOf(vms)), "The others may exist and cost points all the same: look for them on the "+
			"portal, import or destroy them there, and remove their files", diags)
		return
	}
	for _, vm := range vms {
		diags.AddWarning(fmt.Sprintf("VM %q was left by an interrupted run", vm.Name), fmt.Sprintf(
			"A run that was interrupted had asked the portal for a VM named %q at %s, and may have ended before the state had it. "+
				"If the configuration still has a VM of that name, terraform apply takes it up. If not, it may exist and cost points "+
				"all the same: look for it on the portal, import or destroy it there, and remove its file from %s.",
			vm.Name, vm.Asked.Format(time.RFC3339), r.Dir()))
	}
}

func (r recorder) warnRulesLeftBehind(rules []journal.Entry, diags *diag.Diagnostics) {
	if len(rules) > 1 {
		r.warnManyLeftBehind("rules", rules, namesOf(rules), "Remove the others on the portal, and their files", diags)
		return
	}
	for _, rule := range rules {
		diags.AddWarning("A rule was left by an interrupted run: "+rule.Name, fmt.Sprintf(
			"A run that was interrupted at %s may have made the %s, and ended before the state had it. If the configuration still has "+
				"it, terraform apply takes it up. If not, remove it on the portal, and its file from %s.",
			rule.Asked.Format(time.RFC3339), rule.Name, r.Dir()))
	}
}

// warnManyLeftBehind has one warning for all, since a killed run may have been at work on a class of them.
func (r recorder) warnManyLeftBehind(what string, entries []journal.Entry, names []string, others string, diags *diag.Diagnostics) {
	first := slices.MinFunc(entries, func(a, b journal.Entry) int { return a.Asked.Compare(b.Asked) })
	diags.AddWarning(fmt.Sprintf("%d %s were left by an interrupted run", len(entries), what), fmt.Sprintf(
		"A run that was interrupted had asked the portal for these %s, at %s and after, and may have ended before the state had "+
			"them:\n  %s\nterraform apply takes up those that the configuration still has. %s from %s.",
		what, first.Asked.Format(time.RFC3339), strings.Join(names, "\n  "), others, r.Dir()))
}

// namesOf are the names that entries are about, in order.
func namesOf(entries []journal.Entry) []string {
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		names = append(names, e.Name)
	}
	slices.Sort(names)
	return names
}
