package provider_test

import (
	"bytes"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/provider"
)

// What is planned is what the framework plans, whatever differs. Where nothing does, it costs next to nothing.
func TestAPlanForAnUnchangedVMIsTheFrameworksAndCheap(t *testing.T) {
	w := startWorld(t, mdxsim.Config{})
	p := w.pluginOf(t, providerserver.NewProtocol6(provider.New("test")())())
	short := w.plugin(t).server
	config := attributes{
		"name": "n-1", "catalog_id": "ca7a1060-0000-4000-8000-000000002204", "pack_num": 2, "ssh_public_key": publicKey,
	}
	made := p.make(config)
	for name, test := range map[string]struct {
		config, state attributes // what differs
		cheap         bool
	}{
		"nothing":                          {cheap: true},
		"adapters are configured":          {config: attributes{"network_adapters": made["network_adapters"]}, cheap: true},
		"adapters are unknown":             {config: attributes{"network_adapters": unknown}},
		"a default is configured":          {config: attributes{"power_state": "running"}, cheap: true},
		"the state is not the default":     {state: attributes{"power_state": "stopped"}},
		"the same, which is configured":    {config: attributes{"power_state": "stopped"}, state: attributes{"power_state": "stopped"}, cheap: true},
		"the level is another":             {state: attributes{"service_level": "guarantee"}},
		"a default is missing":             {state: attributes{"wait_for_address": nil}},
		"the name is another":              {config: attributes{"name": "n-2"}},
		"more packs":                       {config: attributes{"pack_num": 3}},
		"the address is yet to come":       {state: attributes{"ipv4_address": nil}},
		"it was not made":                  {state: attributes{"status": "DeployFailed"}},
		"the portal tells fewer things":    {state: attributes{"esxi": nil, "vcenter": nil, "hard_disks": []any{}}, cheap: true},
		"the origin, as after an import":   {state: attributes{"catalog_id": nil, "ssh_public_key": nil}},
		"another origin, which replaces":   {config: attributes{"catalog_id": "ca7a1060-0000-4000-8000-000000002004"}},
		"timeouts are configured":          {config: attributes{"timeouts": attributes{"read": "9m"}}},
		"what is configured is left out":   {config: attributes{"pack_num": nil}, cheap: true},
		"a key of its own is not any more": {config: attributes{"ssh_public_key": nil}},
	} {
		t.Run(name, func(t *testing.T) {
			conf, state := with(config, test.config), with(made, test.state)
			for _, forgets := range []bool{true, false} { // adapters that are not configured, as Terraform does
				req := p.proposal(conf, state, forgets)
				p.plansLike(t, short, req)
				allocated := testing.AllocsPerRun(3, func() { _, _ = short.PlanResourceChange(t.Context(), req) })
				if cheap := allocated < 1000; cheap != test.cheap {
					t.Errorf("planned with %.0f allocations; is to be cheap: %t", allocated, test.cheap)
				}
			}
		})
	}
}

