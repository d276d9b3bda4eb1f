package containerhost

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ErrUnreachable is wrapped by every error that says the host could not be logged in to: it doesn't answer, or it
// refuses the key. Nothing is known of a host that returned it.
var ErrUnreachable = errors.New("host unreachable")

// ErrHostKey is wrapped by the error of a host, or bastion, whose key is not the pinned one. Nothing was sent to it.
var ErrHostKey = errors.New("host key changed")

// errLost is wrapped by the errors of a connection that broke while it was used.
var errLost = errors.New("connection lost")

// StepError is a step that failed on a host.
type StepError struct {
	// Host is the address that was worked on, and Step the step's name.
	Host, Step string
	// Err is the reason; a [CommandError] when a command failed.
	Err error
}

// Error names host, step and reason.
func (e *StepError) Error() string { return fmt.Sprintf("%s: step %s: %v", e.Host, e.Step, e.Err) }

// Unwrap gives the reason.
func (e *StepError) Unwrap() error { return e.Err }

// CommandError is a command that a host ran and that failed.
type CommandError struct {
	// Command is what it does, for people; never its arguments' secrets.
	Command string
	// ExitCode is the command's own, and 255 when a signal ended it.
	ExitCode int
	// Output is the last lines it wrote, with secrets taken out.
	Output string
}

// Error names the command, its exit code and its last words.
func (e *CommandError) Error() string {
	text := fmt.Sprintf("%s failed with exit code %d", e.Command, e.ExitCode)
	if e.Output == "" {
		return text + ", without a word"
	}
	return text + ":\n  " + strings.ReplaceAll(e.Output, "\n", "\n  ")
}

// lastLines is how much of a command's output goes into an error.
const lastLines = 12

// tail gives the last non-empty lines of a command's output.
func tail(output string) string {
	var lines []string
	for line := range strings.Lines(output) {
		if line = strings.TrimRight(line, " \t\r\n"); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines[max(0, len(lines)-lastLines):], "\n")
}

// redactor takes secrets out of what is shown.
type redactor struct{ replacer *strings.Replacer }

// shortestSecret is the length below which a value is too common to be taken out of text.
const shortestSecret = 6

// newRedactor hides the Spec's secrets: the password, and the values of the container's environment, among which
// nobody can tell the secret ones. Of one with several lines, such as a private key, what is shown may have only some.
func newRedactor(s Spec) redactor {
	secrets := []string{s.InitialPassword}
	if s.Base != nil {
		for _, value := range s.Base.Environment {
			secrets = append(secrets, value)
			for line := range strings.Lines(value) {
				secrets = append(secrets, strings.TrimSpace(line))
			}
		}
	}
	slices.SortFunc(secrets, func(a, b string) int { return len(b) - len(a) }) // one may contain another
	var pairs []string
	for _, secret := range secrets {
		if len(secret) >= shortestSecret {
			pairs = append(pairs, secret, "(hidden)")
		}
	}
	return redactor{strings.NewReplacer(pairs...)}
}

func (r redactor) hide(text string) string { return r.replacer.Replace(text) }

// redacted is an error whose text has no secrets, whoever wrote it.
type redacted struct {
	error
	hide redactor
}

// Error gives the text without the secrets.
func (r redacted) Error() string { return r.hide.hide(r.error.Error()) }

// Unwrap gives the error as it was.
func (r redacted) Unwrap() error { return r.error }
