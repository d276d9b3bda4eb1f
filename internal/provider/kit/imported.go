package kit

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
)

// importedKey marks what was imported and not read since.
const importedKey = "imported"

// MarkImported marks a resource as imported and not read since: see [JustImported].
func MarkImported(ctx context.Context, private PrivateState) diag.Diagnostics {
	return private.SetKey(ctx, importedKey, []byte("true"))
}

// JustImported tells whether a read is the one that belongs to an import, and takes the mark away. A plan imports, reads,
// and writes no state, so that the journal must not forget what it knows.
func JustImported(ctx context.Context, private PrivateState, diags *diag.Diagnostics) bool {
	mark, more := private.GetKey(ctx, importedKey)
	diags.Append(more...)
	if mark == nil {
		return false
	}
	diags.Append(private.SetKey(ctx, importedKey, nil)...)
	return true
}
