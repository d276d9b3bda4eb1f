package kit

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
)

// PrivateState is a resource's private state, whose type the framework keeps to itself.
type PrivateState interface {
	GetKey(ctx context.Context, key string) ([]byte, diag.Diagnostics)
	SetKey(ctx context.Context, key string, value []byte) diag.Diagnostics
}
