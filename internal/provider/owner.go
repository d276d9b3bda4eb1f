package provider

import (
	"context"
	"crypto/rand"
	"encoding/json"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

const ownerKey = "owner"

// ownerIn is the owner that a resource's private state tells.
func ownerIn(ctx context.Context, private privateState, own []mdx.ACLRuleID) owner {
	o := owner{own: own}
	if data, _ := private.GetKey(ctx, ownerKey); json.Unmarshal(data, &o.id) != nil {
		o.id = ""
	}
	return o
}

// keepOwner writes an owner's id into private state. One that has none gets one.
func keepOwner(ctx context.Context, o *owner, private privateState) diag.Diagnostics {
	if o.id == "" {
		o.id = rand.Text()
	}
	data, _ := json.Marshal(o.id) // a text always can be written
	return private.SetKey(ctx, ownerKey, data)
}
