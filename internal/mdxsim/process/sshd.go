package process

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"syscall"

	gliderssh "github.com/gliderlabs/ssh"
	"golang.org/x/crypto/ssh"
)

// server is an sshd on one port.
type server struct {
	ssh      *gliderssh.Server
	listener net.Listener
	life     context.Context //nolint:containedctx // the life of the boot that it belongs to
	serving  sync.WaitGroup
}

// newServer starts the host's sshd on a port. The caller holds the lock.
func (h *host) newServer(port int) (*server, error) {
	return startServer(h.boot, h, port, &gliderssh.Server{
		Handler:          h.session,
		PublicKeyHandler: h.mayLogIn,
		BannerHandler:    h.banner,
		SubsystemHandlers: map[string]gliderssh.SubsystemHandler{
			"sftp": h.sftp,
		},
	}, h.key)
}

// taken tells whether something on the host listens on a port. The caller holds the lock.
func (h *host) taken(port int) bool {
	return h.boot.servers[port] != nil ||
		port == containerPort && slices.ContainsFunc(h.docker.containers, func(c *container) bool { return c.sshd != nil })
}

// startServer listens on the host's address and serves until the boot ends. The caller holds the lock.
func startServer(b *boot, h *host, port int, serving *gliderssh.Server, key ssh.Signer) (*server, error) {
	if h.taken(port) {
		return nil, fmt.Errorf("listen on port %d: %w", port, syscall.EADDRINUSE)
	}
	listener, err := listen(b.ctx, h.address, port)
	if errors.Is(err, syscall.EACCES) {
		return nil, fmt.Errorf("this user may not listen on port %d", port)
	}
	if err != nil {
		return nil, err
	}
	serving.AddHostKey(key)
	serving.LocalPortForwardingCallback = func(gliderssh.Context, string, uint32) bool { return true }
	serving.ChannelHandlers = map[string]gliderssh.ChannelHandler{
		"session": gliderssh.DefaultSessionHandler, "direct-tcpip": gliderssh.DirectTCPIPHandler,
	}
	s := &server{ssh: serving, listener: listener, life: b.ctx}
	s.serving.Go(func() { _ = serving.Serve(listener) }) // ends with the listener
	return s, nil
}

// stopListening takes no new connections and keeps those there are.
func (s *server) stopListening() {
	_ = s.listener.Close() // it served well
}

// linger keeps connections until the power goes.
func (s *server) linger() {
	<-s.life.Done()
	s.close()
}

// close cuts everything.
func (s *server) close() {
	_ = s.listener.Close() // the server may not know it yet
	_ = s.ssh.Close()      // nobody is left to tell
	s.serving.Wait()
}

// mayLogIn takes the keys of the user's authorized_keys, as they are now.
func (h *host) mayLogIn(ctx gliderssh.Context, key gliderssh.PublicKey) bool {
	home := "/home/" + h.user
	if ctx.User() == "root" {
		home = "/root"
	} else if ctx.User() != h.user {
		return false
	}
	return authorized(read(h.root, home+"/.ssh/authorized_keys"), key)
}

func authorized(file string, key gliderssh.PublicKey) bool {
	for rest := []byte(file); len(rest) > 0; {
		known, _, _, next, err := ssh.ParseAuthorizedKey(rest)
		if err != nil {
			return false
		}
		if gliderssh.KeysEqual(known, key) {
			return true
		}
		rest = next
	}
	return false
}

// banner is what sshd says before anything else.
func (h *host) banner(ctx gliderssh.Context) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.expired && ctx.User() == h.user {
		return "You are required to change your password immediately (administrator enforced).\n"
	}
	return ""
}

// session is a login: a command, or a terminal.
func (h *host) session(s gliderssh.Session) {
	h.mu.Lock()
	expired := h.expired && s.User() == h.user
	h.mu.Unlock()
	_, _, terminal := s.Pty()
	switch {
	case expired && terminal:
		h.firstLogin(s)
	case expired:
		_, _ = fmt.Fprint(s.Stderr(), "WARNING: Your password has expired.\nPassword change required but no TTY available.\n")
		_ = s.Exit(1)
	case s.RawCommand() == "":
		_, _ = fmt.Fprint(s, "This host is a stand-in without a terminal of its own: give a command, as in ssh HOST 'hostname'.\r\n")
		_ = s.Exit(1)
	default:
		_ = s.Exit(h.runCommand(s))
	}
}
