//go:build install

package install

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// version is the one that the release is a rehearsal of.
var version = setting("VERSION", "0.1.0")

// root is the project's folder.
var root = filepath.Join("..", "..")

// dist is the folder of the rehearsed release.
var dist = setting("MDX_INSTALL_DIST", filepath.Join(root, "dist"))

func setting(variable, otherwise string) string {
	if value := os.Getenv(variable); value != "" {
		return value
	}
	return otherwise
}

// asset is the name of a file of the release, as in "terraform-provider-mdx_0.1.0_SHA256SUMS".
func asset(of, what string) string { return fmt.Sprintf("%s_%s_%s", of, version, what) }

// platform is this machine's in the names of files.
var platform = runtime.GOOS + "_" + runtime.GOARCH

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (make release-snapshot)", err)
	}
	return data
}

// checksums reads a release's SHA256SUMS: file names and their sums.
func checksums(t *testing.T, dir string) map[string]string {
	t.Helper()
	sums := map[string]string{}
	for line := range strings.Lines(string(read(t, filepath.Join(dir, asset("terraform-provider-mdx", "SHA256SUMS"))))) {
		sum, name, ok := strings.Cut(strings.TrimSpace(line), "  ")
		if !ok {
			t.Fatalf("SHA256SUMS has a line %q", line)
		}
		sums[name] = sum
	}
	return sums
}

func TestChecksumsCoverEveryFileOfTheRelease(t *testing.T) {
	sums := checksums(t, dist)
	for _, name := range []string{
		asset("terraform-provider-mdx", "manifest.json"),
		asset("terraform-provider-mdx", platform+".zip"), asset("terraform-provider-mdx", platform+".cdx.json"),
		asset("mdxsim", platform+".zip"), asset("mdxsim", platform+".cdx.json"),
	} {
		if sums[name] == "" {
			t.Errorf("%s has no checksum", name)
		}
	}
	for name, sum := range sums {
		got := sha256.Sum256(read(t, filepath.Join(dist, name)))
		if hex.EncodeToString(got[:]) != sum {
			t.Errorf("the checksum of %s is wrong", name)
		}
	}
}

func TestArchivesHoldWhatTheirNamesSay(t *testing.T) {
	for name, want := range map[string][]string{
		asset("terraform-provider-mdx", platform+".zip"): {"terraform-provider-mdx_v" + version},
		asset("mdxsim", platform+".zip"):                 {"LICENSE", "mdxsim"},
	} {
		archive, err := zip.OpenReader(filepath.Join(dist, name))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, file := range archive.File {
			got = append(got, strings.TrimSuffix(file.Name, ".exe"))
		}
		if slices.Sort(got); !slices.Equal(got, want) {
			t.Errorf("%s holds %v, want %v", name, got, want)
		}
		if err := archive.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestTheBillOfMaterialsListsTheModulesInTheBinary(t *testing.T) {
	var bill struct {
		Metadata struct {
			Component struct{ Name, Version string }
		}
		Components []struct{ Name, Version string }
	}
	if err := json.Unmarshal(read(t, filepath.Join(dist, asset("terraform-provider-mdx", platform+".cdx.json"))), &bill); err != nil {
		t.Fatal(err)
	}
	if got := bill.Metadata.Component; got.Name != "github.com/nii-gakunin-cloud/terraform-provider-mdx" || got.Version != version {
		t.Errorf("it is a bill of %s %s", got.Name, got.Version)
	}
	var names []string
	for _, component := range bill.Components {
		names = append(names, component.Name)
	}
	for _, name := range []string{"github.com/hashicorp/terraform-plugin-framework", "golang.org/x/crypto", "std"} {
		if !slices.Contains(names, name) {
			t.Errorf("%s is missing in the bill, which lists %d components", name, len(names))
		}
	}
}

// TestTheSameSourcesMakeTheSameRelease builds the release again in another folder.
func TestTheSameSourcesMakeTheSameRelease(t *testing.T) {
	copied := filepath.Join(t.TempDir(), "elsewhere")
	shell(t, root, `git clone --quiet --no-checkout . "$1" && git ls-files -z --cached --others --exclude-standard |
		xargs -0 sh -c 'for f; do [ ! -e "$f" ] || printf "%s\0" "$f"; done' sh | tar -c --null -T - | tar -x -C "$1"`, copied)
	tools, err := filepath.Abs(setting("MDX_INSTALL_TOOLS", filepath.Join(root, "bin")))
	if err != nil {
		t.Fatal(err)
	}
	shell(t, copied, `PLATFORMS=host exec scripts/release-snapshot "$1"`, tools)
	first := checksums(t, dist)
	for name, sum := range checksums(t, filepath.Join(copied, "dist")) {
		if first[name] != sum {
			t.Errorf("%s is not the same when it is built a second time", name)
		}
	}
}

func shell(t *testing.T, dir, script string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", append([]string{"-euc", script, "sh"}, args...)...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// unzip takes one program out of an archive of the release.
func unzip(t *testing.T, archive, program, to string) string {
	t.Helper()
	data := read(t, filepath.Join(dist, archive))
	files, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	file, err := files.Open(program)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	path := filepath.Join(to, program)
	target, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o700)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(target, file); err != nil {
		t.Fatal(err)
	}
	if err := target.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}
