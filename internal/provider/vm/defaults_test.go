package vm

import (
	"reflect"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
)

// A default that is not known there would be a change that is not planned.
func TestAllDefaultsOfAVMCountInAPlan(t *testing.T) {
	known := UnchangedVM().defaults
	if len(known) == 0 {
		t.Error("no defaults")
	}
	for name, attribute := range vmSchema(t.Context()).Attributes {
		if has := hasDefault(attribute); has != (known[name] != nil) {
			t.Errorf("%s: has a default: %t; known: %q", name, has, known[name])
		}
		nested := map[string]schema.Attribute{}
		switch a := attribute.(type) {
		case schema.ListNestedAttribute:
			nested = a.NestedObject.Attributes
		case schema.SingleNestedAttribute:
			nested = a.Attributes
		}
		for inner, a := range nested {
			if hasDefault(a) {
				t.Errorf("%s.%s has a default, which is not looked at", name, inner)
			}
		}
	}
}

func hasDefault(a schema.Attribute) bool {
	field := reflect.ValueOf(a).FieldByName("Default")
	return field.IsValid() && !field.IsZero()
}
