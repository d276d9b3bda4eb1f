package containerhost

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ssh"
)

// sshConn is a transport over one SSH connection.
type sshConn struct {
	client  *ssh.Client
	bastion *ssh.Client // nil: a direct connection
	user    string
	hide    redactor
	who     peer
	trips   atomic.Int64
	alive   sync.WaitGroup
	dropped atomic.Bool   // the connection is being ended
	ended   chan struct{} // closed when it is over
}

func (c *sshConn) peer() peer { return c.who }

func (c *sshConn) roundTrips() int { return int(c.trips.Load()) }

func (c *sshConn) close() {
	c.drop()
	c.alive.Wait()
}

// drop ends the connection at once, and whatever waits on it. What goes through a bastion ends with the connection to the
// bastion only: a channel on it stays open here until the bastion agrees, which one that was cut off never does.
func (c *sshConn) drop() {
	c.dropped.Store(true)
	if c.bastion != nil {
		_ = c.bastion.Close()
	}
	_ = c.client.Close()
}

// keepAlive closes a connection whose other end stopped answering, so that whoever waits on it learns.
func (c *sshConn) keepAlive() {
	c.alive.Go(func() {
		_ = c.client.Wait()
		close(c.ended)
	})
	c.alive.Go(func() {
		ticker := time.NewTicker(keepAliveInterval)
		defer ticker.Stop()
		for {
			select {
			case <-c.ended:
				return
			case <-ticker.C:
				silent := time.AfterFunc(keepAliveInterval, c.drop)
				_, _, err := c.client.SendRequest("keepalive@openssh.com", true, nil)
				silent.Stop()
				if err != nil {
					c.drop()
				}
			}
		}
	})
}

var errEnded = errors.New("the connection is over")

// session opens a session. The library waits for ever for the answer of a host whose connection ends at the moment of the
// question, so none is opened once this end is known, and nobody waits here for one beyond it.
func (c *sshConn) session(ctx context.Context) (*ssh.Session, error) {
	if c.dropped.Load() {
		return nil, errEnded
	}
	type opened struct {
		session *ssh.Session
		err     error
	}
	answer := make(chan opened, 1)
	go func() {
		channel, err := c.client.NewSession()
		answer <- opened{channel, err}
	}()
	select {
	case o := <-answer:
		return o.session, o.err
	case <-c.ended:
		return nil, errEnded
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// asRoot prefixes a command line for users other than root.
func (c *sshConn) asRoot(line string) string {
	if c.user == "root" {
		return line
	}
	return "sudo -n " + line
}

// exec runs a command. A context that ends closes the connection: the command may go on at the host, as all steps
// must stand, but nothing here waits for it.
func (c *sshConn) exec(ctx context.Context, cmd command) (string, error) {
	c.trips.Add(1)
	stop := context.AfterFunc(ctx, c.drop)
	defer stop()
	channel, err := c.session(ctx)
	if err != nil {
		return "", c.lost(ctx, cmd.about, err)
	}
	defer func() { _ = channel.Close() }()
	var stdout, stderr bytes.Buffer
	channel.Stdin = bytes.NewReader(cmd.wire())
	channel.Stdout = &stdout
	channel.Stderr = &stderr

	err = channel.Run(c.asRoot("/bin/sh -s"))
	var failed *ssh.ExitError
	switch {
	case err == nil:
		return stdout.String(), nil
	case errors.As(err, &failed):
		code := failed.ExitStatus()
		if failed.Signal() != "" {
			code = 255
		}
		// In which order the two were written nobody can tell: SSH carries them apart. What went wrong stands last.
		said := stdout.String() + "\n" + stderr.String()
		return stdout.String(), &CommandError{Command: cmd.about, ExitCode: code, Output: c.hide.hide(tail(said))}
	}
	return stdout.String(), c.lost(ctx, cmd.about, err)
}

// lost explains an error that is not the command's own.
func (c *sshConn) lost(ctx context.Context, about string, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", about, context.Cause(ctx))
	}
	return fmt.Errorf("%s: %w: %w", about, errLost, err)
}

// docker starts Docker's own bridge between standard input and output and its socket, which needs no open port and
// no membership in a group.
func (c *sshConn) docker(ctx context.Context) (net.Conn, error) {
	c.trips.Add(1)
	channel, err := c.session(ctx)
	if err != nil {
		return nil, fmt.Errorf("docker: %w: %w", errLost, err)
	}
	stdin, err := channel.StdinPipe()
	if err != nil {
		return nil, errors.Join(err, channel.Close())
	}
	stdout, err := channel.StdoutPipe()
	if err != nil {
		return nil, errors.Join(err, channel.Close())
	}
	if err := channel.Start(c.asRoot("docker system dial-stdio")); err != nil {
		return nil, errors.Join(fmt.Errorf("docker: %w: %w", errLost, err), channel.Close())
	}
	return &stream{Reader: stdout, WriteCloser: stdin, session: channel}, nil
}

// stream makes a session's standard input and output a net.Conn, for http.Transport. Deadlines do nothing: requests
// end by their contexts, which close it.
type stream struct {
	io.Reader
	io.WriteCloser
	session *ssh.Session
}

func (s *stream) Close() error {
	_ = s.WriteCloser.Close()
	return s.session.Close()
}

func (s *stream) LocalAddr() net.Addr { return &net.UnixAddr{Net: "unix", Name: "ssh"} }

func (s *stream) RemoteAddr() net.Addr             { return &net.UnixAddr{Net: "unix", Name: "docker"} }
func (s *stream) SetDeadline(time.Time) error      { return nil }
func (s *stream) SetReadDeadline(time.Time) error  { return nil }
func (s *stream) SetWriteDeadline(time.Time) error { return nil }
