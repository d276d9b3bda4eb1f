//go:build install

package install

import (
	"encoding/json"
	"os/exec"
	"reflect"
	"strings"
	"testing"
)

// compareSchema compares what the documentation is made from with what the binaries
// learn from the installed provider, as far as their version knows it.
func (u *user) compareSchema(t *testing.T) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "run", "./internal/cmd/schema")
	cmd.Dir = root
	documented := parseSchema(t, cmd)
	cmd = exec.CommandContext(t.Context(), u.binary, "providers", "schema", "-json")
	cmd.Dir, cmd.Env = u.dir, u.env
	installed := parseSchema(t, cmd)
	for kind, want := range installed {
		if !reflect.DeepEqual(documented[kind], want) {
			t.Errorf("%s are documented as %v, the installed provider has %v", kind, documented[kind], want)
		}
	}
	if installed["resource_schemas"] == nil {
		t.Errorf("the installed provider has no resources: %v", installed)
	}
}

func parseSchema(t *testing.T, cmd *exec.Cmd) map[string]any {
	t.Helper()
	var complaints strings.Builder
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, complaints.String())
	}
	var schemas struct {
		All map[string]map[string]any `json:"provider_schemas"`
	}
	if err := json.Unmarshal(out, &schemas); err != nil {
		t.Fatal(err)
	}
	for _, schema := range schemas.All {
		return schema
	}
	t.Fatal("no provider has a schema")
	return nil
}
