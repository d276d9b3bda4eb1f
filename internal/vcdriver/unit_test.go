package vcdriver

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"go.yaml.in/yaml/v3"
)

// module is the Terraform root that is rendered for each Unit.
const module = "../../examples/vc-controller"

// unit is a Unit as its user asks for it, and what the controller keeps of it.
type unit struct {
	Name     string         `yaml:"name"`
	Provider string         `yaml:"provider"`
	Network  string         `yaml:"network"`
	Spec     map[string]any `yaml:"spec"`

	// ids are the nodes there are to be; the controller hands each out once.
	ids  []string
	last int
}

// readYAML reads one of the module's own files.
func readYAML(t *testing.T, name string, into any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(module, name))
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, into); err != nil {
		t.Fatal(err)
	}
}

// sampleUnit is the module's own, under a name and in a network of the catalog.
func sampleUnit(t *testing.T, name, network string) *unit {
	t.Helper()
	u := &unit{}
	readYAML(t, "unit.yml", u)
	nodes, ok := u.Spec["num_nodes"].(int)
	if !ok || nodes == 0 {
		t.Fatalf("the Unit has %v nodes", u.Spec["num_nodes"])
	}
	u.Name, u.Network = name, network
	u.grow(nodes)
	return u
}

// grow hands out ids for more nodes.
func (u *unit) grow(by int) {
	for range by {
		u.last++
		u.ids = append(u.ids, strconv.Itoa(u.last))
	}
}

// variables are the module's: the catalog's, the Unit's, and the controller's own.
func (u *unit) variables(t *testing.T, controller map[string]any) map[string]any {
	t.Helper()
	var catalog map[string]any
	readYAML(t, "vpn_catalog.yml", &catalog)
	networks, _ := catalog[u.Provider].(map[string]any)
	network, ok := networks[u.Network].(map[string]any)
	if !ok {
		t.Fatalf("the VPN catalog has no network %s of %s", u.Network, u.Provider)
	}
	variables := maps.Clone(network)
	maps.Copy(variables, u.Spec)
	variables["unit_name"], variables["node_ids"], variables["num_nodes"] = u.Name, u.ids, len(u.ids)
	maps.Copy(variables, controller)
	return variables
}

// render writes the variables into a Unit's folder.
func (c *controller) render() {
	c.t.Helper()
	text, err := json.MarshalIndent(c.unit.variables(c.t, c.settings), "", "  ")
	if err != nil {
		c.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(c.dir, "terraform.tfvars.json"), text, 0o600); err != nil {
		c.t.Fatal(err)
	}
}
