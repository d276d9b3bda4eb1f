package vcdriver

import (
	"bufio"
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// event is a line of what terraform writes with -json, as far as a controller looks at it.
type event struct {
	Type    string `json:"type"`
	Message string `json:"@message"`
	Hook    struct {
		Resource struct {
			Address string `json:"addr"`
		} `json:"resource"`
		Action string `json:"action"`
	} `json:"hook"`
	Diagnostic struct {
		Severity string `json:"severity"`
		Summary  string `json:"summary"`
		Detail   string `json:"detail"`
	} `json:"diagnostic"`
}

// report is what one run of terraform told.
type report struct {
	t      *testing.T
	err    error // terraform's exit code was not 0
	events []event
}

func newReport(t *testing.T, text []byte, err error) report {
	t.Helper()
	r := report{t: t, err: err}
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			t.Fatalf("not an event: %s", lines.Text())
		}
		r.events = append(r.events, e)
	}
	return r
}

// String is what a person would have read of it, without the refresh.
func (r report) String() string {
	var b strings.Builder
	for _, e := range r.events {
		if strings.HasPrefix(e.Type, "refresh_") || strings.HasSuffix(e.Type, "_progress") {
			continue
		}
		b.WriteString(e.Message + "\n")
		if e.Type == "diagnostic" {
			b.WriteString("  " + strings.ReplaceAll(e.Diagnostic.Detail, "\n", "\n  ") + "\n")
		}
	}
	return b.String()
}

// expect compares what was done with what should have been, each "action address", in any order. Rules follow the
// nodes and are looked at elsewhere.
func (r report) expect(want ...string) {
	r.t.Helper()
	var got []string
	for _, e := range r.events {
		if e.Type == "apply_complete" && !strings.HasPrefix(e.Hook.Resource.Address, "mdx_acl_rule.") && e.Hook.Action != "read" {
			got = append(got, e.Hook.Action+" "+e.Hook.Resource.Address)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		r.t.Errorf("done:\n  %s\nwant:\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

// said tells whether there is a diagnostic with these words.
func (r report) said(severity, words string) bool {
	return slices.ContainsFunc(r.events, func(e event) bool {
		return e.Type == "diagnostic" && e.Diagnostic.Severity == severity && strings.Contains(e.Diagnostic.Summary+"\n"+e.Diagnostic.Detail, words)
	})
}

// both are what happens to a node's VM and host.
func both(action string, ids ...string) (lines []string) {
	for _, id := range ids {
		lines = append(lines, of(action, "vm", id), of(action, "container_host", id))
	}
	return lines
}

func of(action, kind, id string) string { return action + " " + address(kind, id) }

// address is a node's resource as Terraform names it.
func address(kind, id string) string { return "mdx_" + kind + `.node["` + id + `"]` }
