package provider

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// portalError is the diagnostic for an error from the portal: what was being done, what the portal said in its own
// words, and what to do next.
func portalError(doing string, err error) diag.Diagnostic {
	return diag.NewErrorDiagnostic("Could not "+doing, sentence(err.Error())+" "+nextStep(err))
}

// nextStep tells what the user can do about an error.
func nextStep(err error) string {
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

// sentence ends a text with a full stop.
func sentence(text string) string {
	if strings.HasSuffix(text, ".") {
		return text
	}
	return text + "."
}

// list joins texts for a message.
func list(texts []string) string { return strings.Join(texts, ", ") }

// configured takes what Configure was given; nil while Terraform only validates.
func configured(data any, diags *diag.Diagnostics) *portal {
	if data == nil {
		return nil
	}
	p, ok := data.(*portal)
	if !ok {
		diags.AddError("Provider bug", fmt.Sprintf("Configured with %T. Please report this to the provider's developers.", data))
	}
	return p
}
