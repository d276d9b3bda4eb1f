package portal

import "github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"

// RuleSet is what somebody wants the rules of a segment to be.
type RuleSet struct {
	Project mdx.ProjectID
	Segment mdx.SegmentID
	Owner   RuleOwner
	Want    []mdx.ACLRule // whatever their ids
	// Exclusive has rules of others removed: those that say the same as one of Planned, or all if that is nil.
	Exclusive bool
	Planned   []mdx.ACLRule
}

// RuleOwner is a set's owner among those of its segment: who made a rule, no state can tell but by its id, and a run that
// was killed, or a refresh, has changed which ids a state has.
type RuleOwner struct {
	ID  string          // in the private state; empty in one that an earlier version of the provider wrote
	Own []mdx.ACLRuleID // the rules that the state has
}
