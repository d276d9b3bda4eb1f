package network

import (
	"context"
	"crypto/rand"
	"encoding/json"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/portal"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/provider/kit"
)

const ownerKey = "owner"

// ownerIn is the owner that a resource's private state tells.
func ownerIn(ctx context.Context, private kit.PrivateState, own []mdx.ACLRuleID) portal.RuleOwner {
	o := portal.RuleOwner{Own: own}
	if data, _ := private.GetKey(ctx, ownerKey); json.Unmarshal(data, &o.ID) != nil {
		o.ID = ""
	}
	return o
}

// keepOwner writes an owner's id into private state. One that has none gets one.
func keepOwner(ctx context.Context, o *portal.RuleOwner, private kit.PrivateState) diag.Diagnostics {
	if o.ID == "" {
		o.ID = rand.Text()
	}
	data, _ := json.Marshal(o.ID) // a text always can be written
	return private.SetKey(ctx, ownerKey, data)
}
