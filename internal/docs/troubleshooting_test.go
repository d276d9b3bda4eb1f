package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// joined is a text that a source writes over several lines.
var joined = regexp.MustCompile(`"\s*\+\s*"`)

// spoken is all that the provider's sources say.
func spoken(t *testing.T) string {
	t.Helper()
	sources, err := filepath.Glob(filepath.Join(root, "internal", "provider", "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var code strings.Builder
	for _, source := range sources {
		if strings.HasSuffix(source, "_test.go") {
			continue
		}
		data, err := os.ReadFile(source)
		if err != nil {
			t.Fatal(err)
		}
		code.WriteString(joined.ReplaceAllString(string(data), ""))
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
