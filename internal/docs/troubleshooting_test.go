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

// TestTroubleshootingQuotesWhatTheProviderSays finds the messages that the guide explains in the provider's sources.
func TestTroubleshootingQuotesWhatTheProviderSays(t *testing.T) {
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
	quoted := 0
	for _, heading := range readPage(t, guides+"/troubleshooting.md").headings {
		message, ok := strings.CutPrefix(heading, `## "`)
		if !ok {
			continue
		}
		quoted++
		if message = strings.TrimSuffix(message, `"`); !strings.Contains(code.String(), message) {
			t.Errorf("the provider never says %q", message)
		}
	}
	if quoted < 5 {
		t.Errorf("only %d messages are explained", quoted)
	}
}
