package provider_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

// hit is an object that a query came upon.
type hit struct {
	name               string
	identity, resource attributes
	said               string
}

// query asks for objects as `terraform query` does, over the protocol.
func (p *plugin) query(resource string, config attributes, whole bool, limit int64) (hits []hit) {
	p.t.Helper()
	server, ok := p.server.(tfprotov6.ListResourceServer)
	if !ok {
		p.t.Fatal("the provider lists nothing")
	}
	schemas, err := p.server.GetProviderSchema(p.t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		p.t.Fatal(err)
	}
	identities, err := p.server.GetResourceIdentitySchemas(p.t.Context(), &tfprotov6.GetResourceIdentitySchemasRequest{})
	if err != nil {
		p.t.Fatal(err)
	}
	block := p.dynamic(schemas.ListResourceSchemas[resource].ValueType(), config)
	validated, err := server.ValidateListResourceConfig(p.t.Context(), &tfprotov6.ValidateListResourceConfigRequest{
		TypeName: resource, Config: block,
	})
	if err != nil {
		p.t.Fatal(err)
	}
	if len(validated.Diagnostics) > 0 {
		return []hit{{said: said(validated.Diagnostics)}}
	}
	stream, err := server.ListResource(p.t.Context(), &tfprotov6.ListResourceRequest{
		TypeName: resource, Config: block, IncludeResource: whole, Limit: limit,
	})
	if err != nil {
		p.t.Fatal(err)
	}
	for result := range stream.Results {
		h := hit{name: result.DisplayName, said: said(result.Diagnostics)}
		if result.Identity != nil {
			value, err := result.Identity.IdentityData.Unmarshal(identities.IdentitySchemas[resource].ValueType())
			if err != nil {
				p.t.Fatal(err)
			}
			h.identity, _ = decode(value).(attributes)
		}
		if result.Resource != nil {
			value, err := result.Resource.Unmarshal(p.types[resource])
			if err != nil {
				p.t.Fatal(err)
			}
			h.resource, _ = decode(value).(attributes)
		}
		hits = append(hits, h)
	}
	return hits
}

func namesOf(hits []hit) (names []string) {
	for _, h := range hits {
		names = append(names, h.name+h.said)
	}
	slices.Sort(names)
	return names
}

func TestQueryFindsVMs(t *testing.T) {
	w := startWorld(t, mdxsim.Config{})
	p := w.plugin(t)
	state := p.make(smallVM(nil))
	p.make(smallVM(attributes{"name": "worker", "power_state": "stopped"}))
	for name, test := range map[string]struct {
		config attributes
		limit  int64
		want   []string
	}{
		"all":                {attributes{}, 0, []string{"sato-notebook", "suzuki-batch", "web", "worker"}},
		"by name":            {attributes{"name_prefix": "we"}, 0, []string{"web"}},
		"that run":           {attributes{"power_state": "running"}, 0, []string{"sato-notebook", "web"}},
		"that are off":       {attributes{"power_state": "stopped"}, 0, []string{"suzuki-batch", "worker"}},
		"none":               {attributes{"name_prefix": "x"}, 0, nil},
		"of a project named": {attributes{"project_id": state["project_id"]}, 0, []string{"sato-notebook", "suzuki-batch", "web", "worker"}},
		"no more than asked": {attributes{"name_prefix": "w"}, 1, []string{"web"}},
	} {
		t.Run(name, func(t *testing.T) {
			hits := p.query("mdx_vm", test.config, false, test.limit)
			if got := namesOf(hits); !slices.Equal(got, test.want) {
				t.Errorf("found %v, want %v", got, test.want)
			}
		})
	}
	t.Run("a VM as a refresh would read it", func(t *testing.T) {
		hits := p.query("mdx_vm", attributes{"name_prefix": "web"}, true, 0)
		if len(hits) != 1 || hits[0].said != "" {
			t.Fatal(hits)
		}
		if got := hits[0].identity; got["id"] != state["id"] || got["project_id"] != state["project_id"] {
			t.Errorf("it is %v", got)
		}
		for _, attribute := range []string{"id", "name", "project_id", "pack_num", "disk_size", "ipv4_address", "power_state", "status"} {
			if got := hits[0].resource[attribute]; got == nil || got != state[attribute] {
				t.Errorf("%s is %v, want %v", attribute, got, state[attribute])
			}
		}
	})
	t.Run("no details that nobody asked for", func(t *testing.T) {
		before := w.asked("GET /api/vm/{vm}/")
		p.query("mdx_vm", attributes{}, false, 0)
		if after := w.asked("GET /api/vm/{vm}/"); after != before {
			t.Errorf("%d details were asked for", after-before)
		}
	})
}

func TestQueryFindsAccessRules(t *testing.T) {
	t.Parallel()
	w := startWorld(t, mdxsim.Config{})
	p := w.plugin(t)
	id, err := w.PutACL(defaultSegment, mdxsim.ACLRule{
		Protocol: "TCP", SrcAddress: "192.0.2.0", SrcMask: "24", SrcPort: "Any", DstAddress: "10.0.0.9", DstMask: "32", DstPort: "22",
	})
	if err != nil {
		t.Fatal(err)
	}
	hits := p.query("mdx_acl_rule", attributes{"segment_id": defaultSegment}, true, 0)
	i := slices.IndexFunc(hits, func(h hit) bool { return h.identity["id"] == id })
	if i < 0 || len(hits) != len(w.rules(defaultSegment)) {
		t.Fatalf("found %v of %v", hits, w.rules(defaultSegment))
	}
	if hits[i].identity["segment_id"] != defaultSegment || !strings.HasPrefix(hits[i].name, "default: ") {
		t.Errorf("it is %q, %v", hits[i].name, hits[i].identity)
	}
	for attribute, want := range map[string]string{
		"id": id, "segment_id": defaultSegment, "protocol": "TCP", "source_cidr": "192.0.2.0/24", "destination_cidr": "10.0.0.9/32",
		"destination_port": "22",
	} {
		if got := hits[i].resource[attribute]; got != want {
			t.Errorf("%s is %v, want %s", attribute, got, want)
		}
	}
	if everywhere := p.query("mdx_acl_rule", attributes{}, false, 0); len(everywhere) < len(hits) {
		t.Errorf("all segments have %d rules, one of them %d", len(everywhere), len(hits))
	}
}

func TestQuerySaysWhyItFindsNothing(t *testing.T) {
	w := startWorld(t, mdxsim.Config{})
	p := w.plugin(t)
	for name, test := range map[string]struct {
		resource string
		config   attributes
		want     string
	}{
		"no such power state": {"mdx_vm", attributes{"power_state": "asleep"}, `value must be one of`},
		"no such segment":     {"mdx_acl_rule", attributes{"segment_id": "nothing"}, `nothing`},
	} {
		t.Run(name, func(t *testing.T) {
			hits := p.query(test.resource, test.config, false, 0)
			if len(hits) != 1 || !strings.Contains(hits[0].said, "ERROR") || !strings.Contains(hits[0].said, test.want) {
				t.Errorf("%v", hits)
			}
		})
	}
	if err := w.SetFaults([]mdxsim.Fault{{Route: "*", Nth: 1, Times: 100, Kind: mdxsim.Error503}}); err != nil {
		t.Fatal(err)
	}
	if hits := p.query("mdx_vm", attributes{"project_id": "p"}, false, 0); len(hits) != 1 || !strings.Contains(hits[0].said, "Could not list the VMs") {
		t.Errorf("%v", hits)
	}
}
