package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/provider/vm"
)

// full is what the framework's servers offer. All of it must be passed on, else Terraform takes it for missing.
type full interface {
	tfprotov6.ProviderServer
	tfprotov6.ListResourceServer
	tfprotov6.ActionServer
	tfprotov6.StateStoreServer
}

// server is the framework's server with a shorter way for the plans that a refresh of many VMs is full of.
type server struct {
	full
	unchanged map[string]vm.Unchanged // by resource type
}

// NewServer returns the constructor of the server that Terraform speaks with.
func NewServer(version string) func() tfprotov6.ProviderServer {
	create := providerserver.NewProtocol6(New(version)())
	return func() tfprotov6.ProviderServer {
		framework := create()
		if framework, ok := framework.(full); ok {
			return &server{framework, map[string]vm.Unchanged{"mdx_vm": vm.UnchangedVM()}}
		}
		return framework // a newer one, which offers less: nothing to rely on
	}
}

// PlanResourceChange plans a change, or, the short way, none.
func (s *server) PlanResourceChange(
	ctx context.Context, req *tfprotov6.PlanResourceChangeRequest,
) (*tfprotov6.PlanResourceChangeResponse, error) {
	if rule, ok := s.unchanged[req.TypeName]; ok && rule.Holds(req) {
		return &tfprotov6.PlanResourceChangeResponse{
			PlannedState: req.PriorState, PlannedPrivate: req.PriorPrivate, PlannedIdentity: req.PriorIdentity,
		}, nil
	}
	return s.full.PlanResourceChange(ctx, req)
}
