package lifecycle

import (
	"context"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// full is what the framework's servers offer. All of it must be passed on, else Terraform takes it for missing.
type full interface {
	tfprotov6.ProviderServer
	tfprotov6.ListResourceServer
	tfprotov6.ActionServer
	tfprotov6.StateStoreServer
}

// watched is a server whose changes are counted.
type watched struct {
	full
	calls *calls
	quiet bool // nobody hears what is logged
}

// watch counts a server's changes; what only reads may be cut off.
func watch(server tfprotov6.ProviderServer, underWay *calls, silent bool) tfprotov6.ProviderServer {
	if server, ok := server.(full); ok {
		return &watched{server, underWay, silent}
	}
	return server // of another framework: nothing to rely on
}

// begin begins a call of which there are many in a run.
func (w *watched) begin(ctx context.Context) (context.Context, func()) {
	if !w.quiet { // what goes on after the call still logs
		return ctx, func() {}
	}
	return pass(ctx)
}

// ApplyResourceChange creates, updates or deletes a resource.
func (w *watched) ApplyResourceChange(
	ctx context.Context, req *tfprotov6.ApplyResourceChangeRequest,
) (*tfprotov6.ApplyResourceChangeResponse, error) {
	ctx, end := w.calls.begin(ctx)
	defer end()
	ctx, done := w.begin(ctx)
	defer done()
	return w.full.ApplyResourceChange(ctx, req)
}

// ValidateResourceConfig checks a configuration.
func (w *watched) ValidateResourceConfig(
	ctx context.Context, req *tfprotov6.ValidateResourceConfigRequest,
) (*tfprotov6.ValidateResourceConfigResponse, error) {
	ctx, done := w.begin(ctx)
	defer done()
	return w.full.ValidateResourceConfig(ctx, req)
}

// UpgradeResourceState reads what is in the state.
func (w *watched) UpgradeResourceState(
	ctx context.Context, req *tfprotov6.UpgradeResourceStateRequest,
) (*tfprotov6.UpgradeResourceStateResponse, error) {
	ctx, done := w.begin(ctx)
	defer done()
	return w.full.UpgradeResourceState(ctx, req)
}

// UpgradeResourceIdentity reads a resource's identity in the state.
func (w *watched) UpgradeResourceIdentity(
	ctx context.Context, req *tfprotov6.UpgradeResourceIdentityRequest,
) (*tfprotov6.UpgradeResourceIdentityResponse, error) {
	ctx, done := w.begin(ctx)
	defer done()
	return w.full.UpgradeResourceIdentity(ctx, req)
}

// ReadResource refreshes a resource.
func (w *watched) ReadResource(ctx context.Context, req *tfprotov6.ReadResourceRequest) (*tfprotov6.ReadResourceResponse, error) {
	ctx, done := w.begin(ctx)
	defer done()
	return w.full.ReadResource(ctx, req)
}

// PlanResourceChange plans a change.
func (w *watched) PlanResourceChange(
	ctx context.Context, req *tfprotov6.PlanResourceChangeRequest,
) (*tfprotov6.PlanResourceChangeResponse, error) {
	ctx, done := w.begin(ctx)
	defer done()
	return w.full.PlanResourceChange(ctx, req)
}
