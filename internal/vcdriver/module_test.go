package vcdriver

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestAccTheModulesOwnTests runs terraform test: on a mocked provider, and on the simulator.
func TestAccTheModulesOwnTests(t *testing.T) {
	t.Parallel()
	for directory, rendered := range map[string]bool{"tests": false, "tests/simulator": true} {
		t.Run(directory, func(t *testing.T) {
			t.Parallel()
			s := inProcess(t)
			c := newController(t, s, sampleUnit(t, "web", "default"))
			if rendered {
				delete(c.unit.Spec, "num_nodes")
				c.render()
			}
			files, err := filepath.Glob(filepath.Join(c.dir, directory, "*.tftest.hcl"))
			if err != nil || len(files) != 1 {
				t.Fatal(err, files)
			}
			text, err := os.ReadFile(files[0])
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), s.binary, "test", "-no-color", "-test-directory="+directory)
			cmd.Dir = c.dir
			for name, value := range c.env {
				cmd.Env = append(cmd.Env, name+"="+value)
			}
			out, err := cmd.CombinedOutput()
			runs, passed := bytes.Count(text, []byte("\nrun \"")), bytes.Count(out, []byte("... pass\n"))
			if err != nil || runs == 0 || passed < runs {
				t.Errorf("%v, %d of %d runs passed:\n%s", err, passed, runs, out)
			}
			s.clean()
		})
	}
}
