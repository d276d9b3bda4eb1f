package process

import (
	"fmt"
	"os"
	"regexp"
	"strings"
)

const (
	// resolvedAnswers is where systemd-resolved writes down which servers it asks.
	resolvedAnswers = "/run/systemd/resolve/resolv.conf"
	resolvedFolder  = "/etc/systemd/resolved.conf.d"
	// leased is what DHCP told the service adapter.
	leased = "nameserver 192.0.2.53\nsearch example.jp\n"
)

var dnsLine = regexp.MustCompile(`(?m)^DNS=(.*)$`)

// resolve is systemd-resolved reading its configuration: its own servers come before the adapter's, and an empty line
// takes back those of the lines before. The caller holds the lock.
func (h *host) resolve() error {
	var text strings.Builder
	entries, err := os.ReadDir(inside(h.root, resolvedFolder))
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	for _, entry := range entries {
		for _, found := range dnsLine.FindAllStringSubmatch(read(h.root, resolvedFolder+"/"+entry.Name()), -1) {
			if strings.TrimSpace(found[1]) == "" {
				text.Reset()
			}
			for server := range strings.FieldsSeq(found[1]) {
				fmt.Fprintf(&text, "nameserver %s\n", server)
			}
		}
	}
	return write(h.root, resolvedAnswers, text.String()+leased)
}
