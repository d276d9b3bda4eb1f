package kit

import (
	"context"
	"fmt"
	"net/netip"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// EmptyState reads into model what an import begins with: a state in which everything is null.
func EmptyState(ctx context.Context, state *tfsdk.State, model any) diag.Diagnostics {
	diags := state.SetAttribute(ctx, path.Root("id"), types.StringNull()) // makes an object of what is none yet
	return append(diags, state.Get(ctx, model)...)
}

// IsSet tells whether a value is there.
func IsSet(v interface {
	IsNull() bool
	IsUnknown() bool
},
) bool {
	return !v.IsNull() && !v.IsUnknown()
}

// SegmentNames are the names of segments in quotes, for a message.
func SegmentNames(segments []mdx.Segment) []string {
	names := make([]string, 0, len(segments))
	for _, s := range segments {
		names = append(names, fmt.Sprintf("%q", s.Name))
	}
	return names
}

// CutLast cuts a text at the last separator: projects may have a slash in their names, VMs may not.
func CutLast(s, separator string) (before, after string, found bool) {
	i := strings.LastIndex(s, separator)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(separator):], true
}

// Text is null for what the portal leaves empty.
func Text(s string) types.String {
	if s == "" {
		return types.StringNull()
	}
	return types.StringValue(s)
}

// TextOr is the value before where the portal leaves it empty.
func TextOr(s string, before types.String) types.String {
	if s == "" {
		return before
	}
	return types.StringValue(s)
}

// SegmentID finds the id behind a segment's name. Of several segments of one name it is the one the adapter had; an
// unknown name stays as it is, so that it shows as a difference.
func SegmentID(name, had string, segments []mdx.Segment) types.String {
	id := name
	for _, s := range segments {
		if s.Name != name && string(s.ID) != name {
			continue
		}
		if id == name || string(s.ID) == had {
			id = string(s.ID)
		}
	}
	return types.StringValue(id)
}

// AddressText is an address as text; empty for none.
func AddressText(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}

// ListOf makes a list of objects out of models.
func ListOf[M any](ctx context.Context, of types.ObjectType, models []M, diags *diag.Diagnostics) types.List {
	list, more := types.ListValueFrom(ctx, of, models)
	diags.Append(more...)
	return list
}

// KeepString has a plan keep a text that nothing changes.
func KeepString() []planmodifier.String {
	return []planmodifier.String{stringplanmodifier.UseStateForUnknown()}
}

// KeepInt64 has a plan keep a number that nothing changes.
func KeepInt64() []planmodifier.Int64 {
	return []planmodifier.Int64{int64planmodifier.UseStateForUnknown()}
}
