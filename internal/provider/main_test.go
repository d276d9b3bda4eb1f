package provider_test

import (
	"fmt"
	"os"
	"testing"
)

// TestMain keeps the journal of the providers under test out of the tree.
func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "mdx-journal-")
	if err == nil {
		err = os.Setenv("MDX_JOURNAL_DIR", dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(dir) // in the folder for temporary files
	os.Exit(code)
}
