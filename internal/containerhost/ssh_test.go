package containerhost

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	gliderssh "github.com/gliderlabs/ssh"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

func TestCommandsRunAndReportTheirEnd(t *testing.T) {
	server := newSSHServer(t, nil)
	conn := mustDial(t, server.spec(), server.target())

	t.Run("output of a program", func(t *testing.T) {
		out, err := conn.exec(t.Context(), program("saying", "printf", "%s|", "a b", "$HOME", "'quoted'", `"; rm -rf /`, ""))
		if want := `a b|$HOME|'quoted'|"; rm -rf /||`; out != want || err != nil {
			t.Errorf("%q, %v; want %q", out, err, want)
		}
	})
	t.Run("input of a script", func(t *testing.T) {
		out, err := conn.exec(t.Context(), command{about: "x", script: "cat; printf %s \"$1\"", args: []string{"!"}, input: []byte("a\x00b\n")})
		if out != "a\x00b\n!" || err != nil {
			t.Errorf("%q, %v", out, err)
		}
	})
	t.Run("failure", func(t *testing.T) {
		_, err := conn.exec(t.Context(), command{about: "doing it", script: "seq 1 100; echo no such thing >&2; exit 42"})
		var failed *CommandError
		if !errors.As(err, &failed) || failed.ExitCode != 42 || failed.Command != "doing it" {
			t.Fatalf("%v", err)
		}
		lines := strings.Split(failed.Output, "\n")
		if len(lines) != lastLines || lines[lastLines-1] != "no such thing" {
			t.Errorf("last lines: %q", lines)
		}
	})
	t.Run("the process list shows no argument", func(t *testing.T) {
		for _, line := range server.commands {
			if line != "/bin/sh -s" {
				t.Errorf("command line %q", line)
			}
		}
	})
}

func TestUsersOtherThanRootGoThroughSudo(t *testing.T) {
	server := newSSHServer(t, nil)
	spec := server.spec()
	spec.User = "mdxuser"
	conn := mustDial(t, spec, server.target())
	if _, err := conn.exec(t.Context(), program("x", "true")); err != nil {
		t.Fatal(err)
	}
	if server.commands[0] != "sudo -n /bin/sh -s" {
		t.Errorf("command line %q", server.commands[0])
	}
}

func TestCancelEndsACommand(t *testing.T) {
	server := newSSHServer(t, nil)
	conn := mustDial(t, server.spec(), server.target())
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err := conn.exec(ctx, program("waiting", "sleep", "60"))
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
	if _, err := conn.exec(t.Context(), program("again", "true")); !errors.Is(err, errLost) {
		t.Errorf("afterwards: %v", err)
	}
}

// The library waits for ever for a session that is opened while the connection ends. Nobody waits for the library.
func TestNobodyWaitsForASessionLongerThanForItsConnection(t *testing.T) {
	server := newSSHServer(t, nil)
	for range 50 {
		conn := mustDial(t, server.spec(), server.target())
		var ends sync.WaitGroup
		ends.Go(conn.drop)
		for range 4 {
			ends.Go(func() {
				if _, err := conn.exec(t.Context(), program("again", "true")); err != nil && !errors.Is(err, errLost) {
					t.Errorf("%v", err)
				}
			})
		}
		ends.Wait()
		if _, err := conn.exec(t.Context(), program("again", "true")); !errors.Is(err, errLost) {
			t.Errorf("afterwards: %v", err)
		}
	}
}

