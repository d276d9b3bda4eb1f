package docs

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// joined is a text that a source writes over several lines.
var joined = regexp.MustCompile(`"\s*\+\s*"`)

// spoken is all that the sources of the provider and of what it stands on say.
func spoken(t *testing.T) string {
	t.Helper()
	var code strings.Builder
	for _, folder := range []string{"provider", "portal"} {
		err := filepath.WalkDir(filepath.Join(root, "internal", folder), func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			data, err := os.ReadFile(path)
			code.WriteString(joined.ReplaceAllString(string(data), ""))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return code.String()
}

// quoted are messages in a guide: a heading of their own, or in bold type.
var quoted = regexp.MustCompile(`(?m)^## "(.*)"$|\*\*"([^"\n]*)"`)

// TestGuidesQuoteWhatTheProviderSays finds the messages that guides explain in the provider's sources, where an ellipsis
// stands for a name.
func TestGuidesQuoteWhatTheProviderSays(t *testing.T) {
	code := spoken(t)
	for guide, least := range map[string]int{"troubleshooting.md": 5, "interrupted-apply.md": 2} {
		found := quoted.FindAllStringSubmatch(readPage(t, guides+"/"+guide).prose, -1)
		for _, match := range found {
			for part := range strings.SplitSeq(match[1]+match[2], "...") {
				if !strings.Contains(code, strings.TrimSpace(part)) {
					t.Errorf("%s: the provider never says %q", guide, part)
				}
			}
		}
		if len(found) < least {
			t.Errorf("%s explains only %d messages", guide, len(found))
		}
	}
}
