package vcdriver

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// work holds the provider of this tree, which is built once.
var work string

func TestMain(m *testing.M) {
	var err error
	if work, err = os.MkdirTemp("", "mdx-vcdriver-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(work) // in the folder for temporary files
	os.Exit(code)
}

// buildProvider gives a CLI configuration that uses the provider of this tree without init.
var buildProvider = sync.OnceValues(func() (cliConfig string, err error) {
	build := exec.Command("go", "build", "-o", filepath.Join(work, "terraform-provider-mdx"), "../..")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	cliConfig = filepath.Join(work, "cli.tfrc")
	text := fmt.Sprintf("provider_installation {\n  dev_overrides {\n    \"nii-gakunin-cloud/mdx\" = %q\n  }\n}\n", work)
	return cliConfig, os.WriteFile(cliConfig, []byte(text), 0o600)
})