func TestDockerStreamGoesBothWays(t *testing.T) {
	server := newSSHServer(t, nil)
	conn := mustDial(t, server.spec(), server.target())
	stream, err := conn.docker(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(stream, "ping")
	if line, err := bufio.NewReader(stream).ReadString('\n'); line != "ping\n" || err != nil {
		t.Errorf("%q, %v", line, err)
	}
	if err := stream.Close(); err != nil && !errors.Is(err, io.EOF) {
		t.Error(err)
	}
	if server.commands[0] != "docker system dial-stdio" {
		t.Errorf("command line %q", server.commands[0])
	}
}

func TestHostKeyIsPinned(t *testing.T) {
	server := newSSHServer(t, nil)
	to := server.target()
	to.pin = ""
	if who := mustDial(t, server.spec(), to).peer(); who.fingerprint != server.fingerprint() {
		t.Errorf("first contact: %+v", who)
	}
	to.pin = "SHA256:another"
	_, err := dialTest(t, server.spec(), to)
	if !errors.Is(err, ErrHostKey) || !strings.Contains(err.Error(), server.fingerprint()) || !strings.Contains(err.Error(), "SHA256:another") {
		t.Errorf("error %v", err)
	}
}

func TestChangedHostKeyEndsAtOnceWithAWayOut(t *testing.T) {
	server := newSSHServer(t, nil)
	spec := server.spec()
	spec.HostKeyFingerprint = "SHA256:another"
	start := time.Now()
	status, err := Converge(t.Context(), spec, nil)
	if !errors.Is(err, ErrHostKey) || !strings.Contains(err.Error(), "If the VM was replaced") || time.Since(start) > 5*time.Second {
		t.Errorf("error %v after %s", err, time.Since(start))
	}
	if status.HostKeyFingerprint != "SHA256:another" {
		t.Errorf("the pin became %s", status.HostKeyFingerprint)
	}
}

func TestBastion(t *testing.T) {
	server, bastion := newSSHServer(t, nil), newSSHServer(t, nil)
	spec := server.spec()
	spec.SSH.Bastion = bastion.bastion()

	t.Run("is gone through", func(t *testing.T) {
		conn := mustDial(t, spec, server.target())
		if out, err := conn.exec(t.Context(), program("x", "echo", "through")); out != "through\n" || err != nil || bastion.forwards != 1 {
			t.Errorf("%q, %v, %d forwards", out, err, bastion.forwards)
		}
	})
	t.Run("must have its own key pinned", func(t *testing.T) {
		b := *spec.SSH.Bastion
		b.HostKeyFingerprint = ""
		other := spec
		other.SSH.Bastion = &b
		if _, err := dialTest(t, other, server.target()); !errors.Is(err, errBastion) || !strings.Contains(err.Error(), "ssh-keyscan") {
			t.Errorf("error %v", err)
		}
		b.HostKeyFingerprint = "SHA256:another"
		_, err := Inspect(t.Context(), other)
		if !errors.Is(err, ErrHostKey) || !strings.Contains(err.Error(), bastion.where()) {
			t.Errorf("error %v", err)
		}
	})
}

// TestCommandEndsInTimeWhenTheBastionFallsSilent cuts the network to the bastion without a word, as a firewall or a flat battery does.
func TestCommandEndsInTimeWhenTheBastionFallsSilent(t *testing.T) {
	server, bastion := newSSHServer(t, nil), newSSHServer(t, nil)
	port, silence := silentProxy(t, bastion.port)
	spec := server.spec()
	spec.SSH.Bastion = bastion.bastion()
	spec.SSH.Bastion.Port = port
	conn := mustDial(t, spec, server.target())
	silence()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		_, err := conn.exec(ctx, program("waiting", "true"))
		ended <- err
	}()
	select {
	case err := <-ended:
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
	case <-time.After(5 * time.Second):
		t.Error("the command goes on")
		conn.close()
		t.Log(<-ended)
	}
}

// TestLoginEndsInTimeWhenTheBastionFallsSilent is the same while the host is logged in to.
func TestLoginEndsInTimeWhenTheBastionFallsSilent(t *testing.T) {
	bastion := newSSHServer(t, nil)
	port, silence := silentProxy(t, bastion.port)
	host, err := net.Listen("tcp", "127.0.0.1:0") // takes the connection, and says nothing
	if err != nil {
		t.Fatal(err)
	}
	var served sync.WaitGroup
	served.Go(func() {
		if conn, err := host.Accept(); err == nil {
			_, _ = conn.Read(make([]byte, 1)) // the way is open
			silence()
			_, _ = io.Copy(io.Discard, conn)
			_ = conn.Close()
		}
	})
	t.Cleanup(func() { _ = host.Close(); served.Wait() })
	spec := bastion.spec()
	spec.SSH.Bastion = bastion.bastion()
	spec.SSH.Bastion.Port = port
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	start := time.Now()
	_, err = sshDialer{spec, newRedactor(spec)}.dial(ctx, target{"127.0.0.1", host.Addr().(*net.TCPAddr).Port, ""})
	if err == nil || time.Since(start) > 5*time.Second {
		t.Errorf("error %v after %s", err, time.Since(start))
	}
}

