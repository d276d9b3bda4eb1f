package campaign

import (
	"fmt"
	"maps"
	"math/big"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// object is a block's attributes as Go values: string, int, bool, object; nil for null.
type object map[string]any

// ref stands for an attribute of another resource, by its address.
type ref struct{ address, attribute string }

// encode makes a value of a type.
func encode(of tftypes.Type, from any) tftypes.Value {
	switch from := from.(type) {
	case nil:
		return tftypes.NewValue(of, nil)
	case object:
		values := map[string]tftypes.Value{}
		for name, inner := range of.(tftypes.Object).AttributeTypes {
			values[name] = encode(inner, from[name])
		}
		return tftypes.NewValue(of, values)
	case int:
		return tftypes.NewValue(of, int64(from))
	}
	return tftypes.NewValue(of, from)
}

// attribute reads an attribute of a block as Go value; nil if it is null or unknown.
func attribute(block tftypes.Value, name string) any {
	fields := map[string]tftypes.Value{}
	if block.IsNull() || !block.IsKnown() || block.As(&fields) != nil {
		return nil
	}
	v := fields[name]
	if v.IsNull() || !v.IsKnown() {
		return nil
	}
	var s string
	if v.As(&s) == nil {
		return s
	}
	var n big.Float
	if v.As(&n) == nil {
		i, _ := n.Int64()
		return int(i)
	}
	return v
}

// proposed is what Terraform's core proposes: the configuration, and what was before where that says nothing and the
// provider may.
func proposed(prior, config tftypes.Value, computed func(string) bool) (tftypes.Value, error) {
	before, after := map[string]tftypes.Value{}, map[string]tftypes.Value{}
	if err := config.As(&after); err != nil {
		return config, err
	}
	if !prior.IsNull() {
		if err := prior.As(&before); err != nil {
			return config, err
		}
	}
	after = maps.Clone(after) // As hands out the value itself
	for name, value := range after {
		if was, ok := before[name]; ok && value.IsNull() && computed(name) {
			after[name] = was
		}
	}
	return tftypes.NewValue(config.Type(), after), nil
}

// differs lists what differs between two blocks.
func differs(a, b tftypes.Value) string {
	diffs, err := a.Diff(b)
	if err != nil {
		return err.Error()
	}
	var text strings.Builder
	for _, d := range diffs {
		fmt.Fprintf(&text, "%s: %v -> %v\n", d.Path, d.Value1, d.Value2)
	}
	return text.String()
}
