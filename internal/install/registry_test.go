//go:build install

package install

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// registry is a provider registry that offers the rehearsed release: service discovery, versions, download, and the
// files themselves.
type registry struct {
	key    []byte                                // the public key that it says the release is signed with
	tamper func(name string, data []byte) []byte // what happens to a file on the way, if anything
}

// newRegistry is an honest registry.
func newRegistry(t *testing.T) registry {
	t.Helper()
	return registry{key: read(t, filepath.Join(dist, "public-key.asc"))}
}

// serve makes the registry's web site.
func (r registry) serve(t *testing.T) http.Handler {
	t.Helper()
	var manifest struct {
		Metadata struct {
			ProtocolVersions []string `json:"protocol_versions"`
		}
	}
	if err := json.Unmarshal(read(t, filepath.Join(dist, asset("terraform-provider-mdx", "manifest.json"))), &manifest); err != nil {
		t.Fatal(err)
	}
	protocols := manifest.Metadata.ProtocolVersions
	const provider = "/v1/providers/nii-gakunin-cloud/mdx"
	file := func(what string) string { return "/files/" + asset("terraform-provider-mdx", what) }
	archive := platform + ".zip"
	sum := checksums(t, dist)[asset("terraform-provider-mdx", archive)]

	mux := http.NewServeMux()
	answer := func(path string, body any) {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(body)
		})
	}
	answer("/.well-known/terraform.json", map[string]any{"providers.v1": "/v1/providers/"})
	answer(provider+"/versions", map[string]any{"versions": []any{map[string]any{
		"version": version, "protocols": protocols,
		"platforms": []any{map[string]any{"os": runtime.GOOS, "arch": runtime.GOARCH}},
	}}})
	answer(fmt.Sprintf("%s/%s/download/%s/%s", provider, version, runtime.GOOS, runtime.GOARCH), map[string]any{
		"protocols": protocols, "os": runtime.GOOS, "arch": runtime.GOARCH,
		"filename": asset("terraform-provider-mdx", archive), "download_url": file(archive), "shasum": sum,
		"shasums_url": file("SHA256SUMS"), "shasums_signature_url": file("SHA256SUMS.sig"),
		"signing_keys": map[string]any{"gpg_public_keys": []any{map[string]any{"ascii_armor": string(r.key)}}},
	})
	mux.HandleFunc("GET /files/{name}", func(w http.ResponseWriter, req *http.Request) {
		name := req.PathValue("name")
		data, err := os.ReadFile(filepath.Join(dist, filepath.Base(name)))
		if err != nil {
			http.NotFound(w, req)
			return
		}
		if r.tamper != nil {
			data = r.tamper(name, data)
		}
		_, _ = w.Write(data)
	})
	return mux
}

// strangersKey makes a public key that the release is not signed with.
func strangersKey(t *testing.T) []byte {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("GNUPGHOME", dir)
	shell(t, dir, `chmod 700 .
		gpg --batch --quiet --passphrase '' --quick-generate-key 'stranger <stranger@example.invalid>' rsa3072 sign never
		gpg --batch --armor --export >key.asc
		gpgconf --kill all`)
	return read(t, filepath.Join(dir, "key.asc"))
}
