package provider_test

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/provider"
)

// plugin speaks the plugin protocol with the provider, as Terraform does, for what Terraform's own binary makes hard to
// reach: a cancel at a certain moment, the state of an older version, or very many wrong configurations.
type plugin struct {
	t        testing.TB
	server   tfprotov6.ProviderServer
	resource string // the type that is spoken of
	types    map[string]tftypes.Type
	schema   map[string]*tfprotov6.Schema
	private  *[]byte // that of the one resource that is spoken of, across plugins; nil if it does not matter
}

// hears takes over private state that was answered.
func (p *plugin) hears(private []byte) {
	if p.private != nil {
		*p.private = private
	}
}

func (p *plugin) kept() []byte {
	if p.private == nil {
		return nil
	}
	return *p.private
}

// attributes is a block as Go values: string, int, bool, []any, attributes; unknown; nil for null.
type attributes map[string]any

// unknown stands for a value that is known after apply only.
var unknown = new(int)

// plugin starts a provider that is configured for this portal, to speak of VMs unless its resource is set.
func (w *world) plugin(tb testing.TB) *plugin {
	tb.Helper()
	return w.pluginOf(tb, provider.NewServer("test")())
}

func (w *world) pluginOf(tb testing.TB, server tfprotov6.ProviderServer) *plugin {
	tb.Helper()
	p := &plugin{t: tb, server: server, resource: "mdx_vm", types: map[string]tftypes.Type{}, schema: map[string]*tfprotov6.Schema{}}
	schemas, err := server.GetProviderSchema(tb.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		tb.Fatal(err)
	}
	for name, schema := range schemas.ResourceSchemas {
		p.types[name], p.schema[name] = schema.ValueType(), schema
	}
	block := attributes{"endpoint": w.endpoint, "token": "demo", "project_name": "demo", "poll_interval": "25ms"}
	response, err := server.ConfigureProvider(tb.Context(), &tfprotov6.ConfigureProviderRequest{
		TerraformVersion: "1.14.0", Config: p.dynamic(schemas.Provider.ValueType(), block),
	})
	if told := said(response.Diagnostics); err != nil || strings.Contains(told, "ERROR") {
		tb.Fatal(err, told)
	}
	return p
}

// dynamic encodes attributes; those that are left out are null.
func (p *plugin) dynamic(of tftypes.Type, from any) *tfprotov6.DynamicValue {
	p.t.Helper()
	value, err := tfprotov6.NewDynamicValue(of, encode(of, from))
	if err != nil {
		p.t.Fatal(err)
	}
	return &value
}

func encode(of tftypes.Type, from any) tftypes.Value {
	switch from := from.(type) {
	case *int:
		return tftypes.NewValue(of, tftypes.UnknownValue)
	case tftypes.Value:
		return from
	case attributes:
		values := map[string]tftypes.Value{}
		for name, inner := range of.(tftypes.Object).AttributeTypes {
			values[name] = encode(inner, from[name])
		}
		return tftypes.NewValue(of, values)
	case []any:
		var elements tftypes.Type
		switch of := of.(type) {
		case tftypes.List:
			elements = of.ElementType
		case tftypes.Set:
			elements = of.ElementType
		}
		values := []tftypes.Value{}
		for _, element := range from {
			values = append(values, encode(elements, element))
		}
		return tftypes.NewValue(of, values)
	case int:
		return tftypes.NewValue(of, int64(from))
	}
	return tftypes.NewValue(of, from)
}

// decode is encode backwards.
func decode(value tftypes.Value) any {
	switch {
	case !value.IsKnown():
		return unknown
	case value.IsNull():
		return nil
	}
	switch value.Type().(type) {
	case tftypes.Object:
		values, all := map[string]tftypes.Value{}, attributes{}
		_ = value.As(&values) // its type says so
		for name, inner := range values {
			all[name] = decode(inner)
		}
		return all
	case tftypes.List, tftypes.Set:
		values, all := []tftypes.Value{}, []any{}
		_ = value.As(&values) // its type says so
		for _, inner := range values {
			all = append(all, decode(inner))
		}
		return all
	}
	switch {
	case value.Type().Is(tftypes.Bool):
		var b bool
		_ = value.As(&b) // its type says so
		return b
	case value.Type().Is(tftypes.Number):
		text := strings.TrimSuffix(strings.TrimPrefix(value.String(), `tftypes.Number<"`), `">`)
		var n int
		_, _ = fmt.Sscan(text, &n) // whole numbers only
		return n
	}
	var s string
	_ = value.As(&s) // its type says so
	return s
}

// state decodes what the provider answered; nil if there is nothing.
func (p *plugin) state(value *tfprotov6.DynamicValue) attributes {
	p.t.Helper()
	if value == nil {
		return nil
	}
	decoded, err := value.Unmarshal(p.types[p.resource])
	if err != nil {
		p.t.Fatal(err)
	}
	state, _ := decode(decoded).(attributes)
	return state
}

// planned is a plan for one resource.
type planned struct {
	config, prior, after attributes
	replaces             []string
	said                 string // its diagnostics, one a line
	private              []byte
}

