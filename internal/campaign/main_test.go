package campaign

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

var (
	seeds = flag.Int("seeds", 12, "how many seeds to run in process")
	first = flag.Uint64("first-seed", 1, "the first of them, in process and with the real binary")
	seed  = flag.Uint64("seed", 0, "run this seed only")
	into  = flag.String("report", "", "write what was done to this file")
	talk  = flag.Bool("talk", false, "print what the portal is asked")
)

// TestMain keeps locks and journals out of the user's folders.
func TestMain(m *testing.M) {
	flag.Parse()
	if *talk {
		logTo = os.Stderr
	}
	dir, err := os.MkdirTemp("", "mdx-campaign-")
	if cache, unknown := os.UserCacheDir(); unknown == nil && os.Getenv("GOCACHE") == "" && err == nil {
		err = os.Setenv("GOCACHE", filepath.Join(cache, "go-build")) // the provider is built from what was compiled before
	}
	if err == nil {
		err = errors.Join(makeKey(), os.Setenv("XDG_CACHE_HOME", dir), os.Setenv("MDX_JOURNAL_DIR", dir))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	fmt.Print(&total)
	if *into != "" {
		if err := os.WriteFile(*into, []byte(total.String()), 0o600); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	_ = os.RemoveAll(dir) // in the folder for temporary files
	os.Exit(code)
}

// tally counts what a campaign did.
type tally struct {
	mu     sync.Mutex
	counts map[string]int
}

// logTo takes the portal's log where a seed is looked into.
var logTo io.Writer

var total tally

func (t *tally) add(what string, n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.counts == nil {
		t.counts = map[string]int{}
	}
	t.counts[what] += n
}

// String is the report.
func (t *tally) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var text strings.Builder
	for _, what := range slices.Sorted(maps.Keys(t.counts)) {
		fmt.Fprintf(&text, "%7d  %s\n", t.counts[what], what)
	}
	return text.String()
}
