package containerhost

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// dnsServers makes the host ask the given name servers. It comes before anything that is fetched by name.
//
// Where systemd-resolved answers the host's questions, as in the cloud images of all distributions here, the servers
// go into a drop-in of its own; "~." sends it every name that no adapter's own domain covers. Where it doesn't,
// /etc/resolv.conf is the host's own file and is written itself, and dhclient, which would write it again with the
// next lease, is told the same.
var dnsServers = step{
	name:  "dns-servers",
	limit: 2 * time.Minute,
	check: func(_ context.Context, s *session) (string, error) {
		f, want := s.facts, s.spec.DNSServers
		if f.resolved() {
			switch lacking := without(want, f.nameservers); {
			case f.resolvedDropIn != resolvedConfig(want):
				return resolvedFile + " does not name them", nil
			case len(lacking) > 0:
				return fmt.Sprintf("systemd-resolved does not ask %v", lacking), nil
			}
			return "", nil
		}
		found, _ := parseResolver(f.resolvConf)
		switch {
		case !slices.Equal(found, want):
			return fmt.Sprintf("%s names %v", resolvFile, found), nil
		case f.dhclient != "" && dhclientConfig(f.dhclient, want) != f.dhclient:
			return "dhclient would write others into " + resolvFile, nil
		}
		return "", nil
	},
	apply: setDNS,
}

func setDNS(ctx context.Context, s *session) error {
	f, want := s.facts, s.spec.DNSServers
	if f.resolved() {
		if _, err := s.run(ctx, writeFile(resolvedFile, "0644", "root:root", []byte(resolvedConfig(want)))); err != nil {
			return err
		}
		_, err := s.run(ctx, program("restarting systemd-resolved", "systemctl", "restart", "systemd-resolved.service"))
		return err
	}
	if f.resolvTarget != resolvFile {
		return fmt.Errorf("%s is a link to %s, which belongs to a program other than systemd-resolved: use a template with "+
			"systemd-resolved, or leave dns_servers out", resolvFile, or(f.resolvTarget, "a file that is not there"))
	}
	s.progress("dns-servers", "systemd-resolved is not used here; writing "+resolvFile+" itself")
	if f.dhclient != "" {
		if _, err := s.run(ctx, rewriteFile(dhclientFile, []byte(dhclientConfig(f.dhclient, want)))); err != nil {
			return err
		}
	}
	_, err := s.run(ctx, rewriteFile(resolvFile, []byte(resolvConfig(f.resolvConf, want))))
	return err
}

// without gives the wanted addresses that are not there.
func without(wanted, there []netip.Addr) []netip.Addr {
	return slices.DeleteFunc(slices.Clone(wanted), func(a netip.Addr) bool { return slices.Contains(there, a) })
}

// words joins values as configuration files have them.
func words[T any](values []T) string { return strings.Trim(fmt.Sprint(values), "[]") }

// An empty DNS takes back what files read before this one said, which would otherwise be asked first.
func resolvedConfig(servers []netip.Addr) string {
	return "[Resolve]\nDNS=\nDNS=" + words(servers) + "\nDomains=~.\n"
}

// resolvConfig gives the file with other name servers, and its domains and options as they were.
func resolvConfig(text string, servers []netip.Addr) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if f := strings.Fields(line); len(f) == 0 || f[0] != "nameserver" {
			b.WriteString(strings.TrimRight(line, "\n") + "\n")
		}
	}
	for _, server := range servers {
		b.WriteString("nameserver " + server.String() + "\n")
	}
	return b.String()
}

// dhclientMark begins the line that is this package's in dhclient's configuration.
const dhclientMark = "supersede domain-name-servers "

// dhclientConfig gives the file with the one line that keeps the name servers from a lease out. A lease carries
// IPv4 servers only, and so does the line.
func dhclientConfig(text string, servers []netip.Addr) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(strings.TrimSpace(line), dhclientMark) {
			b.WriteString(strings.TrimRight(line, "\n") + "\n")
		}
	}
	var list []string
	for _, server := range servers {
		if server.Is4() {
			list = append(list, server.String())
		}
	}
	if len(list) > 0 {
		b.WriteString(dhclientMark + strings.Join(list, ", ") + ";\n")
	}
	return b.String()
}
