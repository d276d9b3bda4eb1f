package vm

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/portal"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/provider/kit"
)

// warnAsleep tells why a VM that was running is not, as far as its history tells.
func warnAsleep(ctx context.Context, p *kit.Provider, vm vmModel, diags *diag.Diagnostics) {
	if vm.level() != mdx.Spot || vm.PowerState.IsNull() {
		return
	}
	when, slept := p.LastSleep(ctx, vm.vmID())
	if !slept {
		return
	}
	diags.AddAttributeWarning(path.Root("power_state"), "Spot VM stopped by the platform", fmt.Sprintf(
		"The platform stopped the spot VM %q%s (%s), as it does when it needs the room. The next terraform apply starts it again, unless "+
			"power_state is \"stopped\". A VM that must keep running needs service_level = \"guarantee\".",
		vm.Name.ValueString(), when, portal.PlatformSleep))
}
