package campaign

import (
	"crypto/ed25519"
	"encoding/pem"
	"strings"

	"golang.org/x/crypto/ssh"
)

// The key that VMs are deployed with. Its private half is a secret of the provider's configuration: no output may hold it.
var privateKey, publicKey = func() (private, public string) {
	key := ed25519.NewKeyFromSeed([]byte(strings.Repeat("campaign", 4)))
	block, err := ssh.MarshalPrivateKey(key, "")
	if err != nil {
		panic(err) // no key of this package's
	}
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		panic(err)
	}
	return string(pem.EncodeToMemory(block)), strings.TrimSpace(string(ssh.MarshalAuthorizedKey(signer.PublicKey())))
}()
