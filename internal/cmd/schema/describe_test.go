package main

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// fakeProvider answers with one of everything.
type fakeProvider struct {
	tfprotov6.ProviderServer

	complaint []*tfprotov6.Diagnostic
}

func block(attributes ...*tfprotov6.SchemaAttribute) *tfprotov6.Schema {
	return &tfprotov6.Schema{Version: 3, Block: &tfprotov6.SchemaBlock{
		Description: "A thing.", DescriptionKind: tfprotov6.StringKindMarkdown, Attributes: attributes,
	}}
}

func (f fakeProvider) GetProviderSchema(
	context.Context, *tfprotov6.GetProviderSchemaRequest,
) (*tfprotov6.GetProviderSchemaResponse, error) {
	secret := &tfprotov6.SchemaAttribute{
		Name: "secret", Type: tftypes.List{ElementType: tftypes.String}, Optional: true, Sensitive: true, WriteOnly: true,
	}
	nested := &tfprotov6.SchemaAttribute{Name: "nested", Computed: true, NestedType: &tfprotov6.SchemaObject{
		Nesting: tfprotov6.SchemaObjectNestingModeList, Attributes: []*tfprotov6.SchemaAttribute{secret},
	}}
	outer := block(nested)
	outer.Block.BlockTypes = []*tfprotov6.SchemaNestedBlock{{
		TypeName: "inner", Nesting: tfprotov6.SchemaNestedBlockNestingModeSet, MinItems: 1, MaxItems: 2, Block: block(secret).Block,
	}}
	return &tfprotov6.GetProviderSchemaResponse{
		Diagnostics:              f.complaint,
		Provider:                 block(),
		ResourceSchemas:          map[string]*tfprotov6.Schema{"x_thing": outer},
		EphemeralResourceSchemas: map[string]*tfprotov6.Schema{"x_ephemeral": block()},
		ListResourceSchemas:      map[string]*tfprotov6.Schema{"x_thing": block()},
		ActionSchemas:            map[string]*tfprotov6.ActionSchema{"x_do": {Schema: block(secret)}},
		Functions: map[string]*tfprotov6.Function{"f": {
			Summary: "Does.", Return: &tfprotov6.FunctionReturn{Type: tftypes.Number},
			Parameters:        []*tfprotov6.FunctionParameter{{Name: "a", Type: tftypes.Bool}},
			VariadicParameter: &tfprotov6.FunctionParameter{Name: "more", Type: tftypes.String, AllowNullValue: true},
		}},
	}, nil
}

func (fakeProvider) GetResourceIdentitySchemas(
	context.Context, *tfprotov6.GetResourceIdentitySchemasRequest,
) (*tfprotov6.GetResourceIdentitySchemasResponse, error) {
	return &tfprotov6.GetResourceIdentitySchemasResponse{IdentitySchemas: map[string]*tfprotov6.ResourceIdentitySchema{
		"x_thing": {IdentityAttributes: []*tfprotov6.ResourceIdentitySchemaAttribute{
			{Name: "id", Type: tftypes.String, RequiredForImport: true},
		}},
	}}, nil
}

func TestTheSchemaIsInTerraformsOwnJSON(t *testing.T) {
	schemas, err := describe(t.Context(), fakeProvider{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(schemas)
	if err != nil {
		t.Fatal(err)
	}
	const thing = `"description":"A thing.","description_kind":"markdown"`
	const secret = `"attributes":{"secret":{"type":["list","string"],"description_kind":"plain","optional":true,"sensitive":true,"write_only":true}}`
	for _, want := range []string{
		`{"format_version":"1.0","provider_schemas":{"registry.terraform.io/hashicorp/mdx":{"provider":{"version":3,"block":{` + thing,
		`"resource_schemas":{"x_thing":{"version":3,"block":{"attributes":{"nested":{"nested_type":{` + secret + `,"nesting_mode":"list"}`,
		`"block_types":{"inner":{"nesting_mode":"set","block":{` + secret + `,` + thing + `},"min_items":1,"max_items":2}}`,
		`"ephemeral_resource_schemas":{"x_ephemeral":{"version":3`,
		`"list_resource_schemas":{"x_thing":{"version":3`,
		`"action_schemas":{"x_do":{"block":{` + secret,
		`"functions":{"f":{"summary":"Does.","return_type":"number","parameters":[{"name":"a","type":"bool"}],` +
			`"variadic_parameter":{"name":"more","is_nullable":true,"type":"string"}}}`,
		`"resource_identity_schemas":{"x_thing":{"version":0,"attributes":{"id":{"type":"string","required_for_import":true}}}}`,
	} {
		if !strings.Contains(string(got), want) {
			t.Errorf("the schema lacks %s\n%s", want, got)
		}
	}
	if strings.Contains(string(got), "data_source_schemas") {
		t.Error("the schema has data sources, the provider has none")
	}
}

func TestAProviderThatComplainsHasNoSchema(t *testing.T) {
	complaint := []*tfprotov6.Diagnostic{{Summary: "Two of a name", Detail: "x_thing"}}
	if _, err := describe(t.Context(), fakeProvider{complaint: complaint}); err == nil || err.Error() != "Two of a name: x_thing" {
		t.Errorf("error %v", err)
	}
}
