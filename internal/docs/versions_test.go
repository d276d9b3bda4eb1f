package docs

import (
	"cmp"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// oldest is the version of Terraform, and of OpenTofu, that the provider asks for at least.
const oldest = "1.11"

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestTheOldestVersionIsSaidWhereUsersLook(t *testing.T) {
	for _, path := range []string{"README.md", "templates/index.md.tmpl", guides + "/first-vm.md"} {
		if want := "Terraform " + oldest + " or OpenTofu " + oldest; !strings.Contains(read(t, path), want) {
			t.Errorf("%s does not say %q", path, want)
		}
	}
}

func TestTheOldestVersionIsTested(t *testing.T) {
	versions := map[string][]string{}
	for _, match := range regexp.MustCompile(`cli: (\w+), version: "([0-9.]+)\.\*"`).FindAllStringSubmatch(read(t, ".github/workflows/test.yml"), -1) {
		versions[match[1]] = append(versions[match[1]], match[2])
	}
	for _, cli := range []string{"terraform", "opentofu"} {
		first := slices.MinFunc(append(versions[cli], "99.99"), func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) })
		if first != oldest {
			t.Errorf("the oldest %s that is tested is %s, want %s", cli, first, oldest)
		}
	}
}

func TestExamplesAskForNoOtherVersion(t *testing.T) {
	found := 0
	for _, pattern := range []string{"examples/*/*.tf", "examples/*/*/*.tf"} {
		files, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, match := range regexp.MustCompile(`required_version = "([^"]*)"`).FindAllStringSubmatch(string(text), -1) {
				if strings.Contains(file, "list-resources") {
					continue // these need what is newer
				}
				if found++; match[1] != ">= "+oldest {
					t.Errorf("%s asks for %s, want >= %s", file, match[1], oldest)
				}
			}
		}
	}
	if found < 3 {
		t.Errorf("only %d examples say which version they need", found)
	}
}