// plan validates a configuration and plans it, as Terraform does: what the configuration leaves out and the provider
// computes is proposed as it was.
func (p *plugin) plan(prior, config attributes) planned {
	p.t.Helper()
	of := p.types[p.resource]
	validated, err := p.server.ValidateResourceConfig(p.t.Context(), &tfprotov6.ValidateResourceConfigRequest{
		TypeName: p.resource, Config: p.dynamic(of, config),
	})
	if err != nil {
		p.t.Fatal(err)
	}
	if len(validated.Diagnostics) > 0 {
		return planned{said: said(validated.Diagnostics)}
	}
	proposed := attributes{}
	for _, attribute := range p.schema[p.resource].Block.Attributes {
		proposed[attribute.Name] = config[attribute.Name]
		if attribute.Computed && config[attribute.Name] == nil {
			proposed[attribute.Name] = prior[attribute.Name]
		}
	}
	response, err := p.server.PlanResourceChange(p.t.Context(), &tfprotov6.PlanResourceChangeRequest{
		TypeName: p.resource, Config: p.dynamic(of, config), PriorState: p.dynamic(of, orNull(prior)),
		ProposedNewState: p.dynamic(of, proposed), PriorPrivate: p.kept(),
	})
	if err != nil {
		p.t.Fatal(err)
	}
	plan := planned{
		config: config, prior: prior, after: p.state(response.PlannedState), said: said(response.Diagnostics),
		private: response.PlannedPrivate,
	}
	for _, at := range response.RequiresReplace {
		plan.replaces = append(plan.replaces, strings.TrimSuffix(strings.TrimPrefix(at.String(), `AttributeName("`), `")`))
	}
	return plan
}

// apply carries a plan out, and answers the new state and the diagnostics.
func (p *plugin) apply(ctx context.Context, plan planned) (after attributes, diagnostics string) {
	p.t.Helper()
	of := p.types[p.resource]
	response, err := p.server.ApplyResourceChange(ctx, &tfprotov6.ApplyResourceChangeRequest{
		TypeName: p.resource, Config: p.dynamic(of, orNull(plan.config)), PriorState: p.dynamic(of, orNull(plan.prior)),
		PlannedState: p.dynamic(of, orNull(plan.after)), PlannedPrivate: plan.private,
	})
	if err != nil {
		p.t.Fatal(err)
	}
	p.hears(response.Private)
	return p.state(response.NewState), said(response.Diagnostics)
}

// refresh reads a resource.
func (p *plugin) refresh(state attributes) (after attributes, diagnostics string) {
	p.t.Helper()
	response, err := p.server.ReadResource(p.t.Context(), &tfprotov6.ReadResourceRequest{
		TypeName: p.resource, CurrentState: p.dynamic(p.types[p.resource], state), Private: p.kept(),
	})
	if err != nil {
		p.t.Fatal(err)
	}
	p.hears(response.Private)
	return p.state(response.NewState), said(response.Diagnostics)
}

func orNull(a attributes) any {
	if a == nil {
		return nil
	}
	return a
}

// said writes diagnostics as "ERROR attribute: summary: detail", one a line.
func said(diagnostics []*tfprotov6.Diagnostic) string {
	var lines []string
	for _, d := range diagnostics {
		at := ""
		if d.Attribute != nil {
			at = " " + d.Attribute.String()
		}
		lines = append(lines, fmt.Sprintf("%s%s: %s: %s", d.Severity, at, d.Summary, d.Detail))
	}
	return strings.Join(lines, "\n")
}

// make plans and applies a new resource, which must go well.
func (p *plugin) make(config attributes) attributes {
	p.t.Helper()
	plan := p.plan(nil, config)
	if strings.Contains(plan.said, "ERROR") {
		p.t.Fatal(plan.said)
	}
	state, said := p.apply(p.t.Context(), plan)
	if said != "" {
		p.t.Fatal(said)
	}
	return state
}

// converge is a terraform apply: refresh, plan, apply, as far as the plan has something to do. It must go well, must not
// replace anything, and a second plan must be empty.
func (p *plugin) converge(state, config attributes) attributes {
	p.t.Helper()
	state, _ = p.refresh(state)
	if state == nil {
		p.t.Fatal("the resource is gone")
	}
	plan := p.plan(state, config)
	if plan.said != "" || len(plan.replaces) > 0 {
		p.t.Fatalf("replaced for %v; said: %s", plan.replaces, plan.said)
	}
	if !plan.empty() {
		var said string
		if state, said = p.apply(p.t.Context(), plan); said != "" {
			p.t.Fatal(said)
		}
		plan.checkKept(p.t, state)
	}
	state, _ = p.refresh(state)
	if again := p.plan(state, config); !again.empty() {
		p.t.Fatalf("the plan after an apply is not empty: %s%v", again.said, again.changes())
	}
	return state
}

// destroy deletes a resource and answers what was said.
func (p *plugin) destroy(state attributes) (after attributes, diagnostics string) {
	p.t.Helper()
	return p.apply(p.t.Context(), planned{prior: state, private: p.kept()})
}

func (p planned) empty() bool { return len(p.changes()) == 0 && p.said == "" }

// changes are the attributes that the plan changes.
func (p planned) changes() []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(p.after)) {
		if !reflect.DeepEqual(p.prior[name], p.after[name]) {
			names = append(names, name)
		}
	}
	return names
}

// checkKept fails the test where an apply answered other than planned, which Terraform reports as a provider's bug.
func (p planned) checkKept(tb testing.TB, state attributes) {
	tb.Helper()
	for name, value := range p.after {
		if value != any(unknown) && !reflect.DeepEqual(value, state[name]) {
			tb.Errorf("%s was planned to be %v and is %v", name, value, state[name])
		}
		if state[name] == any(unknown) {
			tb.Errorf("%s is unknown after the apply", name)
		}
	}
}

// imported imports a resource by its id and reads it, as Terraform does.
func (p *plugin) imported(id string) (state attributes, diagnostics string) {
	p.t.Helper()
	response, err := p.server.ImportResourceState(p.t.Context(), &tfprotov6.ImportResourceStateRequest{TypeName: p.resource, ID: id})
	if err != nil {
		p.t.Fatal(err)
	}
	if len(response.Diagnostics) > 0 {
		return nil, said(response.Diagnostics)
	}
	p.hears(response.ImportedResources[0].Private)
	return p.refresh(p.state(response.ImportedResources[0].State))
}
