package docs

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/provider"
)

// isSentence tells what is wrong with a description, if anything is.
func isSentence(text string) string {
	switch {
	case strings.TrimSpace(text) == "":
		return "has no description"
	case !strings.HasSuffix(text, "."):
		return "has a description that does not end with a full stop: " + text
	case strings.Contains(text, "  "):
		return "has a description with two spaces in a row: " + text
	}
	return ""
}

func check(t *testing.T, what, text string) {
	t.Helper()
	if fault := isSentence(text); fault != "" {
		t.Errorf("%s %s", what, fault)
	}
}

func checkBlock(t *testing.T, at string, block *tfprotov6.SchemaBlock) {
	t.Helper()
	checkAttributes(t, at, block.Attributes)
	for _, nested := range block.BlockTypes {
		check(t, at+"."+nested.TypeName, nested.Block.Description)
		checkBlock(t, at+"."+nested.TypeName, nested.Block)
	}
}

func checkAttributes(t *testing.T, at string, attributes []*tfprotov6.SchemaAttribute) {
	t.Helper()
	for _, a := range attributes {
		check(t, at+"."+a.Name, a.Description)
		if a.NestedType != nil {
			checkAttributes(t, at+"."+a.Name, a.NestedType.Attributes)
		}
	}
}

func TestEverythingInTheSchemaIsDescribedBySentences(t *testing.T) {
	server := providerserver.NewProtocol6(provider.New("test")())()
	all, err := server.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil || len(all.Diagnostics) > 0 {
		t.Fatal(err, all.Diagnostics)
	}
	blocks := map[string]*tfprotov6.Schema{"provider": all.Provider}
	for kind, schemas := range map[string]map[string]*tfprotov6.Schema{
		"resource": all.ResourceSchemas, "data": all.DataSourceSchemas, "ephemeral": all.EphemeralResourceSchemas,
		"list": all.ListResourceSchemas,
	} {
		for name, schema := range schemas {
			blocks[kind+" "+name] = schema
		}
	}
	for name, schema := range all.ActionSchemas {
		blocks["action "+name] = schema.Schema
	}
	for name, schema := range blocks {
		check(t, name, schema.Block.Description)
		checkBlock(t, name, schema.Block)
	}
	for name, f := range all.Functions {
		check(t, "function "+name, f.Summary)
		check(t, "function "+name, f.Description)
		for _, p := range f.Parameters {
			check(t, "function "+name+" parameter "+p.Name, p.Description)
		}
	}
	identities, err := server.GetResourceIdentitySchemas(t.Context(), &tfprotov6.GetResourceIdentitySchemasRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for name, identity := range identities.IdentitySchemas {
		for _, a := range identity.IdentityAttributes {
			check(t, "identity of "+name+"."+a.Name, a.Description)
		}
	}
	if len(blocks) < 10 || len(all.Functions) == 0 {
		t.Errorf("only %d blocks and %d functions were found", len(blocks), len(all.Functions))
	}
}

func TestADescriptionThatIsNoSentenceIsFound(t *testing.T) {
	for text, want := range map[string]bool{
		"": false, " ": false, "Name of the VM": false, "Name  of the VM.": false, "Name of the VM.": true,
	} {
		if got := isSentence(text) == ""; got != want {
			t.Errorf("%q is taken for a sentence: %v", text, got)
		}
	}
}
