package project

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/provider/kit"
)

var _ ephemeral.EphemeralResourceWithConfigure = (*tokenEphemeral)(nil)

type tokenEphemeral struct{ portal *kit.Provider }

// NewTokenEphemeral is the ephemeral resource mdx_token.
func NewTokenEphemeral() ephemeral.EphemeralResource { return &tokenEphemeral{} }

// Metadata names the ephemeral resource.
func (e *tokenEphemeral) Metadata(_ context.Context, req ephemeral.MetadataRequest, resp *ephemeral.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_token"
}

// Configure takes the shared portal.
func (e *tokenEphemeral) Configure(_ context.Context, req ephemeral.ConfigureRequest, resp *ephemeral.ConfigureResponse) {
	e.portal = kit.Configured(req.ProviderData, &resp.Diagnostics)
}

type tokenModel struct {
	Token     types.String `tfsdk:"token"`
	ExpiresAt types.String `tfsdk:"expires_at"`
}

// Schema is the ephemeral resource's schema.
func (e *tokenEphemeral) Schema(_ context.Context, _ ephemeral.SchemaRequest, resp *ephemeral.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "A fresh API token of the portal, made from the provider's own, to hand on to other programs: to a " +
			"write-only argument, a provisioner, or another provider's block. It never gets into state or plan. Needs " +
			"Terraform 1.10 or OpenTofu 1.11.",
		Attributes: map[string]schema.Attribute{
			"token": schema.StringAttribute{
				Computed: true, Sensitive: true,
				MarkdownDescription: "The token, as the portal takes it in `Authorization: JWT <token>`.",
			},
			"expires_at": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "When the token expires, in RFC 3339 notation; null if the token doesn't say.",
			},
		},
	}
}

// Open has the portal make a token.
func (e *tokenEphemeral) Open(ctx context.Context, _ ephemeral.OpenRequest, resp *ephemeral.OpenResponse) {
	token, expires, err := e.portal.FreshToken(ctx)
	if err != nil {
		resp.Diagnostics.Append(kit.PortalError("refresh the token", err))
		return
	}
	model := tokenModel{Token: types.StringValue(token)}
	if !expires.IsZero() {
		model.ExpiresAt = types.StringValue(expires.UTC().Format(time.RFC3339))
	}
	resp.Diagnostics.Append(resp.Result.Set(ctx, model)...)
}
