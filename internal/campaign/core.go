package campaign

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/provider"
)

// Core does what Terraform's core does with a configuration, as far as the provider can tell: it refreshes, plans and
// applies resources, many at once, each after those it refers to, and removes them in the opposite order. It keeps the
// state, with what is tainted.
type Core struct {
	front   *front
	journal string // the folder
	server  tfprotov6.ProviderServer
	schema  map[string]*tfprotov6.Schema
	config  map[string]resource
	blind   bool              // -refresh=false
	imports map[string]string // what an import block is there for: ids, by address

	mu    sync.Mutex
	state map[string]instance
	gone  bool // killed: nothing reaches the state any more
	said  []string
	fails []string
	left  string // the journal at the moment of a kill

	answers, changes hook
}

func (c *Core) isGone() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.gone
}

// snapshot is the state as it is.
func (c *Core) snapshot() map[string]instance {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.state)
}

// resource is one in a configuration. Its address is its type and a name, as in "mdx_vm.a".
type resource struct{ attributes object }

// instance is one in the state.
type instance struct {
	value   tftypes.Value
	private []byte
	id      *tfprotov6.ResourceIdentityData
	tainted bool
	after   []string // the addresses it referred to
}

func typeOf(address string) string { return strings.SplitN(address, ".", 2)[0] }

// configuring keeps the environment to one at a time: the provider reads there where its journal is.
var configuring sync.Mutex

// newCore starts a provider as Terraform does, for one run.
func newCore(t *testing.T, f *front, token, journal string, config map[string]resource, state map[string]instance) (*Core, error) {
	t.Helper()
	server := provider.NewServer("test")()
	schemas, err := server.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		return nil, err
	}
	c := &Core{front: f, journal: journal, server: server, schema: schemas.ResourceSchemas, config: config, state: maps.Clone(state)}
	block, err := tfprotov6.NewDynamicValue(schemas.Provider.ValueType(), encode(schemas.Provider.ValueType(), object{
		"endpoint": f.url, "token": token, "project_name": "demo", "poll_interval": "10ms", "request_timeout": "10s",
		"ssh": object{"private_key": privateKey, "timeout": "10s"},
	}))
	if err != nil {
		return nil, err
	}
	configuring.Lock()
	defer configuring.Unlock()
	if err := os.Setenv("MDX_JOURNAL_DIR", journal); err != nil { //nolint:usetesting // many run at once, each with its own
		return nil, err
	}
	response, err := server.ConfigureProvider(t.Context(), &tfprotov6.ConfigureProviderRequest{TerraformVersion: f.run, Config: &block})
	if err != nil {
		return nil, err
	}
	err = c.hear("configure", response.Diagnostics)
	return c, err
}

var errSaid = errors.New("said to be an error")

// hear collects what the provider says.
func (c *Core) hear(what string, diagnostics []*tfprotov6.Diagnostic) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var failed error
	for _, d := range diagnostics {
		line := fmt.Sprintf("%s: %s: %s: %s", what, d.Severity, d.Summary, d.Detail)
		c.said = append(c.said, line)
		if d.Severity == tfprotov6.DiagnosticSeverityError {
			c.fails = append(c.fails, line)
			failed = fmt.Errorf("%w: %s", errSaid, line)
		}
	}
	return failed
}

func (c *Core) typ(address string) tftypes.Type { return c.schema[typeOf(address)].ValueType() }

func dynamic(v tftypes.Value) (*tfprotov6.DynamicValue, error) {
	d, err := tfprotov6.NewDynamicValue(v.Type(), v)
	return &d, err
}

// was is what the state has; a null of the type if nothing.
func (c *Core) was(address string) instance {
	c.mu.Lock()
	defer c.mu.Unlock()
	if i, ok := c.state[address]; ok {
		return i
	}
	return instance{value: tftypes.NewValue(c.typ(address), nil)}
}

// write puts a result into the state, unless the run is dead.
func (c *Core) write(address string, i instance) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.gone:
	case i.value.IsNull():
		delete(c.state, address)
	default:
		c.state[address] = i
	}
}

// kill ends the run between two moments: what comes back later is lost.
func (c *Core) kill() {
	c.mu.Lock()
	c.gone = true
	c.mu.Unlock()
	c.front.cut()
}

// all does something to addresses at once.
func all(addresses []string, do func(string) error) error {
	errs := make([]error, len(addresses))
	var wg sync.WaitGroup
	for i, address := range addresses {
		wg.Go(func() { errs[i] = do(address) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

func (c *Core) addresses() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var known []string
	for address := range c.state {
		known = append(known, address)
	}
	slices.Sort(known)
	return known
}

// refresh reads all that the state has.
func (c *Core) refresh(ctx context.Context) error {
	return all(c.addresses(), func(address string) error {
		is, err := c.read(ctx, address, c.was(address))
		if err == nil {
			c.write(address, is)
		}
		return err
	})
}

// read tells what has become of an instance.
func (c *Core) read(ctx context.Context, address string, was instance) (instance, error) {
	current, err := dynamic(was.value)
	if err != nil {
		return was, err
	}
	response, err := c.server.ReadResource(ctx, &tfprotov6.ReadResourceRequest{
		TypeName: typeOf(address), CurrentState: current, Private: was.private, CurrentIdentity: was.id,
	})
	if err != nil {
		return was, err
	}
	if err := c.hear("read "+address, response.Diagnostics); err != nil {
		return was, err
	}
	was.value, err = response.NewState.Unmarshal(c.typ(address))
	was.private, was.id = response.Private, response.NewIdentity
	return was, err
}

// resolve fills references with what the state has of them; nil while that is not known.
func (c *Core) resolve(attributes object) (filled object, after []string) {
	resolved := replaced(attributes, func(r reference) any {
		after = append(after, r.address)
		value := attribute(c.was(r.address).value, r.attribute)
		if value == nil {
			return nil
		}
		return r.before + fmt.Sprint(value) + r.behind
	})
	return resolved.(object), after
}
