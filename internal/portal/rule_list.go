package portal

import "github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"

// ruleList is one of the lists that a segment's rules are in (PORTAL.md §7).
type ruleList struct {
	segment mdx.SegmentID
	family  mdx.ACLFamily
}
