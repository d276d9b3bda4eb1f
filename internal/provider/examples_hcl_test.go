package provider_test

import (
	"path/filepath"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/provider"
)

// exampleBlocks are the blocks of a kind in the examples that match a pattern.
func exampleBlocks(t *testing.T, pattern, kind string) (blocks []*hclsyntax.Block) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(examples, pattern))
	if err != nil || len(files) == 0 {
		t.Fatal(err, "no example matches", pattern)
	}
	for _, name := range files {
		file, diags := hclparse.NewParser().ParseHCLFile(name)
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		body, ok := file.Body.(*hclsyntax.Body)
		if !ok {
			t.Fatalf("%s is not HCL", name)
		}
		found := false
		for _, block := range body.Blocks {
			if block.Type == kind {
				blocks, found = append(blocks, block), true
			}
		}
		if !found {
			t.Errorf("%s shows no %s", name, kind)
		}
	}
	return blocks
}

// fits checks the arguments in a block's config against a schema.
func fits(t *testing.T, block *hclsyntax.Block, schema *tfprotov6.Schema) {
	t.Helper()
	at := block.DefRange().String()
	if schema == nil {
		t.Errorf("%s: the provider has no %s %q", at, block.Type, block.Labels[0])
		return
	}
	given := map[string]hcl.Range{}
	for _, inner := range block.Body.Blocks {
		if inner.Type != "config" {
			t.Errorf("%s: a block %q", at, inner.Type)
		}
		for name, attribute := range inner.Body.Attributes {
			given[name] = attribute.Range()
		}
	}
	for _, attribute := range schema.Block.Attributes {
		if _, ok := given[attribute.Name]; !ok && attribute.Required {
			t.Errorf("%s: %s is missing", at, attribute.Name)
		}
		delete(given, attribute.Name)
	}
	for name, where := range given {
		t.Errorf("%s: %s has no argument %s", where, block.Labels[0], name)
	}
}

// What only Terraform 1.14 can validate is read here.
func TestActionAndListExamplesFitTheirSchemas(t *testing.T) {
	server := providerserver.NewProtocol6(provider.New("test")())()
	schemas, err := server.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	actions := exampleBlocks(t, "actions/*/*.tf", "action")
	for _, block := range actions {
		if action := schemas.ActionSchemas[block.Labels[0]]; action != nil {
			fits(t, block, action.Schema)
		} else {
			fits(t, block, nil)
		}
	}
	lists := exampleBlocks(t, "list-resources/*/*.tfquery.hcl", "list")
	for _, block := range lists {
		fits(t, block, schemas.ListResourceSchemas[block.Labels[0]])
	}
	if len(actions) != len(schemas.ActionSchemas) || len(lists) != len(schemas.ListResourceSchemas) {
		t.Errorf("%d of %d actions and %d of %d lists have an example",
			len(actions), len(schemas.ActionSchemas), len(lists), len(schemas.ListResourceSchemas))
	}
}
