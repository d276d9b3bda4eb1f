package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	tfjson "github.com/hashicorp/terraform-json"
)

// address is the one under which tfplugindocs looks for a provider named mdx.
const address = "registry.terraform.io/hashicorp/mdx"

// describe asks a provider for everything it has.
func describe(ctx context.Context, server tfprotov6.ProviderServer) (*tfjson.ProviderSchemas, error) {
	all, err := server.GetProviderSchema(ctx, &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		return nil, err
	}
	for _, d := range all.Diagnostics {
		err = errors.Join(err, fmt.Errorf("%s: %s", d.Summary, d.Detail))
	}
	identities, identityErr := server.GetResourceIdentitySchemas(ctx, &tfprotov6.GetResourceIdentitySchemasRequest{})
	if err := errors.Join(err, identityErr); err != nil {
		return nil, err
	}
	var c converter
	schema := &tfjson.ProviderSchema{
		ConfigSchema:             c.schema(all.Provider),
		ResourceSchemas:          each(all.ResourceSchemas, c.schema),
		DataSourceSchemas:        each(all.DataSourceSchemas, c.schema),
		EphemeralResourceSchemas: each(all.EphemeralResourceSchemas, c.schema),
		ListResourceSchemas:      each(all.ListResourceSchemas, c.schema),
		ActionSchemas:            each(all.ActionSchemas, c.action),
		Functions:                each(all.Functions, c.function),
		ResourceIdentitySchemas:  each(identities.IdentitySchemas, c.identity),
	}
	return &tfjson.ProviderSchemas{
		FormatVersion: "1.0", Schemas: map[string]*tfjson.ProviderSchema{address: schema},
	}, c.err
}

// each converts every value of a map; an empty one is left out.
func each[From, To any](from map[string]From, convert func(From) To) map[string]To {
	if len(from) == 0 {
		return nil
	}
	to := make(map[string]To, len(from))
	for name, value := range from {
		to[name] = convert(value)
	}
	return to
}
