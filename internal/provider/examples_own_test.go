package provider_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestAccExamplesPassTheirOwnTests runs terraform test on every example that has tests for a mocked provider.
func TestAccExamplesPassTheirOwnTests(t *testing.T) {
	t.Parallel()
	binary := acceptanceBinary(t)
	plugins := filepath.Dir(buildPlugin(t))
	files, err := filepath.Glob(filepath.Join(examples, "*", "tests", "*.tftest.hcl"))
	if err != nil || len(files) < 2 {
		t.Fatal(err, files)
	}
	for _, file := range files {
		example := filepath.Base(filepath.Dir(filepath.Dir(file)))
		t.Run(example, func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			r := newReader(t, binary, plugins, example)
			cmd := exec.CommandContext(t.Context(), binary, "test", "-no-color", "-filter=tests/"+filepath.Base(file))
			cmd.Dir = r.dir
			cmd.Env = slices.DeleteFunc(r.env, func(variable string) bool { return strings.HasPrefix(variable, "TF_VAR_") })
			out, err := cmd.CombinedOutput()
			runs, passed := bytes.Count(text, []byte("\nrun \"")), bytes.Count(out, []byte("\"... pass\n"))
			if err != nil || runs == 0 || passed != runs {
				t.Errorf("%v, %d of %d runs passed:\n%s", err, passed, runs, out)
			}
		})
	}
}
