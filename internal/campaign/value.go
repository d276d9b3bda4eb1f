package campaign

import (
	"fmt"
	"maps"
	"math/big"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// object is a block's attributes, or a map, as Go values: string, int, bool, object, list; nil for null.
type object map[string]any

// list is a list, or a set.
type list []any

// reference stands for an attribute of another resource, by its address, with text before it and behind.
type reference struct{ address, attribute, before, behind string }

// replaced is a value with other values in the places of its references.
func replaced(value any, of func(reference) any) any {
	switch value := value.(type) {
	case reference:
		return of(value)
	case object:
		filled := object{}
		for name, inner := range value {
			filled[name] = replaced(inner, of)
		}
		return filled
	case list:
		filled := list{}
		for _, inner := range value {
			filled = append(filled, replaced(inner, of))
		}
		return filled
	}
	return value
}

// encode makes a value of a type.
func encode(of tftypes.Type, from any) tftypes.Value {
	switch from := from.(type) {
	case nil:
		return tftypes.NewValue(of, nil)
	case object:
		values := map[string]tftypes.Value{}
		switch of := of.(type) {
		case tftypes.Map:
			for name, inner := range from {
				values[name] = encode(of.ElementType, inner)
			}
		case tftypes.Object:
			for name, inner := range of.AttributeTypes {
				values[name] = encode(inner, from[name])
			}
		}
		return tftypes.NewValue(of, values)
	case list:
		values := []tftypes.Value{}
		for _, element := range from {
			values = append(values, encode(elementOf(of), element))
		}
		return tftypes.NewValue(of, values)
	case int:
		return tftypes.NewValue(of, int64(from))
	}
	return tftypes.NewValue(of, from)
}

func elementOf(of tftypes.Type) tftypes.Type {
	if set, ok := of.(tftypes.Set); ok {
		return set.ElementType
	}
	return of.(tftypes.List).ElementType
}

// elements reads an attribute that is a list, or a set.
func elements(block tftypes.Value, name string) []tftypes.Value {
	value, ok := attribute(block, name).(tftypes.Value)
	var all []tftypes.Value
	if !ok || value.As(&all) != nil {
		return nil
	}
	return all
}

// texts reads an attribute that is a list of texts, or a set.
func texts(block tftypes.Value, name string) (all []string) {
	for _, element := range elements(block, name) {
		var s string
		if element.As(&s) == nil {
			all = append(all, s)
		}
	}
	return all
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
