package portal

import (
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/journal"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
)

// recorder writes the client's orders into the journal, for the run after one that was killed.
type recorder struct {
	*journal.Journal
	portal    string // the portal's address
	workspace string
	opened    time.Time // when this run began: whoever was killed before has sent nothing since
}

func newRecorder(endpoint string, unheard func() bool) recorder {
	j := journal.At(journal.Dir(os.Getenv))
	j.Unheard = unheard
	return recorder{j, portalAddress(endpoint), journal.Workspace(os.Getenv), time.Now()}
}

// portalAddress is an endpoint in the one spelling in which the journal knows a portal: the next run may be given another.
func portalAddress(endpoint string) string {
	u, err := url.Parse(endpoint)
	if err != nil {
		return endpoint
	}
	host := strings.ToLower(u.Host)
	if u.Scheme == "https" { // which is in lower case already
		host = strings.TrimSuffix(host, ":443")
	}
	return u.Scheme + "://" + host + strings.TrimRight(u.Path, "/")
}

// Begin notes the machines of an order.
func (r recorder) Begin(o mdx.Order) (mdx.Record, error) {
	entries := make([]journal.Entry, 0, len(o.Names))
	for _, name := range o.Names {
		entries = append(entries, journal.Entry{Key: r.key(o.Project, name), Operation: o.Operation, Digest: o.Digest, Asked: o.Asked})
	}
	intent, err := r.Journal.Begin(entries...)
	if err != nil {
		return nil, err
	}
	return record{intent}, nil
}

func (r recorder) key(project mdx.ProjectID, name string) journal.Key {
	return journal.Key{Portal: r.portal, Project: string(project), Workspace: r.workspace, Name: name}
}

// record is a journal's intent in the client's terms.
type record struct{ *journal.Intent }

// Accepted notes the portal's tasks.
func (r record) Accepted(tasks []mdx.TaskID) error {
	ids := make([]string, 0, len(tasks))
	for _, id := range tasks {
		ids = append(ids, string(id))
	}
	return r.Intent.Accepted(ids)
}
