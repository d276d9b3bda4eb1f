package kit

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/portal"
)

// warnLeftBehind tells of VMs and rules that an interrupted run had asked for and that no state is known to have. VMs cost points
// although the configuration may not even name them any more. Each summary is another one: Terraform shows the first only of
// warnings with the same.
func warnLeftBehind(ctx context.Context, behind portal.LeftBehind, diags *diag.Diagnostics) {
	if behind.Damaged != nil {
		tflog.Warn(ctx, "the journal is damaged", map[string]any{"error": behind.Damaged.Error()})
		diags.AddWarning("Journal not readable in full", Sentence(behind.Damaged.Error())+" It tells which VMs an interrupted run had "+
			"asked for. Look for VMs on the portal that no state has, then remove the file.")
	}
	for _, set := range behind.RuleSets {
		diags.AddWarning("Rules were left by an interrupted run: "+set.Name, fmt.Sprintf(
			"A run that was interrupted at %s may have made these rules, and ended before the state had them:\n  %s\n%s\nIf an "+
				"mdx_network still has them, terraform apply adopts them. If not, remove them on the portal, and their file from %s.",
			set.Asked.Format(time.RFC3339), strings.Join(set.Parts, "\n  "), set.Name, behind.Dir))
	}
	warnVMsLeftBehind(behind.VMs, behind.Dir, diags)
	warnRulesLeftBehind(behind.Rules, behind.Dir, diags)
}

func warnVMsLeftBehind(vms []portal.Left, dir string, diags *diag.Diagnostics) {
	if len(vms) > 1 {
		warnManyLeftBehind("VMs", vms, ShortNames(namesOf(vms)), "The others may exist and cost points all the same: look for them on the "+
			"portal, import or destroy them there, and remove their files from "+dir, diags)
		return
	}
	for _, vm := range vms {
		diags.AddWarning(fmt.Sprintf("VM %q was left by an interrupted run", vm.Name), fmt.Sprintf(
			"A run that was interrupted had asked the portal for a VM named %q at %s, and may have ended before the state had it. "+
				"If the configuration still has a VM of that name, terraform apply adopts it. If not, it may exist and cost points "+
				"all the same: look for it on the portal, import or destroy it there, and remove its file from %s.",
			vm.Name, vm.Asked.Format(time.RFC3339), dir))
	}
}

func warnRulesLeftBehind(rules []portal.Left, dir string, diags *diag.Diagnostics) {
	if len(rules) > 1 {
		warnManyLeftBehind("rules", rules, namesOf(rules), "Remove the others on the portal, and their files from "+dir, diags)
		return
	}
	for _, rule := range rules {
		diags.AddWarning("A rule was left by an interrupted run: "+rule.Name, fmt.Sprintf(
			"A run that was interrupted at %s may have made the %s, and ended before the state had it. If the configuration still has "+
				"it, terraform apply adopts it. If not, remove it on the portal, and its file from %s.",
			rule.Asked.Format(time.RFC3339), rule.Name, dir))
	}
}

// warnManyLeftBehind has one warning for all, since a killed run may have been at work on a class of them.
func warnManyLeftBehind(what string, behind []portal.Left, names []string, others string, diags *diag.Diagnostics) {
	diags.AddWarning(fmt.Sprintf("%d %s were left by an interrupted run", len(behind), what), fmt.Sprintf(
		"A run that was interrupted had asked the portal for these %s, at %s and after, and may have ended before the state had "+
			"them:\n  %s\nterraform apply adopts those that the configuration still has. %s.",
		what, behind[0].Asked.Format(time.RFC3339), strings.Join(names, "\n  "), others))
}

// namesOf are the names of what was left, in order.
func namesOf(behind []portal.Left) []string {
	names := make([]string, 0, len(behind))
	for _, one := range behind {
		names = append(names, one.Name)
	}
	slices.Sort(names)
	return names
}
