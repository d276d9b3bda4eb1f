package containerhost

import (
	"context"
	"errors"
	"fmt"
	"net"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// ParsePrivateKey reads an unencrypted private key in PEM or OpenSSH form. Its errors say what to do and never repeat
// the key.
func ParsePrivateKey(data []byte) (ssh.Signer, error) {
	signer, err := ssh.ParsePrivateKey(data)
	var locked *ssh.PassphraseMissingError
	switch {
	case errors.As(err, &locked):
		return nil, errors.New("the private key is encrypted and nobody can be asked for its passphrase: " +
			"add it to an SSH agent (ssh-add) and let the agent be used, or give a key without a passphrase")
	case err != nil:
		return nil, errors.New("not a private key in PEM or OpenSSH form")
	}
	return signer, nil
}

// authentication offers the keys first and the agent's after them; done closes the agent's connection. So does the end
// of the context: an agent may wait for its user, who is not there.
func authentication(ctx context.Context, keys [][]byte, agentSocket string) (methods []ssh.AuthMethod, done func(), err error) {
	var signers []ssh.Signer
	for _, key := range keys {
		signer, err := ParsePrivateKey(key)
		if err != nil {
			return nil, nil, err
		}
		signers = append(signers, signer)
	}
	done = func() {}
	if agentSocket != "" {
		conn, err := new(net.Dialer).DialContext(ctx, "unix", agentSocket)
		if err != nil {
			return nil, nil, fmt.Errorf("SSH agent: %w", err)
		}
		stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
		done = func() { stop(); _ = conn.Close() }
		held, err := agent.NewClient(conn).Signers()
		if err != nil {
			done()
			if ctx.Err() != nil {
				err = errors.New("it does not answer; does it wait for somebody to confirm?")
			}
			return nil, nil, fmt.Errorf("SSH agent: %w", err)
		}
		signers = append(signers, held...)
	}
	if len(signers) == 0 {
		return nil, nil, errors.New("no private key to log in with: give one, or an SSH agent that holds one")
	}
	return []ssh.AuthMethod{ssh.PublicKeys(signers...)}, done, nil
}
