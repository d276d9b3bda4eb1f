package containerhost

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
)

const (
	// attemptTimeout is how long one attempt to connect and log in may take.
	attemptTimeout = 15 * time.Second
	// connectTimeout is how long a host may be silent before another of its addresses or ports is tried.
	connectTimeout = 5 * time.Second
	// keepAliveInterval is how often an idle connection is asked whether it lives. Firewalls forget connections, and
	// a host that was cut off never says goodbye.
	keepAliveInterval = 15 * time.Second
)

// algorithms are what OpenSSH 8.2 (Ubuntu 20.04) and newer all have, without SHA-1 and CBC.
var (
	keyExchanges = []string{
		ssh.KeyExchangeMLKEM768X25519, ssh.KeyExchangeCurve25519,
		ssh.KeyExchangeECDHP256, ssh.KeyExchangeECDHP384, ssh.KeyExchangeECDHP521,
	}
	ciphers = []string{
		ssh.CipherChaCha20Poly1305, ssh.CipherAES128GCM, ssh.CipherAES256GCM,
		ssh.CipherAES128CTR, ssh.CipherAES256CTR,
	}
	macs = []string{ssh.HMACSHA256ETM, ssh.HMACSHA512ETM, ssh.HMACSHA256, ssh.HMACSHA512}
	// hostKeys are in a fixed order, so that a host with several keys always shows the same one: the one pinned.
	hostKeys = []string{
		ssh.KeyAlgoED25519, ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521,
		ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256,
	}
)

// sshDialer is the dialer for real hosts.
type sshDialer struct {
	spec Spec // with defaults
	hide redactor
}

// errAuthentication is wrapped when the host answered and refused every key.
var errAuthentication = errors.New("every key was refused")

// errBastion is wrapped by what went wrong before the host was asked at all.
var errBastion = errors.New("bastion")

// dial makes one attempt.
func (d sshDialer) dial(ctx context.Context, t target) (transport, error) {
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	var bastion *ssh.Client
	if b := d.spec.SSH.Bastion; b != nil {
		if b.HostKeyFingerprint == "" {
			return nil, fmt.Errorf("%w %s: its host key is not pinned: give its fingerprint, after checking it "+
				"(ssh-keyscan %s | ssh-keygen -lf -)", errBastion, b.Host, b.Host)
		}
		var err error
		bastion, _, err = d.login(ctx, nil, target{b.Host, b.Port, b.HostKeyFingerprint}, b.User, b.PrivateKeys)
		if err != nil {
			return nil, fmt.Errorf("%w %s: %w", errBastion, b.Host, err)
		}
	}
	client, fingerprint, err := d.login(ctx, bastion, t, d.spec.User, d.spec.SSH.PrivateKeys)
	if err != nil {
		if bastion != nil {
			_ = bastion.Close()
		}
		return nil, err
	}
	conn := &sshConn{
		client: client, bastion: bastion, user: d.spec.User, hide: d.hide,
		who: peer{t.address, t.port, fingerprint}, ended: make(chan struct{}),
	}
	conn.keepAlive()
	return conn, nil
}

// login connects, directly or through another client, and logs in.
func (d sshDialer) login(
	ctx context.Context, through *ssh.Client, t target, user string, keys [][]byte,
) (*ssh.Client, string, error) {
	methods, done, err := authentication(ctx, keys, d.spec.SSH.AgentSocket)
	if err != nil {
		return nil, "", err
	}
	defer done()
	address := net.JoinHostPort(t.address, strconv.Itoa(t.port))
	var raw net.Conn
	if through == nil {
		raw, err = (&net.Dialer{Timeout: connectTimeout, KeepAlive: keepAliveInterval}).DialContext(ctx, "tcp", address)
	} else {
		raw, err = through.DialContext(ctx, "tcp", address)
	}
	if err != nil {
		return nil, "", transient{err}
	}
	// The handshake has no context of its own: closing the connection under it ends it.
	stop := context.AfterFunc(ctx, func() {
		if through != nil { // a channel that is closed here alone goes on, see drop
			_ = through.Close()
		}
		_ = raw.Close()
	})
	defer stop()

	check := &hostKeyCheck{pin: t.pin, where: address}
	conn, channels, requests, err := ssh.NewClientConn(raw, address, &ssh.ClientConfig{
		Config:            ssh.Config{KeyExchanges: keyExchanges, Ciphers: ciphers, MACs: macs},
		User:              user,
		Auth:              methods,
		HostKeyCallback:   check.callback,
		HostKeyAlgorithms: hostKeys,
	})
	if err == nil {
		return ssh.NewClient(conn, channels, requests), check.seen, nil
	}
	_ = raw.Close()
	switch {
	case check.err != nil:
		return nil, "", check.err
	case strings.Contains(err.Error(), "unable to authenticate"):
		return nil, "", transient{fmt.Errorf("%w for user %s: is one of them what the VM was deployed with, and the "+
			"user the template's login user?", errAuthentication, user)}
	case ctx.Err() != nil:
		return nil, "", transient{fmt.Errorf("%s: no SSH handshake within %s", address, attemptTimeout)}
	}
	return nil, "", transient{fmt.Errorf("%s: %w", address, err)}
}

// transient marks an error that a host which is still booting may give, and that is worth another attempt.
type transient struct{ error }

func (t transient) Unwrap() error { return t.error }

// hostKeyCheck accepts the pinned key, or the first one it sees.
type hostKeyCheck struct {
	pin, where, seen string
	err              error
}

func (h *hostKeyCheck) callback(_ string, _ net.Addr, key ssh.PublicKey) error {
	h.seen = ssh.FingerprintSHA256(key)
	if h.pin != "" && h.pin != h.seen {
		h.err = fmt.Errorf("%w: %s presents %s, pinned is %s", ErrHostKey, h.where, h.seen, h.pin)
	}
	return h.err
}
