package mdxsim

import (
	"fmt"
	"strings"
	"time"
)

// Durations are how long the portal takes for things, in its own time. A zero
// field takes its default, which is what the portal's users report
// (PORTAL.md §5 to §8); a negative one means no time at all, or never for
// Deallocate.
type Durations struct {
	DeployAnswer time.Duration // until a deploy or clone request is answered
	DetailAnswer time.Duration // until a VM's detail is answered
	TaskVisible  time.Duration // until a new task id is known to the portal itself
	VMVisible    time.Duration // until a new VM shows in the list
	RuleVisible  time.Duration // until a change of an ACL or DNAT rule takes effect
	Deploy       time.Duration // from accepted to powered on
	Clone        time.Duration // from accepted to a powered-off copy
	Address      time.Duration // from powered on to an address that shows
	AddressAgain time.Duration // from rebooted to an address that shows again
	PowerOn      time.Duration // from accepted to PowerON
	PowerOff     time.Duration // from accepted to PowerOFF
	Shutdown     time.Duration // from accepted to PowerOFF, asking the guest
	Reboot       time.Duration // a reboot or a reset
	Reconfigure  time.Duration // a change of disks, adapters or packs
	Rename       time.Duration // a change of name
	Destroy      time.Duration // from accepted to gone
	Synchronize  time.Duration // re-reading the hypervisor
	Fail         time.Duration // until a task that cannot succeed fails
	Deallocate   time.Duration // from PowerOFF to Deallocated
}

// durationEntry ties a field to its name on the command line and its default.
type durationEntry struct {
	name     string
	field    *time.Duration
	standard time.Duration
	meaning  string
}

func (d *Durations) table() []durationEntry {
	return []durationEntry{
		{"deploy-answer", &d.DeployAnswer, 6 * time.Second, "until a deploy or clone request is answered"},
		{"detail-answer", &d.DetailAnswer, 300 * time.Millisecond, "until a VM's detail is answered"},
		{"task-visible", &d.TaskVisible, 3 * time.Second, "until a new task id is known to the portal itself"},
		{"vm-visible", &d.VMVisible, 10 * time.Second, "until a new VM shows in the list"},
		{"rule-visible", &d.RuleVisible, 4 * time.Second, "until a change of an ACL or DNAT rule takes effect"},
		{"deploy", &d.Deploy, 90 * time.Second, "from accepted to powered on"},
		{"clone", &d.Clone, 2 * time.Minute, "from accepted to a powered-off copy"},
		{"address", &d.Address, 5 * time.Minute, "from powered on to an address that shows"},
		{"address-again", &d.AddressAgain, time.Minute, "from rebooted to an address that shows again"},
		{"power-on", &d.PowerOn, 20 * time.Second, "from accepted to PowerON"},
		{"power-off", &d.PowerOff, 10 * time.Second, "from accepted to PowerOFF"},
		{"shutdown", &d.Shutdown, 40 * time.Second, "from accepted to PowerOFF, asking the guest"},
		{"reboot", &d.Reboot, 30 * time.Second, "a reboot or a reset"},
		{"reconfigure", &d.Reconfigure, 30 * time.Second, "a change of disks, adapters or packs"},
		{"rename", &d.Rename, 5 * time.Second, "a change of name"},
		{"destroy", &d.Destroy, 90 * time.Second, "from accepted to gone"},
		{"synchronize", &d.Synchronize, 10 * time.Second, "re-reading the hypervisor"},
		{"fail", &d.Fail, 5 * time.Second, "until a task that cannot succeed fails"},
		{"deallocate", &d.Deallocate, 10 * time.Minute, "from PowerOFF to Deallocated; negative: never"},
	}
}

func (d *Durations) setDefaults() {
	for _, e := range d.table() {
		orDefault(e.field, e.standard)
	}
}

// Set sets one duration by its name, e.g. "address" to "90s".
func (d *Durations) Set(name, value string) error {
	for _, e := range d.table() {
		if e.name != name {
			continue
		}
		parsed, err := time.ParseDuration(value)
		if err != nil {
			return fmt.Errorf("duration %s: %w", name, err)
		}
		if parsed == 0 {
			parsed = -1 // zero would mean the default
		}
		*e.field = parsed
		return nil
	}
	return fmt.Errorf("no duration is called %q", name)
}

// DurationsHelp explains each duration in a line, for a command's -help.
func DurationsHelp() string {
	var help strings.Builder
	for _, e := range new(Durations).table() {
		fmt.Fprintf(&help, "  %-14s %-6s %s\n", e.name, short(e.standard), e.meaning)
	}
	return help.String()
}

// short writes 5m0s as 5m.
func short(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	return text
}
