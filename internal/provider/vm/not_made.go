package vm

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/provider/kit"
)

// statusDeployFailed is this provider's own word, beside the portal's, for a VM whose making has failed, and which that has
// left: the next apply removes it and makes another.
const statusDeployFailed = "DeployFailed"

// deployFailedTells describes it.
const deployFailedTells = " `" + statusDeployFailed + "` marks a VM that a failed deploy has left: the next apply removes it and makes another."

// unmade tells by a status in the state whether a VM was not seen made yet: an interrupted run has written it down.
func unmade(status types.String) bool {
	return status.IsNull() || status.ValueString() == string(mdx.VMDeploying)
}

// lookHowMade marks a VM whose making has failed since an interrupted run has asked for it, and answers the failure. One that
// runs was made; of one of which the portal does not tell yet, the state does not either, so that it is looked at again.
func lookHowMade(ctx context.Context, p *kit.Provider, before types.String, vm *vmModel) *mdx.TaskError {
	switch {
	case before.ValueString() == statusDeployFailed:
		vm.Status = before
	case unmade(before) && vm.PowerState.ValueString() == kit.PowerStopped:
		err := p.CreationFailure(ctx, vm.vmID())
		if failed, ok := errors.AsType[*mdx.TaskError](err); ok {
			vm.Status = types.StringValue(statusDeployFailed)
			return failed
		}
		if err != nil {
			vm.Status = before
		}
	}
	return nil
}

// notMade tells of a VM that is marked.
func notMade(name string, failure error) diag.Diagnostic {
	return diag.NewAttributeWarningDiagnostic(path.Root("status"), fmt.Sprintf("VM %q was not made", name), "It was "+whyNotMade(failure))
}

// whyNotMade tells the user why a VM is marked, after its name.
func whyNotMade(failure error) string {
	return fmt.Sprintf("not made: the portal failed to make it after the run that asked for it was interrupted: %s terraform apply removes "+
		"what is left of it and makes another.", kit.Sentence(failure.Error()))
}
