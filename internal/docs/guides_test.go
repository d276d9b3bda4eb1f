package docs

import (
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// untranslated are the English guides that have no Japanese sister yet. Take a name out when its sister is written.
var untranslated = []string{}

const guides = "templates/guides"

// marker says in a Japanese guide which version of the English one it follows.
var marker = regexp.MustCompile(`<!-- english: ([0-9a-f]+) -->`)

// edition names a version of a page by what it says.
func (p page) edition() string {
	sum := sha256.Sum256([]byte(p.text))
	return hex.EncodeToString(sum[:6])
}

var (
	japaneseComment = regexp.MustCompile(`(?m)\s*#.*$`)
	quotedText      = regexp.MustCompile(`"[^"\n]*"`)
)

// commands are a page's code blocks without what may be translated in them: comments, and texts in quotes.
func (p page) commands() (blocks []string) {
	for _, block := range p.code {
		blocks = append(blocks, quotedText.ReplaceAllString(japaneseComment.ReplaceAllString(block, ""), `""`))
	}
	return blocks
}

// written is what a command has written into a page.
var written = regexp.MustCompile(`(?s)<!-- begin of .*?<!-- end of `)

// differences are what a translation lacks or has too much.
func differences(english, japanese page) (found []string) {
	if !slices.Contains(marker.FindStringSubmatch(japanese.text), english.edition()) {
		found = append(found, "is not the translation of what the English guide says now; once it is, run scripts/mark-translations on it")
	}
	levels := func(p page) (all []int) {
		for _, heading := range p.headings {
			all = append(all, level(heading))
		}
		return all
	}
	if !slices.Equal(levels(english), levels(japanese)) {
		found = append(found, "has other headings than the English guide")
	}
	if !slices.Equal(english.commands(), japanese.commands()) {
		found = append(found, "has other code than the English guide")
	}
	if !slices.Equal(written.FindAllString(english.text, -1), written.FindAllString(japanese.text, -1)) {
		found = append(found, "has another table than the English guide")
	}
	return found
}

func TestJapaneseGuidesAreAsCurrentAsTheEnglishOnes(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root, guides, "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, file := range files {
		names = append(names, filepath.Base(file))
	}
	for _, name := range names {
		if english, ok := strings.CutSuffix(name, ".ja.md"); ok {
			if !slices.Contains(names, english+".md") {
				t.Errorf("%s translates a guide that is not there", name)
			}
			continue
		}
		sister := strings.TrimSuffix(name, ".md") + ".ja.md"
		if !slices.Contains(names, sister) {
			if !slices.Contains(untranslated, name) {
				t.Errorf("%s has no Japanese sister %s; until it is written, put the guide on the list of the untranslated", name, sister)
			}
			continue
		}
		for _, fault := range differences(readPage(t, guides+"/"+name), readPage(t, guides+"/"+sister)) {
			t.Errorf("%s %s", sister, fault)
		}
	}
}

func TestTheReadmeNamesEveryGuide(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root, guides, "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	readme := read(t, "README.md")
	for _, file := range files {
		if link := "(docs/guides/" + filepath.Base(file) + ")"; !strings.Contains(readme, link) {
			t.Errorf("README.md has no link %s", link)
		}
	}
}

func TestATranslationThatLagsBehindIsFound(t *testing.T) {
	const table = "<!-- begin of what is measured -->1<!-- end of what is measured -->"
	english := page{text: "new " + table, headings: []string{"# A", "## B"}, code: []string{"```\nterraform apply # now\n```"}}
	good := page{
		text: "<!-- english: " + english.edition() + " -->" + table, headings: []string{"# あ", "## い"},
		code: []string{"```\nterraform apply # 今\n```"},
	}
	if found := differences(english, good); len(found) > 0 {
		t.Errorf("a good translation: %v", found)
	}
	for name, spoil := range map[string]func(*page){
		"an older edition":  func(p *page) { p.text = "<!-- english: 0123456789ab -->" + table },
		"no marker":         func(p *page) { p.text = table },
		"another table":     func(p *page) { p.text = strings.Replace(p.text, "-->1<!--", "-->2<!--", 1) },
		"a heading less":    func(p *page) { p.headings = p.headings[:1] },
		"a heading's level": func(p *page) { p.headings = []string{"# あ", "### い"} },
		"another command":   func(p *page) { p.code = []string{"```\nterraform plan\n```"} },
		"a code block less": func(p *page) { p.code = nil },
	} {
		bad := good
		spoil(&bad)
		if len(differences(english, bad)) != 1 {
			t.Errorf("%s is not found, or more than that: %v", name, differences(english, bad))
		}
	}
}
