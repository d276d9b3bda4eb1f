package provider_test

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
)

const guides = "../../templates/guides"

// understood is what a guide's configuration may refer to without declaring it: what the other guides have the reader
// make before.
var understood = map[string]string{
	"data.mdx_catalog.ubuntu":  `data "mdx_catalog" "ubuntu" { name = "Ubuntu 22.04 (推奨版)" }`,
	"data.mdx_segment.default": `data "mdx_segment" "default" {}`,
	"mdx_vm.hello":             `resource "mdx_vm" "hello" { name = "hello" }`,
}

var terraformBlock = regexp.MustCompile("(?s)\n```(?:terraform|hcl)\n(.*?\n)```\n")

// guideConfigurations are the configurations that a guide shows, without those of the command line.
func guideConfigurations(t *testing.T, path string) (all []string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, match := range terraformBlock.FindAllStringSubmatch(string(text), -1) {
		if formatted := string(hclwrite.Format([]byte(match[1]))); formatted != match[1] {
			t.Errorf("%s: not formatted:\n%s\nwant\n%s", path, match[1], formatted)
		}
		if !strings.Contains(match[1], "provider_installation") {
			all = append(all, match[1])
		}
	}
	return all
}

// blocksOf are the blocks of a configuration.
func blocksOf(t *testing.T, text string) hclsyntax.Blocks {
	t.Helper()
	file, diags := hclsyntax.ParseConfig([]byte(text), "guide", hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatalf("%v\n%s", diags, text)
	}
	return file.Body.(*hclsyntax.Body).Blocks
}

// addressOf is what other blocks refer to a block by; empty if they can't.
func addressOf(block *hclsyntax.Block) string {
	switch {
	case block.Type == "variable":
		return "var." + block.Labels[0]
	case block.Type == "resource":
		return strings.Join(block.Labels, ".")
	case slices.Contains([]string{"data", "ephemeral", "action"}, block.Type):
		return block.Type + "." + strings.Join(block.Labels, ".")
	}
	return ""
}

// references are the addresses that a body refers to.
func references(body *hclsyntax.Body) (found []string) {
	for _, attribute := range body.Attributes {
		for _, traversal := range attribute.Expr.Variables() {
			var parts []string
			for _, step := range traversal {
				switch step := step.(type) {
				case hcl.TraverseRoot:
					parts = append(parts, step.Name)
				case hcl.TraverseAttr:
					parts = append(parts, step.Name)
				}
			}
			long := 2
			if slices.Contains([]string{"data", "ephemeral", "action"}, parts[0]) {
				long = 3
			}
			if !slices.Contains([]string{"local", "each", "count", "self", "path"}, parts[0]) && len(parts) >= long {
				found = append(found, strings.Join(parts[:long], "."))
			}
		}
	}
	for _, inner := range body.Blocks {
		found = append(found, references(inner.Body)...)
	}
	return found
}

// completed adds to a configuration what it refers to: from the rest of its guide, or what is understood.
func completed(t *testing.T, text string, rest []string) string {
	t.Helper()
	declared := map[string]bool{}
	for _, block := range blocksOf(t, text) {
		declared[addressOf(block)] = true
	}
	library := maps.Clone(understood)
	for _, other := range rest {
		for _, block := range blocksOf(t, other) {
			where := hcl.RangeBetween(block.TypeRange, block.CloseBraceRange)
			library[addressOf(block)] = string(where.SliceBytes([]byte(other)))
		}
	}
	for _, block := range blocksOf(t, text) {
		for _, address := range references(block.Body) {
			if declared[address] || block.Type == "import" {
				continue
			}
			if library[address] == "" {
				t.Fatalf("the guide refers to %s, which it nowhere declares", address)
			}
			return completed(t, text+"\n"+library[address]+"\n", rest)
		}
	}
	return text
}

func TestAccTheConfigurationsOfTheGuidesAreValid(t *testing.T) {
	t.Parallel()
	binary := acceptanceBinary(t)
	plugins := filepath.Dir(buildPlugin(t))
	files, err := filepath.Glob(filepath.Join(guides, "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, file := range files {
		if strings.HasSuffix(file, ".ja.md") {
			continue // their code is compared with the English guides'
		}
		all := guideConfigurations(t, file)
		found += len(all)
		for _, text := range all {
			t.Run(filepath.Base(file), func(t *testing.T) {
				t.Parallel()
				r := newReader(t, binary, plugins, "")
				if err := os.WriteFile(filepath.Join(r.dir, "main.tf"), []byte(completed(t, text, all)), 0o600); err != nil {
					t.Fatal(err)
				}
				r.must("validate")
			})
		}
	}
	if found < 5 {
		t.Errorf("only %d configurations were found", found)
	}
}
