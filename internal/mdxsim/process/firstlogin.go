package process

import (
	"bufio"
	"fmt"
	"strings"

	gliderssh "github.com/gliderlabs/ssh"
)

// shortest is how long a password must be at least.
const shortest = 8

// firstLogin is the dialogue of a login with a terminal whose blank password has
// expired: sshd and PAM want a new one, twice, and end the session. A password
// that is too short is asked for again; one that is not repeated ends it.
func (h *host) firstLogin(s gliderssh.Session) {
	say := func(text string) { _, _ = fmt.Fprint(s, text) } // if the client is gone, the next read tells
	lines := bufio.NewReader(s)
	say("WARNING: Your password has expired.\r\n")
	say("You must change your password now and login again!\r\n")
	for {
		say("New password: ")
		first, err := line(lines)
		if err != nil {
			_ = s.Exit(1)
			return
		}
		say("\r\n")
		if len(first) < shortest {
			say("You must choose a longer password.\r\n")
			continue
		}
		say("Retype new password: ")
		again, err := line(lines)
		if err != nil {
			_ = s.Exit(1)
			return
		}
		say("\r\n")
		if again != first {
			say("Sorry, passwords do not match.\r\npasswd: Authentication token manipulation error\r\npasswd: password unchanged\r\n")
			_ = s.Exit(10)
			return
		}
		h.mu.Lock()
		h.expired = false
		h.mu.Unlock()
		say("passwd: password updated successfully\r\n")
		_ = s.Exit(0)
		return
	}
}

// line reads what a terminal sends when Enter is pressed.
func line(r *bufio.Reader) (string, error) {
	var text strings.Builder
	for {
		char, err := r.ReadByte()
		if err != nil {
			return "", err
		}
		if char == '\r' || char == '\n' {
			return text.String(), nil
		}
		text.WriteByte(char)
	}
}
