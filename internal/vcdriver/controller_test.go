package vcdriver

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"encoding/pem"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-exec/tfexec"
	"golang.org/x/crypto/ssh"
)

// controller has one Unit, in a folder and with a state of its own.
type controller struct {
	t        *testing.T
	tf       *tfexec.Terraform
	dir      string
	unit     *unit
	settings map[string]any // variables that neither catalog nor Unit has
	env      map[string]string
	key      ssh.Signer
}

// node is a node as the module's output tells it.
type node struct {
	NodeID      string `json:"node_id"`
	Name        string `json:"name"`
	VMID        string `json:"vm_id"`
	PowerState  string `json:"power_state"`
	Address     string `json:"ip_address"`
	State       string `json:"state"`
	ContainerID string `json:"container_id"`
}

// newController makes the folder of a Unit.
func newController(t *testing.T, s *stage, u *unit) *controller {
	t.Helper()
	c := &controller{t: t, dir: t.TempDir(), unit: u}
	if err := os.CopyFS(c.dir, os.DirFS(module)); err != nil {
		t.Fatal(err)
	}
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(key, "")
	if err != nil {
		t.Fatal(err)
	}
	if c.key, err = ssh.NewSignerFromKey(key); err != nil {
		t.Fatal(err)
	}
	c.settings = map[string]any{
		"vc_controller_address": "10.0.7.2", "vc_controller_id": "vc1",
		"vc_controller_public_key": strings.TrimSpace(string(ssh.MarshalAuthorizedKey(c.key.PublicKey()))),
	}
	maps.Copy(c.settings, s.settings)
	if c.tf, err = tfexec.NewTerraform(c.dir, s.binary); err != nil {
		t.Fatal(err)
	}
	c.env = tfexec.CleanEnv(environment())
	maps.Copy(c.env, s.env)
	c.env["MDX_SSH_PRIVATE_KEY"] = string(pem.EncodeToMemory(block))
	c.env["MDX_JOURNAL_DIR"] = filepath.Join(c.dir, "journal")
	if err := c.tf.SetEnv(c.env); err != nil {
		t.Fatal(err)
	}
	if err := c.tf.SetWaitDelay(time.Minute); err != nil {
		t.Fatal(err)
	}
	return c
}

// environment is this process's, without what would reach another portal.
func environment() map[string]string {
	env := map[string]string{}
	for _, line := range os.Environ() {
		if name, value, ok := strings.Cut(line, "="); ok && !strings.HasPrefix(name, "MDX_") {
			env[name] = value
		}
	}
	return env
}

// run renders the Unit and applies it.
func (c *controller) run(options ...tfexec.ApplyOption) report {
	c.t.Helper()
	c.render()
	var out bytes.Buffer
	err := c.tf.ApplyJSON(c.t.Context(), &out, append([]tfexec.ApplyOption{tfexec.Parallelism(100)}, options...)...)
	return newReport(c.t, out.Bytes(), err)
}

// apply is run, which must succeed.
func (c *controller) apply(options ...tfexec.ApplyOption) report {
	c.t.Helper()
	r := c.run(options...)
	if r.err != nil {
		c.t.Fatalf("apply: %v\n%s", r.err, r)
	}
	return r
}

// settled expects the next plan to be empty: its exit code is 0 and not 2.
func (c *controller) settled() {
	c.t.Helper()
	var out bytes.Buffer
	if changes, err := c.tf.PlanJSON(c.t.Context(), &out); err != nil || changes {
		c.t.Errorf("the plan is not empty: %v\n%s", err, newReport(c.t, out.Bytes(), err))
	}
}

// look refreshes what is known of the nodes, and changes none.
func (c *controller) look() report {
	c.t.Helper()
	return c.apply(tfexec.RefreshOnly(true))
}

// ends deletes the Unit once there is nothing else to do, and expects that nothing of it stays.
func (c *controller) ends(s *stage) {
	c.t.Helper()
	c.settled()
	c.destroy()
	s.clean()
}

// destroy removes the Unit.
func (c *controller) destroy() report {
	c.t.Helper()
	var out bytes.Buffer
	err := c.tf.DestroyJSON(c.t.Context(), &out, tfexec.Parallelism(100))
	r := newReport(c.t, out.Bytes(), err)
	if err != nil {
		c.t.Fatalf("destroy: %v\n%s", err, r)
	}
	return r
}

// nodes reads the output, by the nodes' ids.
func (c *controller) nodes() map[string]node {
	c.t.Helper()
	outputs, err := c.tf.Output(c.t.Context())
	if err != nil {
		c.t.Fatal(err)
	}
	var nodes []node
	if err := json.Unmarshal(outputs["nodes"].Value, &nodes); err != nil {
		c.t.Fatal(err)
	}
	byID := map[string]node{}
	for _, n := range nodes {
		byID[n.NodeID] = n
	}
	return byID
}

// expectStates compares the states of all nodes with "id=state ...".
func (c *controller) expectStates(want map[string]string) map[string]node {
	c.t.Helper()
	nodes, got := c.nodes(), map[string]string{}
	for id, n := range nodes {
		got[id] = n.State
	}
	if !maps.Equal(got, want) {
		c.t.Errorf("states are %v, want %v", got, want)
	}
	return nodes
}

// all gives every node of the Unit one state.
func (c *controller) all(state string) map[string]string {
	states := map[string]string{}
	for _, id := range c.unit.ids {
		states[id] = state
	}
	return states
}

// onHost runs a command on a node's host, where the controller logs in on port 20022.
func (c *controller) onHost(n node, command string) {
	c.t.Helper()
	client, err := ssh.Dial("tcp", n.Address+":20022", &ssh.ClientConfig{
		User: "mdxuser", Auth: []ssh.AuthMethod{ssh.PublicKeys(c.key)}, HostKeyCallback: ssh.InsecureIgnoreHostKey(), Timeout: time.Minute,
	})
	if err != nil {
		c.t.Fatal(err)
	}
	defer client.Close()
	session, err := client.NewSession()
	if err != nil {
		c.t.Fatal(err)
	}
	if out, err := session.CombinedOutput(command); err != nil {
		c.t.Fatalf("%s: %v\n%s", command, err, out)
	}
}
