//go:build install

package install

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// binaries are the terraform and tofu to install with.
func binaries(t *testing.T) []string {
	t.Helper()
	paths := strings.Fields(os.Getenv("MDX_INSTALL_CLIS"))
	if len(paths) == 0 {
		t.Fatal("MDX_INSTALL_CLIS names no terraform and no tofu (make install-test sets it)")
	}
	return paths
}

// both serves one registry under the names of both.
func both(site http.Handler) map[string]http.Handler {
	return map[string]http.Handler{"registry.terraform.io": site, "registry.opentofu.org": site}
}

func TestInstall(t *testing.T) {
	portal := startSimulator(t)
	for _, binary := range binaries(t) {
		t.Run(filepath.Base(binary), func(t *testing.T) {
			net := startInternet(t, both(newRegistry(t).serve(t)))
			first := newUser(t, binary, net, portal, "")
			mirror := filepath.Join(t.TempDir(), "mirror")

			t.Run("from a registry", func(t *testing.T) {
				first.must(t, "signed, key ID", "init", "-input=false")
				sum := checksums(t, dist)[asset("terraform-provider-mdx", platform+".zip")]
				if lock := first.locked(t); !strings.Contains(lock, `"zh:`+sum+`"`) || !strings.Contains(lock, `"h1:`) {
					t.Errorf("the lock file has not the release's checksum:\n%s", lock)
				}
				if found := net.requests(first.registry + "/.well-known/terraform.json"); len(found) == 0 {
					t.Error("the registry's services were not discovered")
				}
				first.compareSchema(t)
				first.live(t)
				portal.knows(t)
				first.must(t, "has been successfully initialized", "init", "-input=false", "-lockfile=readonly")
			})
			if t.Failed() {
				return
			}

			t.Run("from a network mirror", func(t *testing.T) {
				first.must(t, "", "providers", "mirror", fmt.Sprintf("-platform=%s_%s", runtime.GOOS, runtime.GOARCH), mirror)
				net := startInternet(t, map[string]http.Handler{"mirror.example": http.FileServer(http.Dir(mirror))})
				u := newUser(t, binary, net, portal, `provider_installation {
  network_mirror { url = "https://mirror.example/" }
}`)
				u.must(t, "Installed nii-gakunin-cloud/mdx v"+version, "init", "-input=false")
				u.live(t)
				if found := net.requests("registry."); len(found) > 0 {
					t.Errorf("a registry was asked: %v", found)
				}
			})

			t.Run("from a filesystem mirror, with the registry's lock file", func(t *testing.T) {
				net := startInternet(t, nil)
				u := newUser(t, binary, net, portal, fmt.Sprintf(`provider_installation {
  filesystem_mirror { path = %q }
}`, mirror))
				u.write(t, ".terraform.lock.hcl", []byte(first.locked(t)))
				u.must(t, "Installed nii-gakunin-cloud/mdx v"+version, "init", "-input=false", "-lockfile=readonly")
				u.live(t)
				if found := net.requests(""); len(found) > 0 {
					t.Errorf("the network was used: %v", found)
				}
			})
		})
	}
}

func TestInitRefusesWhatWasTamperedWith(t *testing.T) {
	// spoil changes what ends in suffix: a letter of the sums, or a byte of the archive.
	spoil := func(suffix string) func(string, []byte) []byte {
		return func(name string, data []byte) []byte {
			if !strings.HasSuffix(name, suffix) {
				return data
			}
			data = bytes.Clone(data)
			data[len(data)/2] ^= 1
			return data
		}
	}
	honest := newRegistry(t)
	for name, test := range map[string]struct {
		registry registry
		want     string
	}{
		"changed checksums":                {registry{honest.key, spoil("SHA256SUMS")}, `(?i)signature`},
		"a changed signature":              {registry{honest.key, spoil("SHA256SUMS.sig")}, `(?i)signature|openpgp`},
		"a changed archive":                {registry{honest.key, spoil(".zip")}, `(?i)checksum`},
		"checksums that a stranger signed": {registry{strangersKey(t), nil}, `(?i)signature|signed`},
	} {
		t.Run(name, func(t *testing.T) {
			net := startInternet(t, both(test.registry.serve(t)))
			for _, binary := range binaries(t) {
				u := newUser(t, binary, net, simulator{}, "")
				u.refused(t, test.want)
				if _, err := os.Stat(filepath.Join(u.dir, ".terraform.lock.hcl")); err == nil {
					t.Error("there is a lock file all the same")
				}
			}
		})
	}
}

func TestInitRefusesAMirrorThatTheLockFileDoesNotKnow(t *testing.T) {
	honest := startInternet(t, both(newRegistry(t).serve(t)))
	for _, binary := range binaries(t) {
		t.Run(filepath.Base(binary), func(t *testing.T) {
			first := newUser(t, binary, honest, simulator{}, "")
			first.must(t, "signed, key ID", "init", "-input=false")
			// Someone puts another plugin under the same name and version into the mirror.
			mirror := t.TempDir()
			dir := filepath.Join(mirror, first.registry, "nii-gakunin-cloud", "mdx", version, platform)
			if err := os.MkdirAll(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			plugin := filepath.Join(dir, "terraform-provider-mdx_v"+version)
			if err := os.WriteFile(plugin, []byte("#!/bin/sh\nexit 1\n"), 0o700); err != nil {
				t.Fatal(err)
			}
			u := newUser(t, binary, honest, simulator{}, fmt.Sprintf(`provider_installation {
  filesystem_mirror { path = %q }
}`, mirror))
			u.write(t, ".terraform.lock.hcl", []byte(first.locked(t)))
			u.refused(t, `(?i)(doesn't|don't|does not|do not) match any of the checksums`)
		})
	}
}
