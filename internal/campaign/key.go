package campaign

import (
	"crypto/ed25519"
	"encoding/pem"
	"strings"

	"golang.org/x/crypto/ssh"
)

// The key that VMs are deployed with. Its private half is a secret of the provider's configuration: no output may hold it.
var privateKey, publicKey string

// makeKey makes the key, the same at every run.
func makeKey() error {
	key := ed25519.NewKeyFromSeed([]byte(strings.Repeat("campaign", 4)))
	block, err := ssh.MarshalPrivateKey(key, "")
	if err != nil {
		return err
	}
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		return err
	}
	privateKey = string(pem.EncodeToMemory(block))
	publicKey = strings.TrimSpace(string(ssh.MarshalAuthorizedKey(signer.PublicKey())))
	return nil
}
