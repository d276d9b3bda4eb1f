package journal_test

import (
	"strings"
	"testing"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/journal"
)

// The machines of a range are asked for with one request, and may differ only in the last digit of a long name.
func TestMachinesWhoseLongNamesBeginAlikeHaveAnEntryEach(t *testing.T) {
	for _, prefix := range []string{strings.Repeat("w", 90) + "-", "東京大学情報基盤センター-"} {
		dir := t.TempDir()
		begin(t, journal.At(dir), about(prefix+"1"), about(prefix+"2"))
		j := journal.At(dir)
		for _, name := range []string{prefix + "1", prefix + "2"} {
			if entries, err := j.About(about(name).Key); err != nil || len(entries) != 1 {
				t.Errorf("%s: %d entries, %v", name, len(entries), err)
			}
		}
	}
}
