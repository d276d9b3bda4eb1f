package mdxsim

import (
	"slices"
	"strings"
	"testing"
)

func TestTheEdgesRules(t *testing.T) {
	script := Admission{
		DNATs: []DNAT{{PoolAddress: "203.0.113.10", DstAddress: "10.0.0.10"}},
		ACL: []ACLRule{
			{Protocol: "TCP", SrcAddress: "0.0.0.0", SrcMask: "0", SrcPort: "Any", DstAddress: "10.0.0.10", DstMask: "32", DstPort: "443"},
			{Protocol: "UDP", SrcAddress: "192.0.2.0", SrcMask: "24", SrcPort: "53", DstAddress: "10.0.0.0", DstMask: "21", DstPort: "6000-6010"},
			{Protocol: "ICMP", SrcAddress: "192.0.2.1", SrcMask: "32", SrcPort: "Any", DstAddress: "10.0.0.10", DstMask: "32", DstPort: "Any"},
		},
	}.script()
	lines := strings.Split(script, "\n")
	for _, want := range []string{
		"ip address add 203.0.113.10/32 dev eth1 label eth1:dnat",
		"-A PREROUTING -i eth1 -d 203.0.113.10 -j DNAT --to-destination 10.0.0.10",
		":FORWARD DROP",
		"-A FORWARD -i eth1 -p tcp -s 0.0.0.0/0 -d 10.0.0.10/32 --dport 443 -j ACCEPT",
		"-A FORWARD -i eth1 -p udp -s 192.0.2.0/24 -d 10.0.0.0/21 --sport 53 --dport 6000:6010 -j ACCEPT",
		"-A FORWARD -i eth1 -p icmp -s 192.0.2.1/32 -d 10.0.0.10/32 -j ACCEPT",
	} {
		if !slices.Contains(lines, want) {
			t.Errorf("no line %q in\n%s", want, script)
		}
	}
	if n := strings.Count(script, "ACCEPT"); n != 4 {
		t.Errorf("%d ways in:\n%s", n, script)
	}
}
