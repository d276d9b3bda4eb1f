package portal

import (
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// Rules lists a segment's access rules of both families, IPv4 first (PORTAL.md §7). The errors are the client's; one that
// [mdx.IsNotFound] knows says that there is no such segment.
func (p *Portal) Rules(ctx context.Context, segment mdx.SegmentID) ([]mdx.ACLRule, error) {
	return p.rulesLike(ctx, segment, 0, nil)
}

// knownRules is [Portal.Rules] from memory, where what is remembered is at most a poll interval old and has all of own.
func (p *Portal) knownRules(ctx context.Context, segment mdx.SegmentID, own []mdx.ACLRuleID) ([]mdx.ACLRule, error) {
	rules, err := p.rulesLike(ctx, segment, p.pollInterval, nil)
	if err != nil || len(only(rules, withID(own))) == len(own) {
		return rules, err
	}
	return p.Rules(ctx, segment)
}

// rulesLike lists a segment's rules of the families that like's are of, or all, as they were at most age ago.
func (p *Portal) rulesLike(ctx context.Context, segment mdx.SegmentID, age time.Duration, like []mdx.ACLRule) ([]mdx.ACLRule, error) {
	families := []mdx.ACLFamily{mdx.ACLv4, mdx.ACLv6}
	lists := make([][]mdx.ACLRule, len(families))
	var group errgroup.Group
	for i, family := range families {
		if like != nil && !slices.ContainsFunc(like, func(rule mdx.ACLRule) bool { return rule.Family() == family }) {
			continue
		}
		group.Go(func() (err error) {
			lists[i], err = p.ruleLists.Get(ctx, ruleList{segment, family}, age, func(ctx context.Context) ([]mdx.ACLRule, error) {
				return p.ACLRules(ctx, segment, family)
			})
			return err
		})
	}
	err := group.Wait()
	return slices.Concat(lists...), err
}

// rulesChanged says that what has a rule of that kind was changed.
func (p *Portal) rulesChanged(segment mdx.SegmentID, rule mdx.ACLRule) {
	p.ruleLists.Changed(ruleList{segment, rule.Family()})
}

// rulesOf are a segment's access rules as a collection.
func (p *Portal) rulesOf(segment mdx.SegmentID) *collection[mdx.ACLRule] {
	return &collection[mdx.ACLRule]{
		p: p, name: "rules on segment", object: string(segment),
		list: func(ctx context.Context, age time.Duration, like []mdx.ACLRule) ([]mdx.ACLRule, error) {
			return p.rulesLike(ctx, segment, age, like)
		},
		post: func(ctx context.Context, rule mdx.ACLRule) (mdx.ACLRule, error) {
			defer p.rulesChanged(segment, rule)
			made, err := p.CreateACLRule(ctx, segment, rule)
			rule.ID = made.ID
			return rule, err
		},
		delete: func(ctx context.Context, rule mdx.ACLRule) error {
			defer p.rulesChanged(segment, rule)
			return p.DeleteACLRule(ctx, rule.Family(), rule.ID)
		},
		id:        func(rule mdx.ACLRule) string { return string(rule.ID) },
		canonical: mdx.ACLRule.Canonical,
		about: func(rule mdx.ACLRule, err error) error {
			return fmt.Errorf("rule %s: %w", DescribeRule(rule), err)
		},
	}
}

// claimedRule is a rule that one resource in this process is about to make.
type claimedRule struct {
	segment mdx.SegmentID
	rule    mdx.ACLRule // canonical
}

// claimRules keeps two resources from making the same rule at the same time, when neither can see the other's.
func (p *Portal) claimRules(segment mdx.SegmentID, rules []mdx.ACLRule) (release func(), err error) {
	mine := map[claimedRule]bool{}
	release = func() {
		for claim := range mine {
			p.claims.release(claim)
		}
	}
	for _, rule := range rules {
		claim := claimedRule{segment, rule.Canonical()}
		switch {
		case mine[claim]:
		case !p.claims.take(claim):
			release()
			return nil, fmt.Errorf("rule %s: another resource makes the same rule at this moment: keep one of them", DescribeRule(rule))
		default:
			mine[claim] = true
		}
	}
	return release, nil
}
