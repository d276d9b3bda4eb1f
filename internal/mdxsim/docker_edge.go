package mdxsim

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
)

// edge is the container between the world, a network that this machine is on too, and the segments: it answers for the
// portal's public addresses and lets through what the access rules say. From the segments' own network, where this
// machine is as if by the portal's VPN, it keeps nothing out.
type edge struct {
	name string // empty: there is none yet
}

// worldBits is the size of the network that stands for the internet: it holds the public addresses.
const worldBits = 24

// Admit makes the edge when the first public address is used. On each of them, what the access rules allow is passed on.
func (b *DockerBackend) Admit(ctx context.Context, in Admission) error {
	if b.edge.name == "" && len(in.DNATs) == 0 {
		return nil
	}
	var err error
	if b.edge.name == "" {
		err = b.makeEdge(ctx, in.DNATs[0].PoolAddress)
	}
	if err == nil {
		_, err = b.docker.run(ctx, "exec", b.edge.name, "/bin/sh", "-c", in.script())
	}
	if err != nil {
		b.log.Error("public addresses and access rules are not as the portal says", "error", err)
	}
	return err
}

// makeEdge runs the container, with the segments as its eth0 and the world as its eth1.
func (b *DockerBackend) makeEdge(ctx context.Context, public string) error {
	address, err := netip.ParseAddr(public)
	if err != nil {
		return err
	}
	inside, err := b.address(ctx, netip.Prefix{})
	if err != nil {
		return err
	}
	name, world := b.name("edge"), b.name("world")
	for _, args := range [][]string{
		{"network", "create", "--subnet", netip.PrefixFrom(address, worldBits).Masked().String(), world},
		{
			"run", "--detach", "--init", "--name", name, "--network", b.name("net"), "--ip", inside.String(), "--cap-add", "NET_ADMIN",
			"--sysctl", "net.ipv4.ip_forward=1", "--entrypoint", "/bin/sleep", b.images.host, "infinity",
		},
		{"network", "connect", "--ip", offset(netip.PrefixFrom(address, worldBits), 1<<(32-worldBits)-2).String(), world, name},
	} {
		if _, err := b.docker.run(ctx, args...); err != nil {
			return err
		}
	}
	b.edge.name = name
	return nil
}

// script is what the edge has to do: addresses to answer for, where they lead, and who gets through.
func (in Admission) script() string {
	var addresses, nat, filter strings.Builder
	for _, d := range in.DNATs {
		fmt.Fprintf(&addresses, "ip address add %s/32 dev eth1 label eth1:dnat\n", d.PoolAddress)
		fmt.Fprintf(&nat, "-A PREROUTING -i eth1 -d %s -j DNAT --to-destination %s\n", d.PoolAddress, d.DstAddress)
	}
	for _, r := range in.ACL {
		fmt.Fprintf(&filter, "-A FORWARD -i eth1 %s -j ACCEPT\n", r.match())
	}
	return fmt.Sprintf(`set -e
ip address flush dev eth1 label eth1:dnat || true
%siptables-restore <<'RULES'
*nat
%s-A POSTROUTING -o eth0 -j MASQUERADE
COMMIT
*filter
:FORWARD DROP
-A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
%sCOMMIT
RULES
`, addresses.String(), nat.String(), filter.String())
}

// match is the rule in iptables' words.
func (r ACLRule) match() string {
	args := []string{"-p", strings.ToLower(r.Protocol), "-s", r.SrcAddress + "/" + r.SrcMask, "-d", r.DstAddress + "/" + r.DstMask}
	for _, port := range [][2]string{{"--sport", r.SrcPort}, {"--dport", r.DstPort}} {
		if port[1] != "Any" && r.Protocol != "ICMP" {
			args = append(args, port[0], strings.Replace(port[1], "-", ":", 1))
		}
	}
	return strings.Join(args, " ")
}
