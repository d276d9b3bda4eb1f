package process_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/crypto/ssh"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim/process"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// machine is a host of the backend, and a key that it was deployed with.
type machine struct {
	t       *testing.T
	backend *process.Backend
	address netip.Addr
	key     ssh.Signer
}

const machineID = "e7a10000-0000-4000-8000-00000000000a"

// fresh boots a new host; change may be nil.
func fresh(t *testing.T, change func(*mdxsim.Host)) *machine {
	t.Helper()
	m := &machine{t: t, backend: process.New()}
	t.Cleanup(func() {
		if err := m.backend.Close(); err != nil {
			t.Error(err)
		}
	})
	var line string
	m.key, line = newKey(t)
	described := mdxsim.Host{
		ID: machineID, Name: "node1", LoginUser: "mdxuser", AuthorizedKey: line, OSName: "Ubuntu", OSVersion: "22.04",
		TemplateHost: "ubuntu-2204-server",
	}
	if change != nil {
		change(&described)
	}
	address, err := m.backend.Start(t.Context(), described)
	if err != nil && strings.Contains(err.Error(), "port 22") && os.Getenv("MDX_TEST_NOSKIP") == "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	m.address = address
	return m
}

// ready is a host whose first login is done.
func ready(t *testing.T, change func(*mdxsim.Host)) *machine {
	t.Helper()
	m := fresh(t, change)
	if text, err := m.dialogue("a-long-password", "a-long-password"); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return m
}

func newKey(t *testing.T) (signer ssh.Signer, line string) {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if signer, err = ssh.NewSignerFromKey(private); err != nil {
		t.Fatal(err)
	}
	return signer, string(ssh.MarshalAuthorizedKey(signer.PublicKey()))
}

// login connects to a port.
func (m *machine) login(user string, port int, key ssh.Signer) (*ssh.Client, error) {
	return ssh.Dial("tcp", net.JoinHostPort(m.address.String(), strconv.Itoa(port)), &ssh.ClientConfig{
		User: user, Auth: []ssh.AuthMethod{ssh.PublicKeys(key)}, Timeout: 5 * time.Second,
		HostKeyCallback: ssh.InsecureIgnoreHostKey(),
	})
}

// result is what became of a command.
type result struct {
	out, complaints string
	code            int
}

// on runs a command over a connection.
func (m *machine) on(client *ssh.Client, command, input string) (result, error) {
	session, err := client.NewSession()
	if err != nil {
		return result{}, err
	}
	defer func() { _ = session.Close() }() // it was only used
	var out, complaints bytes.Buffer
	session.Stdin, session.Stdout, session.Stderr = strings.NewReader(input), &out, &complaints
	err = session.Run(command)
	code := 0
	if failed, is := errors.AsType[*ssh.ExitError](err); is {
		code, err = failed.ExitStatus(), nil
	}
	return result{out.String(), complaints.String(), code}, err
}

// run runs a command as the login user on port 22.
func (m *machine) run(command string) result {
	m.t.Helper()
	client, err := m.login("mdxuser", 22, m.key)
	if err != nil {
		m.t.Fatal(err)
	}
	defer func() { _ = client.Close() }() // it was only used
	r, err := m.on(client, command, "")
	if err != nil {
		m.t.Fatal(err)
	}
	return r
}

// root runs a script with sudo, from standard input; it must succeed.
func (m *machine) root(script string) string {
	m.t.Helper()
	client, err := m.login("mdxuser", 22, m.key)
	if err != nil {
		m.t.Fatal(err)
	}
	defer func() { _ = client.Close() }() // it was only used
	return m.rootOn(client, script)
}

func (m *machine) rootOn(client *ssh.Client, script string) string {
	m.t.Helper()
	r, err := m.on(client, "sudo -n /bin/sh -s", script)
	if err != nil || r.code != 0 {
		m.t.Fatalf("%s: exit %d, %v: %s", script, r.code, err, r.complaints)
	}
	return strings.TrimSpace(r.out)
}

// dialogue logs in with a terminal and answers each prompt in turn; what was
// heard.
func (m *machine) dialogue(answers ...string) (string, error) {
	client, err := m.login("mdxuser", 22, m.key)
	if err != nil {
		return "", err
	}
	defer func() { _ = client.Close() }() // it was only used
	session, err := client.NewSession()
	if err != nil {
		return "", err
	}
	defer func() { _ = session.Close() }() // it was only used
	if err := session.RequestPty("xterm", 40, 80, ssh.TerminalModes{ssh.ECHO: 0}); err != nil {
		return "", err
	}
	in, err := session.StdinPipe()
	if err != nil {
		return "", err
	}
	out, err := session.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := session.Shell(); err != nil {
		return "", err
	}
	var heard strings.Builder
	asked := 0
	buffer := make([]byte, 256)
	for {
		n, err := out.Read(buffer)
		heard.Write(buffer[:n])
		if strings.Count(heard.String(), "ew password: ") > asked && asked < len(answers) {
			asked++
			if _, err := in.Write([]byte(answers[asked-1] + "\n")); err != nil {
				return heard.String(), err
			}
		}
		if err != nil {
			return heard.String(), session.Wait()
		}
	}
}

// eventually waits for a condition.
func eventually(t *testing.T, holds func() bool) {
	t.Helper()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	deadline := time.After(15 * time.Second)
	for !holds() {
		select {
		case <-ticker.C:
		case <-deadline:
			t.Fatal("it does not come about")
		}
	}
}
