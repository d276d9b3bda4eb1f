//go:build unix

package journal_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/journal"
)

// entryFile writes an entry and gives its file and text.
func entryFile(tb testing.TB, dir string) (path string, text []byte) {
	tb.Helper()
	e := about("web-1")
	intent, err := journal.At(dir).Begin(e)
	if err == nil {
		err = intent.Accepted([]string{"t-1"})
	}
	if err != nil {
		tb.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "web-1.*.json"))
	if err != nil || len(files) != 1 {
		tb.Fatalf("%v %v", files, err)
	}
	text, err = os.ReadFile(files[0])
	if err != nil {
		tb.Fatal(err)
	}
	return files[0], text
}

func TestATornEntryIsToldAndHidesNoOther(t *testing.T) {
	dir := t.TempDir()
	path, text := entryFile(t, dir)
	begin(t, journal.At(dir), about("web-2"))
	body := strings.TrimRight(string(text), "\n")
	torn := map[string]string{
		"of another format": strings.Replace(body, `"format": 1`, `"format": 2`, 1),
		"of another shape":  `{"name":"web-1"}`,
		"empty":             "",
		"null":              "null",
		"doubled":           body + body,
		"zeroed":            strings.Repeat("\x00", len(body)),
		"zeroed from half":  body[:len(body)/2] + strings.Repeat("\x00", len(body)-len(body)/2),
		"huge":              strings.Repeat(" ", 1<<20) + body,
	}
	for end := range len(body) {
		torn["cut at "+string(rune(end))] = body[:end]
	}
	for what, text := range torn {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		entries, err := journal.At(dir).Entries()
		if len(entries) != 1 || entries[0].Name != "web-2" {
			t.Errorf("%s: entries %v", what, entries)
		}
		if err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: error %v does not name the file", what, err)
		}
	}
}

func TestForeignThingsAreLeftAlone(t *testing.T) {
	dir := t.TempDir()
	begin(t, journal.At(dir), about("web-1"))
	if err := os.WriteFile(filepath.Join(dir, "notes.txt"), []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "web-1.json"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "web-1.pipe.json"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/dev/zero", filepath.Join(dir, "web-1.link.json")); err != nil {
		t.Fatal(err)
	}
	expect(t, dir, about("web-1"))
	if err := journal.At(dir).Settle(about("web-1").Key); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"notes.txt", "web-1.json", "web-1.pipe.json", "web-1.link.json"} {
		if _, err := os.Lstat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
}

// FuzzReader reads any file as an entry. What is taken for one has all that an entry needs, survives being written
// again, and never leads out of the folder.
func FuzzReader(f *testing.F) {
	_, text := entryFile(f, f.TempDir())
	f.Add(text)
	for _, cut := range []int{1, len(text) / 2, len(text) - 3} {
		f.Add(text[:cut])
		f.Add(append(text[:cut:cut], make([]byte, len(text)-cut)...))
	}
	for _, foreign := range []string{
		"[]", "[" + string(text) + "]", `"` + "web-1" + `"`, "\xef\xbb\xbf" + string(text), "<html><h1>502 Bad Gateway</h1></html>",
		`{"version":4,"serial":7,"lineage":"x","resources":[]}`, strings.ReplaceAll(string(text), `"t-1"`, `{"id":"t-1"}`),
		strings.Replace(string(text), `"outcome": "accepted"`, `"outcome": "open", "parts": ["a", 1]`, 1),
	} {
		f.Add([]byte(foreign))
	}
	f.Add([]byte(`{"format":1,"name":"x","asked":"2026-04-01T09:00:00Z","portal":"p","project":"p","workspace":"w","outcome":"open","intent":"../../x","writer":"../y"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		outer := t.TempDir()
		dir := filepath.Join(outer, "journal")
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "web-1.json"), data, 0o600); err != nil {
			t.Fatal(err)
		}
		j := journal.At(dir)
		entries, err := j.Entries()
		if (len(entries) == 1) == (err != nil) {
			t.Fatalf("%d entries, error %v", len(entries), err)
		}
		for _, e := range entries {
			if e.Name == "" || e.Project == "" || e.Portal == "" || e.Workspace == "" || e.Asked.IsZero() {
				t.Errorf("taken for an entry: %+v", e)
			}
			if j.Live(e) {
				t.Error("an entry of nobody's is somebody's")
			}
			begin(t, j, e)
			if err := j.Settle(e.Key); err != nil {
				t.Error(err)
			}
		}
		if left, err := os.ReadDir(outer); err != nil || len(left) != 1 {
			t.Errorf("the folder beside has %v, %v", left, err)
		}
	})
}
