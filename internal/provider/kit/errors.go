package kit

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/portal"
)

// PortalError is the diagnostic for an error from the portal: what was being done, what the portal said in its own
// words, and what to do next.
func PortalError(doing string, err error) diag.Diagnostic {
	return diag.NewErrorDiagnostic("Could not "+doing, Sentence(err.Error())+" "+NextStep(err))
}

// RequestError is PortalError on the attribute that the portal complains about, where it names the field of the request
// and fields has the attribute behind it.
func RequestError(doing string, err error, fields map[string]string) diag.Diagnostic {
	if taken, ok := errors.AsType[*portal.NameTakenError](err); ok {
		return diag.NewAttributeErrorDiagnostic(path.Root(fields["vm_name"]), "VM name taken", "Could not "+doing+": "+Sentence(taken.Error()))
	}
	general := PortalError(doing, err)
	portal, ok := errors.AsType[*mdx.Error](err)
	if !ok {
		return general
	}
	for _, field := range slices.Sorted(maps.Keys(portal.Fields)) {
		if attribute, ok := fields[field]; ok {
			return diag.NewAttributeErrorDiagnostic(path.Root(attribute), general.Summary(), general.Detail())
		}
	}
	return general
}

// VMFields are the attributes behind the fields of requests about VMs (PORTAL.md §5).
var VMFields = map[string]string{
	"vm_name": "name", "project": "project_id", "catalog": "catalog_id", "template_name": "template_name",
	"os_type": "os_type", "disk_size": "disk_size", "hard_disks": "disk_size", "pack_type": "pack_type", "pack_num": "pack_num",
	"cpu": "cpu", "memory": "memory", "gpu": "gpu", "service_level": "service_level", "storage_network": "storage_network",
	"network_adapters": "network_adapters", "shared_key": "ssh_public_key", "nvlink": "nvlink",
}

// NextStep tells what the user can do about an error.
func NextStep(err error) string {
	portal, answered := errors.AsType[*mdx.Error](err)
	_, failed := errors.AsType[*mdx.TaskError](err)
	switch {
	case failed:
		return "The portal's operation history tells more. Remove the cause and run terraform apply again."
	case errors.Is(err, context.DeadlineExceeded):
		return "What was begun goes on at the portal. Run terraform apply again to continue, or give it more time in the " +
			"resource's timeouts."
	case errors.Is(err, context.Canceled):
		return "What was begun goes on at the portal. Run terraform apply again to continue."
	case mdx.IsUnauthorized(err):
		return "Issue a new token on the portal (menu on your user name, \"トークン発行\") and give it in MDX_API_TOKEN, and check " +
			"that its user is assigned to the project."
	case mdx.IsAmbiguous(err):
		return "Run terraform apply again: it asks the portal what became of the request before it sends another."
	case mdx.IsOverloaded(err):
		return "The portal is busy or in maintenance. Try again later."
	case answered && portal.Status == 0:
		return "The portal is reachable only from mdx's own network, its VPN, or a VM on mdx: check from where this runs, and " +
			"the provider's endpoint (MDX_ENDPOINT)."
	case answered:
		return "Correct what the portal complains about and run terraform apply again."
	}
	return ""
}

// spoken has the words of a person for Go's about a run that was interrupted and about time that is over.
var spoken = strings.NewReplacer(
	context.Canceled.Error(), "the run was interrupted", context.DeadlineExceeded.Error(), "the time for it is over",
)

// Sentence makes an error's text one for a person to read, and ends it with a full stop.
func Sentence(text string) string {
	text = spoken.Replace(text)
	if strings.HasSuffix(text, ".") {
		return text
	}
	return text + "."
}

// Join joins texts for a message.
func Join(texts []string) string { return strings.Join(texts, ", ") }

// ShortNames writes names of VMs as few, as those of deploys are: web-[1-9].
func ShortNames(names []string) (short []string) {
	for _, plan := range mdx.PlanNames(names) {
		short = append(short, plan.VMName)
	}
	return short
}

// Configured takes what Configure was given; nil while Terraform only validates.
func Configured(data any, diags *diag.Diagnostics) *Provider {
	if data == nil {
		return nil
	}
	p, ok := data.(*Provider)
	if !ok {
		diags.AddError("Provider bug", fmt.Sprintf("Configured with %T. Please report this to the provider's developers.", data))
	}
	return p
}
