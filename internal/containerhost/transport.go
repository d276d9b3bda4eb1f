package containerhost

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"net"
	"slices"
)

// A transport is a connection to a host, logged in. It is what tests replace.
type transport interface {
	// exec runs a command as root and gives its standard output. A command that fails is a *CommandError; a
	// connection that breaks meanwhile wraps errLost.
	exec(ctx context.Context, c command) (string, error)
	// docker opens a stream to the host's Docker API.
	docker(ctx context.Context) (net.Conn, error)
	// changePassword answers the prompts of a login whose password has expired. The host ends the session after it.
	changePassword(ctx context.Context, password string) error
	// peer tells who is at the other end.
	peer() peer
	// roundTrips counts what was asked over this connection.
	roundTrips() int
	close()
}

// A dialer makes transports. Its one attempt is repeated by [session.connect].
type dialer interface {
	dial(ctx context.Context, t target) (transport, error)
}

// target is one place where a host may answer, and who it must be.
type target struct {
	address string
	port    int
	// pin is the fingerprint of the only key accepted; empty: any.
	pin string
}

// peer is who answered.
type peer struct {
	address     string
	port        int
	fingerprint string
}

// command is something a host does in one round trip.
type command struct {
	// about says what it does, in errors.
	about string
	// script is POSIX shell; it finds args as $1, $2, ... and input on its standard input. Empty: args are a program
	// and its arguments.
	script string
	args   []string
	input  []byte
}

// program is a command that runs a program with arguments.
func program(about string, args ...string) command { return command{about: about, args: args} }

// wire gives the text that a shell reads from its standard input to run the command. Arguments and input travel in
// base64, whose alphabet no shell gives a meaning to. The body is a function that is called by the last line, between
// braces, so that a text cut off on the way does nothing, and programs in it don't read the rest of the text as their
// own input.
func (c command) wire() []byte {
	var b bytes.Buffer
	b.WriteString("export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n")
	b.WriteString("decode() { printf %s \"$1\" | base64 -d; }\n")
	b.WriteString("main() {\n")
	if c.script == "" {
		b.WriteString("\"$@\"\n")
	} else {
		b.WriteString(c.script + "\n")
	}
	b.WriteString("}\nset --")
	for _, arg := range c.args {
		fmt.Fprintf(&b, ` "$(decode %s)"`, encode([]byte(arg)))
	}
	b.WriteString("\n")
	if len(c.input) == 0 {
		b.WriteString("{ main \"$@\" </dev/null; }\n")
	} else {
		fmt.Fprintf(&b, "{ decode %s | main \"$@\"; }\n", encode(c.input))
	}
	return b.Bytes()
}

// encode is base64, and a pair of quotes for nothing, which a shell would otherwise not see as a word.
func encode(data []byte) string {
	if len(data) == 0 {
		return "''"
	}
	return base64.StdEncoding.EncodeToString(data)
}

// readFile is a command that prints a file, and nothing if there is none.
func readFile(path string) command {
	return command{about: "reading " + path, script: readFileScript, args: []string{path}}
}

const readFileScript = `[ ! -e "$1" ] || cat -- "$1"`

// writeFile is a command that puts a file in place at once: readers see the old one or the new one, also when two write it
// at the same time, as a run does that was cut off and the one after it. Folders on the way are made.
func writeFile(path, mode, owner string, data []byte) command {
	return command{
		about: "writing " + path, script: writeFileScript,
		args: []string{path, mode, owner}, input: slices.Clone(data),
	}
}

// rewriteFile is writeFile for a file that others write too, as 0644 root:root where there is none: who could not read it
// so far can't afterwards.
func rewriteFile(path string, data []byte) command {
	c := writeFile(path, "0644", "root:root", data)
	c.args = append(c.args, "as it is")
	return c
}

// writeFileScript takes the path, mode and owner, and anything more where a file that is there keeps both of its own.
const writeFileScript = `set -eu
mkdir -p -- "$(dirname -- "$1")"
new=$(mktemp -- "$1.new.XXXXXX")
trap 'rm -f -- "$new"' EXIT
cat >"$new"
if [ $# -gt 3 ] && [ -e "$1" ]; then
  chown --reference="$1" -- "$new"
  chmod --reference="$1" -- "$new"
else
  chmod -- "$2" "$new"
  chown -- "$3" "$new"
fi
mv -f -- "$new" "$1"`
