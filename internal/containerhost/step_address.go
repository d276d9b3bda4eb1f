package containerhost

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// staticAddress gives the service network adapter a fixed address, keeping its mask, default route and name servers.
// The connection is cut in the middle, so the change is left to the host and then looked for at the new address.
var staticAddress = step{
	name:  "static-address",
	limit: 10 * time.Minute,
	check: func(_ context.Context, s *session) (string, error) {
		want := s.spec.StaticAddress
		switch {
		case !slices.ContainsFunc(s.facts.nic.addresses, func(p netip.Prefix) bool { return p.Addr() == want }):
			return fmt.Sprintf("%s has %v", or(s.facts.nic.name, "no network adapter"), s.facts.nic.addresses), nil
		case !strings.Contains(s.facts.netplan, want.String()+"/"):
			return fmt.Sprintf("%s is not configured in %s, so it may change", want, netplanFile), nil
		}
		return "", nil
	},
	apply: fixAddress,
}

func fixAddress(ctx context.Context, s *session) error {
	os, err := s.facts.distribution.traits()
	if err != nil {
		return err
	}
	if !os.netplan {
		return fmt.Errorf("%s does not configure its network with netplan", s.facts.distribution)
	}
	config, err := netplan(s.facts, s.spec.StaticAddress)
	if err != nil {
		return err
	}
	mine := slices.ContainsFunc(s.facts.nic.addresses, func(p netip.Prefix) bool { return p.Addr() == s.spec.StaticAddress })
	if !mine {
		answer, err := s.run(ctx, command{
			about: "asking whether the address is free", script: addressTakenScript, args: []string{s.spec.StaticAddress.String()},
		})
		if err != nil {
			return err
		}
		if strings.TrimSpace(answer) == "taken" {
			return fmt.Errorf("%s already answers: another machine has it", s.spec.StaticAddress)
		}
	}
	if _, err := s.run(ctx, writeFile(netplanFile, "0600", "root:root", []byte(config))); err != nil {
		return err
	}
	if _, err := s.run(ctx, command{about: "testing the network configuration", script: netplanTestScript}); err != nil {
		return errors.Join(err, s.restoreNetplan(ctx))
	}
	if _, err := s.run(ctx, command{about: "applying the network configuration", script: netplanApplyScript}); err != nil &&
		!errors.Is(err, errLost) {
		return err
	}
	who := s.conn.peer()
	s.progress("static-address", "moving from "+who.address)
	return s.afterMove(ctx, target{s.spec.StaticAddress.String(), who.port, who.fingerprint})
}

// restoreNetplan takes a configuration back that was not put to use. That of an earlier address is all the host has: the
// template's is gone, and without any the next boot would find no network.
func (s *session) restoreNetplan(ctx context.Context) error {
	undo := program("removing "+netplanFile, "rm", "-f", netplanFile)
	if s.facts.netplan != "" {
		undo = writeFile(netplanFile, "0600", "root:root", []byte(s.facts.netplan))
	}
	_, err := s.run(ctx, undo)
	return err
}

// afterMove waits until the host answers at its new address.
func (s *session) afterMove(ctx context.Context, to target) error {
	if err := s.connect(ctx, s.spec.SSH.Timeout, to); err != nil {
		return fmt.Errorf("after moving to %s: %w", to.address, err)
	}
	return nil
}

const addressTakenScript = `if ping -c 2 -W 1 "$1" >/dev/null 2>&1; then echo taken; else echo free; fi`

const netplanTestScript = `command -v netplan >/dev/null || { echo 'the host has no netplan' >&2; exit 1; }
netplan generate`

// The host applies it on its own a second later: the shell of this connection may not survive it. The template's own
// file, which asks for DHCP, goes.
const netplanApplyScript = `rm -f /etc/netplan/mdx.yaml
systemd-run --quiet --collect --on-active=1s /bin/sh -c 'netplan apply'`

// netplan writes the configuration of the fixed address.
func netplan(f facts, want netip.Addr) (string, error) {
	if f.nic.name == "" || len(f.nic.addresses) == 0 {
		return "", errors.New("the host has no default route, so its service network adapter can't be told")
	}
	at := slices.IndexFunc(f.nic.addresses, func(p netip.Prefix) bool { return p.Contains(want) })
	if at < 0 {
		return "", fmt.Errorf("%s is not in the service network, where the host has %v", want, f.nic.addresses)
	}
	var b strings.Builder
	b.WriteString("network:\n  version: 2\n  ethernets:\n")
	fmt.Fprintf(&b, "    %s:\n      dhcp4: false\n      addresses: [%s]\n", f.nic.name,
		netip.PrefixFrom(want, f.nic.addresses[at].Bits()))
	if f.nic.gateway.IsValid() {
		fmt.Fprintf(&b, "      routes:\n        - to: 0.0.0.0/0\n          via: %s\n", f.nic.gateway)
	}
	// One with a zone is announced by a router, now and later, and netplan refuses it; a loopback is who asks the others.
	servers := slices.DeleteFunc(slices.Clone(f.nameservers), func(a netip.Addr) bool { return a.Zone() != "" || a.IsLoopback() })
	if len(servers) > 0 {
		fmt.Fprintf(&b, "      nameservers:\n        addresses: [%s]\n", join(servers))
		if len(f.search) > 0 {
			fmt.Fprintf(&b, "        search: [%s]\n", strings.Join(f.search, ", "))
		}
	}
	return b.String(), nil
}

func join(addresses []netip.Addr) string {
	texts := make([]string, len(addresses))
	for i, a := range addresses {
		texts[i] = `"` + a.String() + `"`
	}
	return strings.Join(texts, ", ")
}
