package portal

import (
	"fmt"
	"strings"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// DescribeRule writes a rule for messages.
func DescribeRule(rule mdx.ACLRule) string {
	end := func(network, port string) string {
		if rule.Protocol == mdx.ICMP {
			return network
		}
		return network + " port " + strings.ToLower(port)
	}
	return fmt.Sprintf("%s %s -> %s", rule.Protocol, end(rule.Src.String(), string(rule.SrcPort)), end(rule.Dst.String(), string(rule.DstPort)))
}

// DescribeRules writes rules for messages, one to a line.
func DescribeRules(rules []mdx.ACLRule) string {
	var lines strings.Builder
	for _, rule := range rules {
		lines.WriteString("\n  " + DescribeRule(rule))
	}
	return lines.String()
}

// OnSegment names a segment in the words of an error.
func OnSegment(name string) string { return fmt.Sprintf("on segment %q", name) }
