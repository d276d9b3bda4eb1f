package containerhost

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
)

// passwordTimeout is how long the whole dialogue may take; a prompt that nobody foresaw must not hang.
const passwordTimeout = 45 * time.Second

// expiredWords are what a host says, instead of running a command, when the login user's password has expired.
var expiredWords = []string{"Password change required", "required to change your password", "password has expired"}

// passwordExpired tells whether a command did not run because the password must be changed first.
func passwordExpired(err error) bool {
	var failed *CommandError
	if !errors.As(err, &failed) {
		return false
	}
	for _, phrase := range expiredWords {
		if strings.Contains(failed.Output, phrase) {
			return true
		}
	}
	return false
}

// randomPassword is long, and has every class of character that a policy may ask for.
func randomPassword() string { return rand.Text() + "-a1" }

// A passwordDialogue is the state of the conversation: what was heard since the last answer.
type passwordDialogue struct {
	password string
	heard    strings.Builder
	answers  int
}

// next takes what the host just wrote and gives what to write back, if anything. Chunks come in any size, so prompts
// are looked for in what has accumulated. done is true when the host said that the password was changed.
func (d *passwordDialogue) next(chunk string) (answer string, done bool, err error) {
	d.heard.WriteString(chunk)
	text := d.heard.String()
	lower := strings.ToLower(text)
	switch {
	case strings.Contains(lower, "updated successfully"):
		return "", true, nil
	case strings.Contains(lower, "current password:"), strings.Contains(lower, "(current) unix password:"):
		return "", false, errors.New("the host asks for the current password, so it is not the template's blank one: " +
			"log in once by hand and set a new password, then run this again")
	case refused(lower):
		return "", false, fmt.Errorf("the host did not take the new password: %s", tail(strings.ReplaceAll(text, d.password, "(hidden)")))
	case d.answers == 0 && strings.Contains(lower, "new password:") && !strings.Contains(lower, "retype"),
		d.answers == 1 && strings.Contains(lower, "retype new password:"):
		d.answers++
		d.heard.Reset()
		return d.password + "\n", false, nil
	case d.answers == 1 && strings.HasSuffix(strings.TrimRight(lower, " "), "new password:") && !strings.Contains(lower, "retype"):
		return "", false, fmt.Errorf("the host did not take the new password: %s", tail(text))
	}
	return "", false, nil
}

// refused knows the words of PAM's password modules.
func refused(lower string) bool {
	for _, phrase := range []string{
		"bad password", "longer password", "do not match", "password unchanged", "manipulation error",
		"is too simple", "too short", "have exhausted maximum",
	} {
		if strings.Contains(lower, phrase) {
			return true
		}
	}
	return false
}

// changePassword asks for a terminal and a shell, and gets the prompts of an expired password instead.
func (c *sshConn) changePassword(ctx context.Context, password string) error {
	c.trips.Add(1)
	ctx, cancel := context.WithTimeout(ctx, passwordTimeout)
	defer cancel()
	stop := context.AfterFunc(ctx, c.drop)
	defer stop()
	shell, err := c.session(ctx)
	if err != nil {
		return c.lost(ctx, "first login", err)
	}
	defer func() { _ = shell.Close() }()
	_ = shell.Setenv("LC_ALL", "C") // where the host accepts it: prompts in a language that is known
	if err := shell.RequestPty("xterm", 40, 200, ssh.TerminalModes{ssh.ECHO: 0}); err != nil {
		return fmt.Errorf("the host gives no terminal: %w", err)
	}
	stdin, err := shell.StdinPipe()
	if err != nil {
		return err
	}
	stdout, err := shell.StdoutPipe()
	if err != nil {
		return err
	}
	if err := shell.Shell(); err != nil {
		return c.lost(ctx, "first login", err)
	}
	dialogue := &passwordDialogue{password: password}
	buffer := make([]byte, 4096)
	for {
		n, readErr := stdout.Read(buffer)
		answer, done, err := dialogue.next(string(buffer[:n]))
		switch {
		case err != nil || done:
			return err
		case answer != "":
			if _, err := stdin.Write([]byte(answer)); err != nil {
				return c.lost(ctx, "first login", err)
			}
		case ctx.Err() != nil:
			return fmt.Errorf("the dialogue did not end within %s; the host last said: %s",
				passwordTimeout, tail(strings.ReplaceAll(dialogue.heard.String(), password, "(hidden)")))
		case readErr != nil:
			// The session is over, and nobody said that the password was changed: an exit code of 0 proves nothing.
			return fmt.Errorf("the session ended before the password was changed; the host last said: %s",
				tail(strings.ReplaceAll(dialogue.heard.String(), password, "(hidden)")))
		}
	}
}
