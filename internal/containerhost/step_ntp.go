package containerhost

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// The programs that keep a host's time and can be told their servers here.
const (
	timesyncd = "systemd-timesyncd.service"
	chrony    = "chrony.service"
)

// timekeeper is the program that keeps the host's time.
type timekeeper struct {
	unit            string // its unit; empty: there is none
	enabled, active bool
	// fresh means that it was started after its configuration was last written.
	fresh bool
}

// ntpServers makes the host take its time from the given servers: systemd-timesyncd by a drop-in of its own, chrony,
// where that is what the host has, by its main file, since the folders it reads differ between the distributions.
var ntpServers = step{
	name:  "ntp-servers",
	limit: 2 * time.Minute,
	check: func(_ context.Context, s *session) (string, error) {
		f, want := s.facts, s.spec.NTPServers
		switch {
		case f.time.unit == "":
			return "nothing keeps the host's time", nil
		case f.time.unit == timesyncd && f.timesyncdDropIn != timesyncdConfig(want):
			return timesyncdFile + " does not name them", nil
		case f.time.unit == chrony && f.chrony != chronyConfig(f.chrony, want):
			return chronyFile + " names others", nil
		case f.time.unit != timesyncd && f.time.unit != chrony:
			return f.time.unit + " keeps the host's time", nil
		case !f.time.active:
			return f.time.unit + " does not run", nil
		case !f.time.enabled:
			return f.time.unit + " would not start at the next boot", nil
		case !f.time.fresh:
			return f.time.unit + " has not read its configuration again", nil
		}
		return "", nil
	},
	apply: func(ctx context.Context, s *session) error {
		want, unit := s.spec.NTPServers, s.facts.time.unit
		file := writeFile(timesyncdFile, "0644", "root:root", []byte(timesyncdConfig(want)))
		switch unit {
		case "":
			return errors.New("the host has neither systemd-timesyncd nor chrony: use a template with one of them, or leave ntp_servers out")
		case timesyncd:
		case chrony:
			file = rewriteFile(chronyFile, []byte(chronyConfig(s.facts.chrony, want)))
		default:
			return fmt.Errorf("%s keeps the host's time, and only systemd-timesyncd and chrony can be told their servers here: "+
				"use a template with one of them, or leave ntp_servers out", unit)
		}
		if _, err := s.run(ctx, file); err != nil {
			return err
		}
		_, err := s.run(ctx, command{about: "restarting " + unit, script: timeRestartScript, args: []string{unit}})
		return err
	},
}

const timeRestartScript = `systemctl enable "$1" && systemctl restart "$1"`

// An empty NTP takes back what files read before this one said, which would otherwise be tried first; an empty
// FallbackNTP, so that the servers built into the program, which a closed network does not let through, are
// never tried.
func timesyncdConfig(servers []string) string {
	return "[Time]\nNTP=\nNTP=" + strings.Join(servers, " ") + "\nFallbackNTP=\n"
}

var (
	// chronySource is a line that names where time comes from.
	chronySource = regexp.MustCompile(`(?m)^[ \t]*(pool|server|peer|sourcedir)[ \t]`)
	// chronyOwn is the part that is this package's; what others have added behind it is not.
	chronyOwn = regexp.MustCompile(`\n?# Set from outside: ntp_servers\.\n(server \S+ iburst\n)*`)
)

// chronyConfig gives the file with these servers alone. Lines that named others stay as comments.
func chronyConfig(text string, servers []string) string {
	text = chronyOwn.ReplaceAllString(text, "")
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	var b strings.Builder
	b.WriteString(chronySource.ReplaceAllString(text, "# $0"))
	b.WriteString("\n# Set from outside: ntp_servers.\n")
	for _, server := range servers {
		b.WriteString("server " + server + " iburst\n")
	}
	return b.String()
}
