//go:build install

package install

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// internet is all that the binaries under test can reach: one server for every name, over TLS.
type internet struct {
	proxy string // address of the proxy that leads there
	roots string // file with the authority that vouches for every name

	mu    sync.Mutex
	asked []string // "host/path" of each request, in order
}

// names are the hosts that exist.
var names = []string{"registry.terraform.io", "registry.opentofu.org", "mirror.example"}

// startInternet serves until the test ends.
func startInternet(t *testing.T, hosts map[string]http.Handler) *internet {
	t.Helper()
	certificate, authority := certify(t)
	net := &internet{roots: filepath.Join(t.TempDir(), "roots.pem")}
	if err := os.WriteFile(net.roots, authority, 0o600); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		net.mu.Lock()
		net.asked = append(net.asked, r.Host+r.URL.Path)
		net.mu.Unlock()
		if handler, ok := hosts[r.Host]; ok {
			handler.ServeHTTP(w, r)
			return
		}
		http.NotFound(w, r)
	}))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	server.StartTLS()
	t.Cleanup(server.Close)
	proxy := httptest.NewServer(lead(server.Listener.Addr().String()))
	t.Cleanup(proxy.Close)
	net.proxy = proxy.URL
	return net
}

// requests tells what was asked for at a host and path, or below.
func (n *internet) requests(below string) (found []string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, request := range n.asked {
		if strings.HasPrefix(request, below) {
			found = append(found, request)
		}
	}
	return found
}

// lead is a proxy that leads every connection to one address.
func lead(address string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect {
			http.Error(w, "connections over TLS only", http.StatusMethodNotAllowed)
			return
		}
		server, err := (&net.Dialer{}).DialContext(r.Context(), "tcp", address)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer server.Close()
		client, begun, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer client.Close()
		if _, err := io.WriteString(client, "HTTP/1.1 200 Connected\r\n\r\n"); err != nil {
			return
		}
		var both sync.WaitGroup
		both.Go(func() { _, _ = io.Copy(server, begun); server.Close() })
		both.Go(func() { _, _ = io.Copy(client, server); client.Close() })
		both.Wait()
	}
}

// certify makes a certificate for every name, which vouches for itself.
func certify(t *testing.T) (certificate tls.Certificate, authority []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "install test"}, DNSNames: names,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key},
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}
