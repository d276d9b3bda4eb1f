package provider_test

import (
	"bytes"
	"maps"
	"reflect"
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
				want, err := p.server.PlanResourceChange(t.Context(), req)
				if err != nil {
					t.Fatal(err)
				}
				got, err := short.PlanResourceChange(t.Context(), req)
				if err != nil || said(got.Diagnostics) != said(want.Diagnostics) || len(got.RequiresReplace) != len(want.RequiresReplace) {
					t.Errorf("%v %s %v; want %s %v", err, said(got.Diagnostics), got.RequiresReplace, said(want.Diagnostics), want.RequiresReplace)
				}
				if got, want := p.state(got.PlannedState), p.state(want.PlannedState); !reflect.DeepEqual(got, want) {
					t.Errorf("planned %v\nwant %v", got, want)
				}
				if !bytes.Equal(got.PlannedPrivate, want.PlannedPrivate) || !reflect.DeepEqual(got.PlannedIdentity, want.PlannedIdentity) {
					t.Errorf("private %q, identity %v; want %q, %v", got.PlannedPrivate, got.PlannedIdentity, want.PlannedPrivate, want.PlannedIdentity)
				}
				allocated := testing.AllocsPerRun(3, func() { _, _ = short.PlanResourceChange(t.Context(), req) })
				if cheap := allocated < 1000; cheap != test.cheap {
					t.Errorf("planned with %.0f allocations; is to be cheap: %t", allocated, test.cheap)
				}
			}
		})
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
