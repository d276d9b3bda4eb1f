package kit

import (
	"context"
	"iter"
	"maps"
	"reflect"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// The framework reads and writes models by the names in their tags. What is done to every attribute of a model goes by the
// same names, so that nobody has to list them once more.

// attributesOf are the attributes of a model, which is a pointer to a struct, by their names. Parts that are embedded count.
func attributesOf(model any) iter.Seq2[string, reflect.Value] {
	return func(yield func(string, reflect.Value) bool) { eachAttribute(reflect.ValueOf(model).Elem(), yield) }
}

func eachAttribute(of reflect.Value, yield func(string, reflect.Value) bool) bool {
	for i := range of.NumField() {
		field, value := of.Type().Field(i), of.Field(i)
		name, tagged := field.Tag.Lookup("tfsdk")
		switch {
		case tagged && !yield(name, value):
			return false
		case !tagged && field.Anonymous && !eachAttribute(value, yield):
			return false
		}
	}
	return true
}

// AttributeNames are the names of a model's attributes. model is a pointer to it.
func AttributeNames(model any) []string {
	var names []string
	for name := range attributesOf(model) {
		names = append(names, name)
	}
	return names
}

// Attribute is a model's attribute of a name; nil if it has none. model is a pointer to it.
func Attribute(model any, name string) attr.Value {
	for candidate, value := range attributesOf(model) {
		if candidate == name {
			attribute, _ := reflect.TypeAssert[attr.Value](value)
			return attribute
		}
	}
	return nil
}

// SetAttribute gives a model's attribute a value of its own type. model is a pointer to it; a name that it does not have
// changes nothing.
func SetAttribute(model any, name string, to attr.Value) {
	for candidate, value := range attributesOf(model) {
		if candidate == name {
			value.Set(reflect.ValueOf(to))
		}
	}
}

// NullUnknown makes every attribute null that is unknown, as state must be. Those that are null get the type that the
// schema has for them: a list that nobody has set has none of its own.
func NullUnknown(model any, schema map[string]attr.Type) {
	ctx := context.Background()
	for name, value := range attributesOf(model) {
		attribute, _ := reflect.TypeAssert[attr.Value](value)
		of, known := schema[name]
		if !known || IsSet(attribute) {
			continue
		}
		if null, err := of.ValueFromTerraform(ctx, tftypes.NewValue(of.TerraformType(ctx), nil)); err == nil {
			value.Set(reflect.ValueOf(null))
		}
	}
}

// KeepPlanned gives a model the values that a plan has promised; those that are unknown there stay as they are. Both are
// pointers to models of one type.
func KeepPlanned(model, plan any) {
	planned := maps.Collect(attributesOf(plan))
	for name, value := range attributesOf(model) {
		if promised, _ := reflect.TypeAssert[attr.Value](planned[name]); !promised.IsUnknown() {
			value.Set(planned[name])
		}
	}
}

// SchemaTypes are the types of a schema's attributes by their names.
func SchemaTypes[A interface{ GetType() attr.Type }](attributes map[string]A) map[string]attr.Type {
	all := map[string]attr.Type{}
	for name, attribute := range attributes {
		all[name] = attribute.GetType()
	}
	return all
}
