package main

import (
	"slices"
	"strings"
	"testing"
)

func TestATestCountsAsSkippedWhenNoRunRanIt(t *testing.T) {
	const (
		ranHere     = `{"Action":"pass","Package":"p","Test":"TestA"}` + "\n"
		skippedHere = `{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:7: needs 1.12\n"}` + "\n" +
			`{"Action":"output","Package":"p","Test":"TestA","Output":"--- SKIP: TestA (0.00s)\n"}` + "\n" +
			`{"Action":"skip","Package":"p","Test":"TestA"}` + "\n"
		emptyPackage = `{"Action":"skip","Package":"q"}` + "\n"
	)
	for name, test := range map[string]struct {
		runs []string
		want []string
	}{
		"ran":                          {[]string{ranHere}, nil},
		"skipped":                      {[]string{skippedHere}, []string{"p TestA"}},
		"skipped here, ran there":      {[]string{skippedHere, ranHere}, nil},
		"ran here, skipped there":      {[]string{ranHere, skippedHere}, nil},
		"a package without tests":      {[]string{emptyPackage}, nil},
		"skipped without a line break": {[]string{strings.TrimSpace(skippedHere)}, []string{"p TestA"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := runs{ran: map[string]bool{}, reasons: map[string]string{}}
			for _, run := range test.runs {
				if err := r.read(strings.NewReader(run)); err != nil {
					t.Fatal(err)
				}
			}
			if got := r.skipped(); !slices.Equal(got, test.want) {
				t.Errorf("skipped %q, want %q", got, test.want)
			}
			var report strings.Builder
			r.report(&report, r.skipped())
			if len(test.want) > 0 && !strings.Contains(report.String(), "needs 1.12") {
				t.Errorf("the report does not tell the reason:\n%s", report.String())
			}
		})
	}
}

func TestAForeignFileIsAnError(t *testing.T) {
	if err := (runs{}).read(strings.NewReader("ok  \tp\t0.1s\n")); err == nil {
		t.Error("plain go test output was taken for JSON")
	}
}
