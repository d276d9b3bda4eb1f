package containerhost

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	gliderssh "github.com/gliderlabs/ssh"
	"golang.org/x/crypto/ssh"
)

// keyPair is a key to log in with, in the form users have it.
type keyPair struct {
	pem    []byte
	signer ssh.Signer
}

func newKey(tb testing.TB, passphrase string) keyPair {
	tb.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	var block *pem.Block
	if passphrase == "" {
		block, err = ssh.MarshalPrivateKey(private, "")
	} else {
		block, err = ssh.MarshalPrivateKeyWithPassphrase(private, "", []byte(passphrase))
	}
	if err != nil {
		tb.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		tb.Fatal(err)
	}
	return keyPair{pem.EncodeToMemory(block), signer}
}

// sshServer is a real SSH server in this process. Commands run in this machine's shell.
type sshServer struct {
	port    int
	hostKey keyPair
	client  keyPair

	mu       sync.Mutex
	commands []string
	input    bytes.Buffer
	forwards int
	// talk plays a login shell with a terminal.
	talk func(s gliderssh.Session)
}

func newSSHServer(t *testing.T, talk func(gliderssh.Session)) *sshServer {
	t.Helper()
	s := &sshServer{hostKey: newKey(t, ""), client: newKey(t, ""), talk: talk}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.port = listener.Addr().(*net.TCPAddr).Port
	server := &gliderssh.Server{
		Handler: s.handle,
		PublicKeyHandler: func(_ gliderssh.Context, key gliderssh.PublicKey) bool {
			return gliderssh.KeysEqual(key, s.client.signer.PublicKey())
		},
		LocalPortForwardingCallback: func(gliderssh.Context, string, uint32) bool {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.forwards++
			return true
		},
		ChannelHandlers: map[string]gliderssh.ChannelHandler{
			"session": gliderssh.DefaultSessionHandler, "direct-tcpip": gliderssh.DirectTCPIPHandler,
		},
	}
	server.AddHostKey(s.hostKey.signer)
	var served sync.WaitGroup
	served.Go(func() {
		if err := server.Serve(listener); !errors.Is(err, gliderssh.ErrServerClosed) {
			t.Errorf("SSH server: %v", err)
		}
	})
	t.Cleanup(func() {
		_ = server.Close()
		served.Wait()
	})
	return s
}

func (s *sshServer) fingerprint() string { return ssh.FingerprintSHA256(s.hostKey.signer.PublicKey()) }

// spec is a Spec for root on this server.
func (s *sshServer) spec() Spec {
	return Spec{
		Host: "127.0.0.1", User: "root", SSHPort: s.port,
		SSH: SSH{PrivateKeys: [][]byte{s.client.pem}},
	}.withDefaults()
}

func (s *sshServer) target() target { return target{"127.0.0.1", s.port, s.fingerprint()} }

func (s *sshServer) handle(session gliderssh.Session) {
	if _, _, terminal := session.Pty(); terminal {
		s.talk(session)
		return
	}
	s.mu.Lock()
	s.commands = append(s.commands, session.RawCommand())
	s.mu.Unlock()
	if strings.HasSuffix(session.RawCommand(), "docker system dial-stdio") {
		_, _ = io.Copy(session, session)
		return
	}
	cmd := exec.CommandContext(session.Context(), "/bin/sh", "-s")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // so that what it started ends with it
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.Stdin = io.TeeReader(session, lockedWriter{&s.mu, &s.input})
	cmd.Stdout, cmd.Stderr = session, session.Stderr()
	var failed *exec.ExitError
	if err := cmd.Run(); errors.As(err, &failed) {
		_ = session.Exit(failed.ExitCode())
	}
}

func dialTest(t *testing.T, spec Spec, to target) (*sshConn, error) {
	t.Helper()
	conn, err := sshDialer{spec, newRedactor(spec)}.dial(t.Context(), to)
	if err != nil {
		return nil, err
	}
	t.Cleanup(conn.close)
	return conn.(*sshConn), nil
}

func mustDial(t *testing.T, spec Spec, to target) *sshConn {
	t.Helper()
	conn, err := dialTest(t, spec, to)
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

func (s *sshServer) bastion() *Bastion {
	return &Bastion{
		Host: "127.0.0.1", Port: s.port, User: "jump",
		PrivateKeys: [][]byte{s.client.pem}, HostKeyFingerprint: s.fingerprint(),
	}
}

func (s *sshServer) where() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)) }

// lockedWriter lets a writer be read meanwhile.
type lockedWriter struct {
	mu *sync.Mutex
	w  io.Writer
}

func (l lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

// silentProxy leads to a port of this machine, until silence has it swallow whatever comes.
func silentProxy(t *testing.T, to int) (port int, silence func()) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var silent atomic.Bool
	var served sync.WaitGroup
	pass := func(from, to net.Conn) {
		defer func() { _, _ = from.Close(), to.Close() }()
		for buffer := make([]byte, 1<<16); ; {
			n, err := from.Read(buffer)
			if err != nil {
				return
			}
			if !silent.Load() {
				_, _ = to.Write(buffer[:n])
			}
		}
	}
	served.Go(func() {
		for {
			outer, err := listener.Accept()
			if err != nil {
				return
			}
			inner, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(to)))
			if err != nil {
				t.Error(err)
				return
			}
			served.Go(func() { pass(outer, inner) })
			served.Go(func() { pass(inner, outer) })
		}
	})
	t.Cleanup(func() { _ = listener.Close(); served.Wait() })
	return listener.Addr().(*net.TCPAddr).Port, func() { silent.Store(true) }
}
