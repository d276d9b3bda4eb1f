package mdxsim

import (
	"fmt"
	"slices"
	"strings"
)

// Quirks switch between the plausible answers where nobody outside knows how
// the portal behaves, or where both were seen. An empty field is the first
// value that [AllQuirks] lists for it.
type Quirks struct {
	Lists        string // paged, bare, mixed
	Assigned     string // organisations, flat
	ProjectType  string // text, number
	Errors       string // drf, text, html
	TokenExp     string // yes, no
	TaskIDs      string // mixed, text, list
	DeployStatus string // 202, 200
	PowerAnswer  string // empty, task
	Tools        string // mixed, object, list
	StorageKey   string // type, storage_network_type
	TaskErrors   string // both, message, detail, neither
	Masks        string // mixed, text, number, dotted
	Ports        string // mixed, text, number
	ACLBody      string // full, none
	DNATBody     string // none, full
	ACLTwins     string // allowed, refused
	Names        string // strict, late
	TakenName    string // 400, 409
	Overlap      string // refused, half
	Ranges       string // refused, misread
	DigitRange   string // allowed, refused
	Quota        string // refused, fails
	Rename       string // running, stopped
	CloneSource  string // any, stopped
	FailedDeploy string // gone, left
	OffAddress   string // hidden, kept
	Deploying    string // full, bare
	ForeignID    string // 403, 404
	SegmentAPI   string // absent, present
}

// Quirk is one question about the portal and its plausible answers.
type Quirk struct {
	Name    string   // as -quirk takes it, e.g. "task-ids"
	Values  []string // the plausible answers; the first is the default
	Meaning string   // the question
	field   func(*Quirks) *string
}

var quirks = []Quirk{
	{"lists", words("paged bare mixed"), "do lists come in pages, as bare arrays, or now this, now that", func(q *Quirks) *string { return &q.Lists }},
	{"assigned", words("organisations flat"), "do assigned projects come by organisation, or flat and in pages", func(q *Quirks) *string { return &q.Assigned }},
	{"project-type", words("text number"), "is a project's type text or a number", func(q *Quirks) *string { return &q.ProjectType }},
	{"errors", words("drf text html"), "what does an error's body look like", func(q *Quirks) *string { return &q.Errors }},
	{"token-exp", words("yes no"), "does a token say when it expires", func(q *Quirks) *string { return &q.TokenExp }},
	{"task-ids", words("mixed text list"), "does a single task_id come as text or as a list", func(q *Quirks) *string { return &q.TaskIDs }},
	{"deploy-status", words("202 200"), "how is a deploy accepted", func(q *Quirks) *string { return &q.DeployStatus }},
	{"power-answer", words("empty task"), "do power operations answer with a task_id", func(q *Quirks) *string { return &q.PowerAnswer }},
	{"tools", words("mixed object list"), "is vmware_tools an object or a list", func(q *Quirks) *string { return &q.Tools }},
	{"storage-key", words("type storage_network_type"), "what is a storage network's kind called", func(q *Quirks) *string { return &q.StorageKey }},
	{"task-errors", words("both message detail neither"), "where does a failed task say why", func(q *Quirks) *string { return &q.TaskErrors }},
	{"masks", words("mixed text number dotted"), "how are an ACL's masks written", func(q *Quirks) *string { return &q.Masks }},
	{"ports", words("mixed text number"), "how are an ACL's ports written", func(q *Quirks) *string { return &q.Ports }},
	{"acl-body", words("full none"), "does a new ACL rule's answer tell the rule", func(q *Quirks) *string { return &q.ACLBody }},
	{"dnat-body", words("none full"), "does a new DNAT's answer tell the DNAT", func(q *Quirks) *string { return &q.DNATBody }},
	{"acl-twins", words("allowed refused"), "may two ACL rules be equal", func(q *Quirks) *string { return &q.ACLTwins }},
	{"names", words("strict late"), "is a VM's name taken at once, or only when the VM shows", func(q *Quirks) *string { return &q.Names }},
	{"taken-name", words("400 409"), "how is a deploy refused whose name is taken", func(q *Quirks) *string { return &q.TakenName }},
	{"overlap", words("refused half"), "is a deploy that meets another refused, or answered so and half carried out", func(q *Quirks) *string { return &q.Overlap }},
	{"ranges", words("refused misread"), "what becomes of a range that is not of single digits", func(q *Quirks) *string { return &q.Ranges }},
	{"digit-range", words("allowed refused"), "may a digit stand right before a range, as in n-1[0-9]", func(q *Quirks) *string { return &q.DigitRange }},
	{"quota", words("refused fails"), "is a deploy beyond the quota refused, or does its task fail", func(q *Quirks) *string { return &q.Quota }},
	{"rename", words("running stopped"), "may a VM be renamed while it runs", func(q *Quirks) *string { return &q.Rename }},
	{"clone-source", words("any stopped"), "may a VM be cloned while it runs", func(q *Quirks) *string { return &q.CloneSource }},
	{"failed-deploy", words("gone left"), "does a failed deploy leave a VM behind", func(q *Quirks) *string { return &q.FailedDeploy }},
	{"off-address", words("hidden kept"), "does a VM that is off show its address", func(q *Quirks) *string { return &q.OffAddress }},
	{"deploying", words("full bare"), "does a VM that is being deployed tell what it is made of", func(q *Quirks) *string { return &q.Deploying }},
	{"foreign-id", words("403 404"), "how is a project that is not one's own answered", func(q *Quirks) *string { return &q.ForeignID }},
	{"segment-api", words("absent present"), "can segments be made and deleted through the API", func(q *Quirks) *string { return &q.SegmentAPI }},
}

func words(text string) []string { return strings.Fields(text) }

// AllQuirks lists every quirk, so that a test can go through both answers.
func AllQuirks() []Quirk { return slices.Clone(quirks) }

// Set sets one quirk by its name.
func (q *Quirks) Set(name, value string) error {
	i := slices.IndexFunc(quirks, func(k Quirk) bool { return k.Name == name })
	if i < 0 {
		return fmt.Errorf("no quirk is called %q", name)
	}
	if !slices.Contains(quirks[i].Values, value) {
		return fmt.Errorf("quirk %s is one of %s, not %q", name, strings.Join(quirks[i].Values, ", "), value)
	}
	*quirks[i].field(q) = value
	return nil
}

// check sets the defaults and refuses unknown values.
func (q *Quirks) check() error {
	for _, k := range quirks {
		field := k.field(q)
		orDefault(field, k.Values[0])
		if err := q.Set(k.Name, *field); err != nil {
			return err
		}
	}
	return nil
}

// QuirksHelp explains each quirk in a line, for a command's -help.
func QuirksHelp() string {
	var help strings.Builder
	for _, k := range quirks {
		fmt.Fprintf(&help, "  %-14s %-32s %s\n", k.Name, strings.Join(k.Values, "|"), k.Meaning)
	}
	return help.String()
}

// alternates picks one of two for a thing with this id, the same at every call.
func alternates(id string, n int) int {
	sum := 0
	for i := range len(id) {
		sum += int(id[i])
	}
	return sum % n
}
