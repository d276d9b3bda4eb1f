package vm

import (
	"bytes"
	"context"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/defaults"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/vmihailenco/msgpack/v5"
)

// Unchanged knows for a resource type when a plan plans nothing, without a look at the values themselves. The framework
// finds the same out attribute by attribute, which takes most of the time that a plan of a thousand VMs does.
//
// Nothing is planned when Terraform proposes what the state has and no default of the schema says otherwise: Terraform
// does not know the defaults, and proposes the state's value where the configuration has none. What else a plan may
// change on its own is a reason for the long way.
type Unchanged struct {
	defaults map[string][]byte // as Terraform encodes them
	kept     []string          // lists that Terraform proposes to forget where the configuration has none, and a plan keeps
	waitsFor []string          // attributes that a plan fills in later, if the state has none
	unless   map[string][]byte // values in the state that a plan replaces, encoded too
}

// UnchangedVM is when nothing is planned for a VM: its address must be there, since it is waited for otherwise. One that was not
// made may have one all the same, if somebody has started it.
func UnchangedVM() Unchanged {
	failed, _ := msgpack.Marshal(statusDeployFailed) // of a text: no error
	return Unchanged{
		defaults: defaultsOf(vmSchema(context.Background())),
		kept:     []string{"network_adapters"}, waitsFor: []string{"ipv4_address"},
		unless: map[string][]byte{"status": failed},
	}
}

// Holds tells whether nothing is planned.
func (u Unchanged) Holds(req *tfprotov6.PlanResourceChangeRequest) bool {
	have, ok := attributesIn(req.PriorState)
	proposed, ok2 := attributesIn(req.ProposedNewState)
	configured, ok3 := attributesIn(req.Config)
	if !ok || !ok2 || !ok3 || len(have) != len(proposed) {
		return false
	}
	for name, value := range have {
		forgotten := slices.Contains(u.kept, name) && isNull(configured[name]) && isNull(proposed[name])
		if !forgotten && !bytes.Equal(value, proposed[name]) {
			return false
		}
	}
	for name, value := range u.defaults {
		if isNull(configured[name]) && !bytes.Equal(have[name], value) {
			return false
		}
	}
	for name, value := range u.unless {
		if bytes.Equal(have[name], value) {
			return false
		}
	}
	return !slices.ContainsFunc(u.waitsFor, func(name string) bool { return isNull(have[name]) })
}

// attributesIn are an object's attributes, each still encoded.
func attributesIn(object *tfprotov6.DynamicValue) (map[string]msgpack.RawMessage, bool) {
	var attributes map[string]msgpack.RawMessage
	if object == nil || msgpack.Unmarshal(object.MsgPack, &attributes) != nil {
		return nil, false
	}
	return attributes, attributes != nil
}

// isNull tells whether an encoded value is null, or missing.
func isNull(value msgpack.RawMessage) bool {
	return len(value) == 0 || len(value) == 1 && value[0] == 0xc0
}

// defaultsOf are the defaults of a schema's attributes, as Terraform encodes them.
func defaultsOf(s schema.Schema) map[string][]byte {
	ctx, all := context.Background(), map[string][]byte{}
	for name, described := range s.Attributes {
		var value any
		switch a := described.(type) {
		case interface{ StringDefaultValue() defaults.String }:
			if a.StringDefaultValue() == nil {
				continue
			}
			var answer defaults.StringResponse
			a.StringDefaultValue().DefaultString(ctx, defaults.StringRequest{}, &answer)
			value = answer.PlanValue.ValueString()
		case interface{ BoolDefaultValue() defaults.Bool }:
			if a.BoolDefaultValue() == nil {
				continue
			}
			var answer defaults.BoolResponse
			a.BoolDefaultValue().DefaultBool(ctx, defaults.BoolRequest{}, &answer)
			value = answer.PlanValue.ValueBool()
		default:
			continue
		}
		all[name], _ = msgpack.Marshal(value) // of a text or a boolean: no error
	}
	return all
}
