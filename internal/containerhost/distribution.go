package containerhost

import (
	"fmt"
	"strings"
)

// distribution is the host's system, as /etc/os-release names it.
type distribution struct {
	id       string // "ubuntu", "debian"
	version  string // "22.04", "12"
	codename string // "jammy", "bookworm"
}

func (d distribution) String() string { return strings.TrimSpace(d.id + " " + d.version) }

// traits are what steps have to know about a distribution. What can be seen on a host is looked up there instead.
type traits struct {
	// dockerFolder is the distribution's folder in Docker's apt repository.
	dockerFolder string
	// netplan configures the network.
	netplan bool
}

// known are the distributions that the steps were written for.
var known = map[distribution]traits{
	{"ubuntu", "20.04", "focal"}: {dockerFolder: "ubuntu", netplan: true},
	{"ubuntu", "22.04", "jammy"}: {dockerFolder: "ubuntu", netplan: true},
	{"ubuntu", "24.04", "noble"}: {dockerFolder: "ubuntu", netplan: true},
	{"debian", "12", "bookworm"}: {dockerFolder: "debian", netplan: true}, // cloud images come with netplan
}

// traits gives what is known, and an error that lists the known ones for anything else.
func (d distribution) traits() (traits, error) {
	t, ok := known[d]
	if !ok {
		return traits{}, fmt.Errorf("distribution %q (%s) is not one of Ubuntu 20.04, 22.04, 24.04 and Debian 12; "+
			"use an mdx template with one of these", d, d.codename)
	}
	return t, nil
}

func parseDistribution(osRelease string) distribution {
	var d distribution
	for line := range strings.Lines(osRelease) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		value = strings.Trim(value, `"'`)
		switch name {
		case "ID":
			d.id = value
		case "VERSION_ID":
			d.version = value
		case "VERSION_CODENAME":
			d.codename = value
		}
	}
	return d
}
