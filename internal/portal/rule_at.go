package portal

import (
	"fmt"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// ACLRuleAt is an access rule of a segment, as somebody wants it or has it. Its id is empty until it is known: then what it
// says tells it from others (PORTAL.md §7).
type ACLRuleAt struct {
	Project mdx.ProjectID
	Segment mdx.SegmentID
	Rule    mdx.ACLRule
}

// String describes the rule for people.
func (at ACLRuleAt) String() string {
	return fmt.Sprintf("access rule %s %s", DescribeRule(at.Rule), OnSegment(string(at.Segment)))
}
