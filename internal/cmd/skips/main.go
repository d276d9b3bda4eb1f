// Command skips reads what `go test -json` printed in one or more runs, and lists the tests that ran in none of them,
// each with its reason. A test that one run skips and another runs, as acceptance tests do for versions of Terraform,
// is not listed. With MDX_TEST_NOSKIP=1 a listed test is a failure.
//
//	skips unit.json terraform.json opentofu.json
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

func main() {
	seen := runs{ran: map[string]bool{}, reasons: map[string]string{}}
	for _, name := range os.Args[1:] {
		if err := seen.readFile(name); err != nil {
			fmt.Fprintln(os.Stderr, "skips:", err)
			os.Exit(1)
		}
	}
	skipped := seen.skipped()
	seen.report(os.Stdout, skipped)
	if len(skipped) > 0 && os.Getenv("MDX_TEST_NOSKIP") == "1" {
		fmt.Fprintln(os.Stderr, "skips: nothing may be skipped here (MDX_TEST_NOSKIP=1)")
		os.Exit(1)
	}
}

// runs is what became of each test, over all runs.
type runs struct {
	ran     map[string]bool
	reasons map[string]string
}

// event is a line of `go test -json`.
type event struct{ Action, Package, Test, Output string }

func (r runs) readFile(name string) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := r.read(file); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

func (r runs) read(from io.Reader) error {
	last := map[string]string{} // what a test said last before its result
	lines := bufio.NewReader(from)
	for {
		line, err := lines.ReadBytes('\n')
		var e event
		if len(line) > 0 {
			if err := json.Unmarshal(line, &e); err != nil {
				return err
			}
		}
		test := e.Package + " " + e.Test
		text := strings.TrimSpace(e.Output)
		switch {
		case e.Test == "":
		case e.Action == "output" && text != "" && !strings.HasPrefix(text, "---") && !strings.HasPrefix(text, "==="):
			last[test] = text
		case e.Action == "pass":
			r.ran[test] = true
		case e.Action == "skip":
			r.reasons[test] = last[test]
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// skipped lists the tests that no run ran.
func (r runs) skipped() []string {
	var tests []string
	for test := range r.reasons {
		if !r.ran[test] {
			tests = append(tests, test)
		}
	}
	slices.Sort(tests)
	return tests
}

func (r runs) report(to io.Writer, skipped []string) {
	if len(skipped) == 0 {
		fmt.Fprintln(to, "== no test was skipped")
		return
	}
	fmt.Fprintf(to, "!! SKIPPED %d test(s):\n", len(skipped))
	for _, test := range skipped {
		fmt.Fprintf(to, "!!   %s\n!!     %s\n", test, r.reasons[test])
	}
}