func TestKeys(t *testing.T) {
	server := newSSHServer(t, nil)
	tests := map[string]struct {
		keys [][]byte
		want string // in the error; empty: none
	}{
		"the right key":        {[][]byte{server.client.pem}, ""},
		"the right key second": {[][]byte{newKey(t, "").pem, server.client.pem}, ""},
		"another key":          {[][]byte{newKey(t, "").pem}, "every key was refused"},
		"an encrypted key":     {[][]byte{newKey(t, "secret").pem}, "ssh-add"},
		"no key":               {[][]byte{[]byte("-----BEGIN SOMETHING")}, "not a private key"},
		"nothing":              {nil, "no private key"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			spec := server.spec()
			spec.SSH.PrivateKeys = test.keys
			_, err := dialTest(t, spec, server.target())
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}

func TestAgent(t *testing.T) {
	server := newSSHServer(t, nil)
	private, err := ssh.ParseRawPrivateKey(server.client.pem)
	if err != nil {
		t.Fatal(err)
	}
	keyring := agent.NewKeyring()
	if err := keyring.Add(agent.AddedKey{PrivateKey: private}); err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(t.TempDir(), "agent")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	var served sync.WaitGroup
	served.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_ = agent.ServeAgent(keyring, conn)
		}
	})
	t.Cleanup(func() { _ = listener.Close(); served.Wait() })

	spec := server.spec()
	spec.SSH = SSH{AgentSocket: socket}
	mustDial(t, spec, server.target())
	spec.SSH = SSH{AgentSocket: socket + ".gone"}
	if _, err := dialTest(t, spec, server.target()); err == nil || !strings.Contains(err.Error(), "SSH agent") {
		t.Errorf("error %v", err)
	}
}

// TestAgentThatDoesNotAnswer waits for its user, say.
func TestAgentThatDoesNotAnswer(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "agent")
	listener, err := net.Listen("unix", socket) // which nobody serves
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, _, err = authentication(ctx, nil, socket)
	if err == nil || !strings.Contains(err.Error(), "does not answer") {
		t.Errorf("error %v", err)
	}
}

// TestFirstLogin plays OpenSSH 9.2 with PAM 1.5, in chunks of every size.
func TestFirstLogin(t *testing.T) {
	type line struct{ say, hear string } // hear: what must come back before the next line
	const password = "a-password-1"
	greeting := line{say: "You are required to change your password immediately (administrator enforced).\r\n" +
		"Linux template 6.1\r\n\r\nWARNING: Your password has expired.\r\nYou must change your password now and login again!\r\n"}
	tests := map[string]struct {
		lines []line
		want  string // in the error; empty: none
	}{
		"changed": {[]line{
			greeting,
			{"New password: ", password},
			{"\r\nRetype new password: ", password},
			{say: "\r\npasswd: password updated successfully\r\n"},
		}, ""},
		"ended with 0, but never changed": {[]line{greeting}, "ended before the password was changed"},
		"too short for the host": {[]line{
			greeting,
			{"New password: ", password},
			{say: "\r\nYou must choose a longer password.\r\nNew password: "},
		}, "longer password"},
		"refused by a dictionary": {[]line{
			{"New password: ", password},
			{say: "\r\nBAD PASSWORD: it is based on a dictionary word\r\nNew password: "},
		}, "BAD PASSWORD"},
		"mismatch": {[]line{
			{"New password: ", password},
			{"\r\nRetype new password: ", password},
			{say: "\r\nSorry, passwords do not match.\r\npasswd: Authentication token manipulation error\r\npasswd: password unchanged\r\n"},
		}, "do not match"},
		"not the template's blank password": {[]line{
			greeting,
			{say: "Current password: "},
		}, "by hand"},
	}
	for name, test := range tests {
		for _, chunk := range []int{1, 7, 4096} {
			t.Run(fmt.Sprintf("%s, chunks of %d", name, chunk), func(t *testing.T) {
				server := newSSHServer(t, func(s gliderssh.Session) {
					heard := bufio.NewReader(iotest.OneByteReader(s))
					for _, line := range test.lines {
						for text := line.say; text != ""; {
							n := min(chunk, len(text))
							_, _ = io.WriteString(s, text[:n])
							text = text[n:]
						}
						if line.hear == "" {
							continue
						}
						if got, err := heard.ReadString('\n'); strings.TrimSpace(got) != line.hear {
							t.Errorf("after %q the client wrote %q, %v", line.say, got, err)
							return
						}
					}
				})
				conn := mustDial(t, server.spec(), server.target())
				err := conn.changePassword(t.Context(), password)
				if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
					t.Errorf("error %v, want %q", err, test.want)
				}
				if err != nil && strings.Contains(err.Error(), password) {
					t.Errorf("the password is in the error: %v", err)
				}
			})
		}
	}
}

func TestFirstLoginDoesNotHang(t *testing.T) {
	over := make(chan struct{})
	server := newSSHServer(t, func(s gliderssh.Session) {
		_, _ = io.WriteString(s, "Touch your token: ")
		<-over
	})
	t.Cleanup(func() { close(over) })
	conn := mustDial(t, server.spec(), server.target())
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := conn.changePassword(ctx, "x"); err == nil || !strings.Contains(err.Error(), "Touch your token") {
		t.Errorf("error %v", err)
	}
}
