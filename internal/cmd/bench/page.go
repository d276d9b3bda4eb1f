//go:build linux

package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"
)

// write puts the table into a page of the documentation, and into its Japanese sister if there is one. The sister says
// which edition of the English page it translates; it goes on to do so if it did before.
func write(path string, results []result) error {
	before, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	after, err := replaceMarked(string(before), table(results))
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	sister := strings.TrimSuffix(path, ".md") + ".ja.md"
	translation, err := os.ReadFile(sister)
	if err == nil {
		text, err := replaceMarked(string(translation), table(results))
		if err != nil {
			return fmt.Errorf("%s: %w", sister, err)
		}
		text = strings.ReplaceAll(text, edition(string(before)), edition(after))
		if err := os.WriteFile(sister, []byte(text), 0o600); err != nil {
			return err
		}
	} else if !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return os.WriteFile(path, []byte(after), 0o600)
}

// edition is the mark of a page's translation, which names the page by what it says (scripts/mark-translations).
func edition(page string) string {
	sum := sha256.Sum256([]byte(page))
	return "<!-- english: " + hex.EncodeToString(sum[:])[:12] + " -->"
}

// Marks of the part of a page that is generated.
const (
	markBegin = "<!-- begin of what make generate-bench writes -->\n"
	markEnd   = "<!-- end of what make generate-bench writes -->\n"
)

var errNoMarks = errors.New("no marks to write the table between")

func replaceMarked(page, text string) (string, error) {
	before, rest, begun := strings.Cut(page, markBegin)
	_, after, ended := strings.Cut(rest, markEnd)
	if !begun || !ended {
		return "", errNoMarks
	}
	return before + markBegin + "\n" + text + "\n" + markEnd + after, nil
}
