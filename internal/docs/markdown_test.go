package docs

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
)

// root is the project's folder.
var root = filepath.Join("..", "..")

// page is a Markdown file.
type page struct {
	path     string
	text     string
	prose    string   // without code blocks
	code     []string // the code blocks, each with its fences
	headings []string // with their hashes
}

var fence = regexp.MustCompile("(?s)```.*?\n *```")

func readPage(t *testing.T, path string) page {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	p := page{path: path, text: string(data)}
	p.code = fence.FindAllString(p.text, -1)
	p.prose = fence.ReplaceAllString(p.text, "")
	for line := range strings.Lines(p.prose) {
		if strings.HasPrefix(line, "#") && strings.HasPrefix(strings.TrimLeft(line, "#"), " ") {
			p.headings = append(p.headings, strings.TrimSpace(line))
		}
	}
	return p
}

// level is how deep a heading is.
func level(heading string) int { return len(heading) - len(strings.TrimLeft(heading, "#")) }

// anchors are the headings as the fragments of links.
func (p page) anchors() map[string]bool {
	anchors := map[string]bool{}
	for _, heading := range p.headings {
		slug := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
				return unicode.ToLower(r)
			}
			return -1
		}, strings.TrimSpace(strings.TrimLeft(heading, "#")))
		anchors[slug] = true
	}
	for _, id := range regexp.MustCompile(`<a id="([^"]+)">`).FindAllStringSubmatch(p.text, -1) {
		anchors[id[1]] = true
	}
	return anchors
}

// pages are all Markdown files of the project; what is not part of it is left out.
func pages(t *testing.T) (all []page) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		switch name := entry.Name(); {
		case entry.IsDir() && (name == "bin" || name == "dist" || name == ".git" || name == ".terraform" || name == "testdata"):
			return filepath.SkipDir
		case !entry.IsDir() && strings.HasSuffix(name, ".md"):
			relative, err := filepath.Rel(root, path)
			if err != nil {
				return err
			}
			all = append(all, readPage(t, relative))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

var (
	inlineCode = regexp.MustCompile("`[^`\n]*`")
	link       = regexp.MustCompile(`\]\(([^)\s]+)\)`)
)

// brokenLinks are the links of a page that lead nowhere in the project. Templates are followed from where they will be.
func (p page) brokenLinks(t *testing.T) (broken []string) {
	t.Helper()
	dir := filepath.Dir(p.path)
	if below, ok := strings.CutPrefix(dir, "templates"); ok {
		dir = "docs" + below
	}
	for _, match := range link.FindAllStringSubmatch(inlineCode.ReplaceAllString(p.prose, ""), -1) {
		target, fragment, _ := strings.Cut(match[1], "#")
		if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
			continue
		}
		to := p
		if target != "" {
			path := filepath.Join(dir, target)
			if _, err := os.Stat(filepath.Join(root, path)); err != nil {
				broken = append(broken, match[1])
				continue
			}
			if !strings.HasSuffix(path, ".md") {
				continue
			}
			to = readPage(t, path)
		}
		if fragment != "" && !to.anchors()[fragment] {
			broken = append(broken, match[1])
		}
	}
	return broken
}

func TestEveryLinkLeadsSomewhere(t *testing.T) {
	all := pages(t)
	if len(all) < 10 {
		t.Fatalf("only %d pages were found", len(all))
	}
	for _, p := range all {
		for _, target := range p.brokenLinks(t) {
			t.Errorf("%s links to %s, which is not there", p.path, target)
		}
	}
}

func TestABrokenLinkIsFound(t *testing.T) {
	here := page{path: "README.md", headings: []string{"# Two words, here!"}}
	for text, broken := range map[string]bool{
		"[a](docs/index.md)":                 false,
		"[a](docs/index.md#schema)":          false,
		"[a](docs/index.md#nothing)":         true,
		"[a](docs/nothing.md)":               true,
		"[a](internal)":                      false,
		"[a](#two-words-here)":               false,
		"[a](#three-words)":                  true,
		"[a](https://mdx.jp/nothing)":        false,
		"`[a](docs/nothing.md)`, as in code": false,
	} {
		here.text, here.prose = text, text
		if got := len(here.brokenLinks(t)) > 0; got != broken {
			t.Errorf("%s is broken: %v", text, got)
		}
	}
}
