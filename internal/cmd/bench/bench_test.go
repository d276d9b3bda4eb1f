//go:build linux

package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdxsim"
)

func TestTableTellsRatiosInThePortalsTime(t *testing.T) {
	r := result{name: "destroy: a group", floor: 40 * time.Second, speed: 10, bound: boundByPower}
	r.wall, r.rss, r.cpu = 42*time.Second, 80<<20, 1500*time.Millisecond
	r.stats = mdxsim.Stats{Requests: 1234, Routes: map[string]int{"POST /api/vm/deploy/": 1, "GET /api/vm/{vm}/": 14}}
	want := "| destroy: a group | 1.050 | 420 s | 1 | 1,234 | 2 | 80 MB | 1.5 s | " + boundByPower + " |\n"
	if got := table([]result{r}); !strings.HasSuffix(got, want) {
		t.Errorf("got %s\nwant it to end with %s", got, want)
	}
}

func TestBothPagesGetTheTableAndTheTranslationStaysOne(t *testing.T) {
	dir := t.TempDir()
	english, sister := filepath.Join(dir, "p.md"), filepath.Join(dir, "p.ja.md")
	page := "words\n" + markBegin + markEnd
	put := func(path, text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	get := func(path string) string {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	put(english, page)
	if err := write(english, nil); err != nil || !strings.Contains(get(english), "bound by") {
		t.Fatalf("without a sister: %v %s", err, get(english))
	}
	for _, current := range []bool{true, false} {
		put(english, page)
		translates := edition(page)
		if !current {
			translates = edition("an older page")
		}
		put(sister, translates+"\n"+page)
		if err := write(english, nil); err != nil {
			t.Fatal(err)
		}
		if got := get(sister); !strings.Contains(got, "bound by") || strings.Contains(got, edition(get(english))) != current {
			t.Errorf("current %t: %s", current, got)
		}
	}
	put(sister, "no marks")
	if err := write(english, nil); err == nil {
		t.Error("a sister without marks is no error")
	}
}

func TestOnlyTheMarkedPartOfAPageIsReplaced(t *testing.T) {
	page := "before\n" + markBegin + "old\n" + markEnd + "after\n"
	got, err := replaceMarked(page, "new\n")
	if want := "before\n" + markBegin + "\nnew\n\n" + markEnd + "after\n"; err != nil || got != want {
		t.Errorf("%q, %v; want %q", got, err, want)
	}
	again, err := replaceMarked(got, "new\n")
	if err != nil || again != got {
		t.Errorf("written twice: %q, %v", again, err)
	}
	if _, err := replaceMarked("no marks", "new"); err == nil {
		t.Error("a page without marks is no error")
	}
}

func TestProcessFiguresAreRead(t *testing.T) {
	got, err := parse([]byte("Name:\tx\nVmHWM:\t   2048 kB\n"), []byte("12 (a (b) c) S 1 2 3 4 5 6 7 8 9 10 150 50 0"))
	if err != nil || got != (process{rss: 2 << 20, cpu: 2 * time.Second}) {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := parse(nil, []byte("12 (x) S 1")); err == nil {
		t.Error("a short stat is no error")
	}
}

func TestAProcessIsFoundByItsExecutable(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer stop()
	if got := <-watch(ctx, self); got.rss == 0 {
		t.Errorf("%+v", got)
	}
}

func TestTheNaiveClientMakesWhatItIsAskedFor(t *testing.T) {
	b := &benchmark{options: options{provider: os.Args[0]}}
	s, err := b.newSite(t.TempDir(), 5000, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	client := s.naive()
	if err := all(3, func(i int) error { return client.create(t.Context(), i) }); err != nil {
		t.Fatal(err)
	}
	if err := client.read(t.Context()); err != nil {
		t.Error(err)
	}
	stats := s.sim.Stats()
	if stats.Deployed != 3 || stats.Overlapping > 0 {
		t.Errorf("%+v", stats)
	}
}
