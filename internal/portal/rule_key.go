package portal

import (
	"net/netip"
	"net/url"
	"strings"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// The journal knows rules by keys of their own: a kind, then what tells the rule from all others of its kind, in words
// that are joined by spaces. Keys are read back to describe a rule to people, whose text may change at any time; a key may
// not, or what an interrupted run has left is not found any more.
const (
	kindACLRule    = "acl_rule"  // segment and rule
	kindACLRuleSet = "acl_rules" // segment
	kindDNATRule   = "dnat_rule" // segment, public address or freeAddress, destination
	freeAddress    = "any"
)

// aclRuleKey is an access rule in the journal.
func aclRuleKey(segment mdx.SegmentID, rule mdx.ACLRule) string {
	return joinKey(kindACLRule, string(segment)) + " " + rulePart(rule)
}

// aclRuleSetKey are the rules of a segment in the journal, all together.
func aclRuleSetKey(segment mdx.SegmentID) string { return joinKey(kindACLRuleSet, string(segment)) }

// dnatKey is a DNAT rule in the journal. Without a public address, it is one that any is good for.
func dnatKey(segment mdx.SegmentID, pool, destination netip.Addr) string {
	from := freeAddress
	if pool.IsValid() {
		from = pool.String()
	}
	return joinKey(kindDNATRule, string(segment), from, destination.String())
}

// rulePart is an access rule as a part of a key, or of a set. Rules that are the same have the same, and others never do.
func rulePart(rule mdx.ACLRule) string {
	rule = rule.Canonical()
	return joinKey(string(rule.Protocol), rule.Src.String(), string(rule.SrcPort), rule.Dst.String(), string(rule.DstPort))
}

// joinKey joins words so that cutKey finds them again, whatever is in them.
func joinKey(words ...string) string {
	for i, word := range words {
		words[i] = strings.ReplaceAll(url.PathEscape(word), "%2F", "/")
	}
	return strings.Join(words, " ")
}

// cutKey is what joinKey was given; nil if it was not.
func cutKey(key string) []string {
	words := strings.Split(key, " ")
	for i, word := range words {
		text, err := url.PathUnescape(word)
		if err != nil {
			return nil
		}
		words[i] = text
	}
	return words
}

// ruleOfPart is the rule that a part tells.
func ruleOfPart(words []string) (mdx.ACLRule, bool) {
	if len(words) != 5 {
		return mdx.ACLRule{}, false
	}
	src, srcErr := netip.ParsePrefix(words[1])
	dst, dstErr := netip.ParsePrefix(words[3])
	return mdx.ACLRule{
		Protocol: mdx.Protocol(words[0]), Src: src, SrcPort: mdx.Port(words[2]), Dst: dst, DstPort: mdx.Port(words[4]),
	}, srcErr == nil && dstErr == nil
}

// describeKey writes what a key tells for people. What is none, as an earlier version's, stays as it is.
func describeKey(key string) string {
	words := cutKey(key)
	if len(words) < 2 {
		return key
	}
	segment, rest := mdx.SegmentID(words[1]), words[2:]
	switch rule, isRule := ruleOfPart(rest); {
	case words[0] == kindACLRule && isRule:
		return ACLRuleAt{Segment: segment, Rule: rule}.String()
	case words[0] == kindACLRuleSet && len(rest) == 0:
		return "access rules " + OnSegment(string(segment))
	case words[0] == kindDNATRule && len(rest) == 2:
		pool, _ := netip.ParseAddr(rest[0]) // none for any
		destination, err := netip.ParseAddr(rest[1])
		if err == nil {
			return DNATRuleAt{Segment: segment, Pool: pool, Destination: destination}.String()
		}
	}
	return key
}

// describePart writes a rule of a set for people.
func describePart(part string) string {
	if rule, isRule := ruleOfPart(cutKey(part)); isRule {
		return DescribeRule(rule)
	}
	return part
}
