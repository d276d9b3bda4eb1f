package journal

import (
	"cmp"
	"os"
	"path/filepath"
	"strings"
)

// Dir is the folder for the journal: $MDX_JOURNAL_DIR, else "mdx-journal" in Terraform's data folder, which is
// $TF_DATA_DIR, else ".terraform" in the working directory. The answer is an absolute path wherever the working
// directory is known. getenv is [os.Getenv], but for tests.
func Dir(getenv func(string) string) string {
	dir := cmp.Or(getenv("MDX_JOURNAL_DIR"), filepath.Join(dataDir(getenv), "mdx-journal"))
	if abs, err := filepath.Abs(dir); err == nil {
		return abs
	}
	return dir
}

// Workspace is the Terraform workspace in use: $TF_WORKSPACE, else the one that Terraform noted in its data folder,
// else "default". Workspaces share a data folder, but not a state.
func Workspace(getenv func(string) string) string {
	if name := getenv("TF_WORKSPACE"); name != "" {
		return name
	}
	noted, err := os.ReadFile(filepath.Join(dataDir(getenv), "environment"))
	if err != nil {
		return "default"
	}
	return cmp.Or(strings.TrimSpace(string(noted)), "default")
}

func dataDir(getenv func(string) string) string { return cmp.Or(getenv("TF_DATA_DIR"), ".terraform") }