// plansLike checks that another server plans what this one does.
func (p *plugin) plansLike(t *testing.T, other tfprotov6.ProviderServer, req *tfprotov6.PlanResourceChangeRequest) {
	t.Helper()
	want, err := p.server.PlanResourceChange(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	got, err := other.PlanResourceChange(t.Context(), req)
	if err != nil || said(got.Diagnostics) != said(want.Diagnostics) || len(got.RequiresReplace) != len(want.RequiresReplace) {
		t.Errorf("%v %s %v; want %s %v", err, said(got.Diagnostics), got.RequiresReplace, said(want.Diagnostics), want.RequiresReplace)
	}
	if got, want := p.state(got.PlannedState), p.state(want.PlannedState); !reflect.DeepEqual(got, want) {
		t.Errorf("planned %v\nwant %v", got, want)
	}
	if !bytes.Equal(got.PlannedPrivate, want.PlannedPrivate) || !reflect.DeepEqual(got.PlannedIdentity, want.PlannedIdentity) {
		t.Errorf("private %q, identity %v; want %q, %v", got.PlannedPrivate, got.PlannedIdentity, want.PlannedPrivate, want.PlannedIdentity)
	}
}

// FuzzAPlanForAnUnchangedVM changes some of a VM's attributes, in the configuration and in the state, and has both ways plan.
// Each two bytes are one change: of which attribute, and how.
func FuzzAPlanForAnUnchangedVM(f *testing.F) {
	w := startWorld(f, mdxsim.Config{})
	p := w.pluginOf(f, providerserver.NewProtocol6(provider.New("test")())())
	short := w.plugin(f).server
	config := attributes{
		"name": "n-1", "catalog_id": "ca7a1060-0000-4000-8000-000000002204", "pack_num": 2, "ssh_public_key": publicKey,
	}
	made := p.make(config)
	block := p.schema[p.resource].Block.Attributes
	slices.SortFunc(block, func(a, b *tfprotov6.SchemaAttribute) int { return strings.Compare(a.Name, b.Name) })
	f.Add([]byte{})
	for i := range block {
		for how := range byte(changes) {
			f.Add([]byte{byte(i), how})
		}
	}
	f.Fuzz(func(t *testing.T, choices []byte) {
		conf, state := maps.Clone(config), maps.Clone(made)
		for i := 0; i+1 < len(choices); i += 2 {
			changed(block[int(choices[i])%len(block)], choices[i+1]%changes, conf, state)
		}
		here := *p
		here.t = t
		for _, forgets := range []bool{true, false} {
			here.plansLike(t, short, here.proposal(conf, state, forgets))
		}
	})
}

// changes is how many kinds of changes there are to one attribute.
const changes = 6

// changed makes one change to an attribute of a VM's configuration or state.
func changed(of *tfprotov6.SchemaAttribute, how byte, config, state attributes) {
	if how < 3 && !of.Optional && !of.Required || of.Name == "id" {
		return
	}
	other := map[string]any{
		"power_state": "stopped", "service_level": "guarantee", "timeouts": attributes{"read": "9m"}, "shutdown_timeout": "9m",
		"network_adapters": []any{attributes{"adapter_number": 2, "segment_id": "5f0c8f3e-5d0b-4e55-8a63-51d5e1c0a001"}},
	}[of.Name]
	switch {
	case other != nil:
	case of.Type != nil && of.Type.Is(tftypes.Bool):
		other = state[of.Name] != true
	case of.Type != nil && of.Type.Is(tftypes.Number):
		other = 3
	case of.Type != nil && of.Type.Is(tftypes.String):
		other = "other"
	default:
		other = []any{}
	}
	switch how {
	case 0:
		config[of.Name] = unknown
	case 1:
		config[of.Name] = other
	case 2:
		config[of.Name] = state[of.Name]
	case 3:
		state[of.Name] = nil
	case 4:
		state[of.Name] = other
	case 5:
		if !of.Required {
			delete(config, of.Name)
		}
	}
}

func with(a, more attributes) attributes {
	all := maps.Clone(a)
	maps.Copy(all, more)
	return all
}

// proposal is what Terraform asks to have planned. It forgets a list whose elements have no computed attributes, where
// the configuration has none.
func (p *plugin) proposal(config, state attributes, forgets bool) *tfprotov6.PlanResourceChangeRequest {
	p.t.Helper()
	proposed := attributes{}
	for _, attribute := range p.schema[p.resource].Block.Attributes {
		forgotten := forgets && attribute.Name == "network_adapters"
		proposed[attribute.Name] = config[attribute.Name]
		if attribute.Computed && config[attribute.Name] == nil && !forgotten {
			proposed[attribute.Name] = state[attribute.Name]
		}
	}
	of := p.types[p.resource]
	identity := tftypes.Object{AttributeTypes: map[string]tftypes.Type{"id": tftypes.String, "project_id": tftypes.String}}
	return &tfprotov6.PlanResourceChangeRequest{
		TypeName: p.resource, Config: p.dynamic(of, config), PriorState: p.dynamic(of, state), ProposedNewState: p.dynamic(of, proposed),
		PriorIdentity: &tfprotov6.ResourceIdentityData{IdentityData: p.dynamic(identity, attributes{
			"id": state["id"], "project_id": state["project_id"],
		})},
	}
}
