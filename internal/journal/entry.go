package journal

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// Key tells which machine an entry is about. Names are unique in a project, and the same project on another portal,
// or the same name in another workspace's state, is somebody else.
type Key struct {
	// Portal is the portal's address.
	Portal string `json:"portal"`
	// Project is the project's id.
	Project string `json:"project"`
	// Workspace is the Terraform workspace that asked.
	Workspace string `json:"workspace"`
	// Name is the machine's name.
	Name string `json:"name"`
}

// Entry is a machine that was asked for, or was about to be.
type Entry struct {
	Key
	// Operation is what was asked, such as "deploy VM".
	Operation string `json:"operation"`
	// Parts are what is about to be made, where that is several things under one name, such as a segment's rules.
	Parts []string `json:"parts,omitempty"`
	// Digest tells requests apart that differ in more than the name; compare it, nothing else.
	Digest string `json:"digest,omitempty"`
	// Owner is a resource that has no name of its own, as its state knows it; empty if that does not.
	Owner string `json:"owner,omitempty"`
	// Asked is when the request was about to be sent, by the portal's clock where that is known.
	Asked time.Time `json:"asked"`
	// Outcome is what became of the request.
	Outcome Outcome `json:"outcome"`
	// Tasks are the ids that the portal answered with. A request for several machines has several, and which is
	// whose the portal's history tells.
	Tasks []string `json:"tasks,omitempty"`
	// HandedOver tells that Terraform was answered with the machine. Its state may lack it all the same, if Terraform
	// was killed before it wrote it down.
	HandedOver bool `json:"handed_over,omitempty"`

	id      string    // of the intent
	writer  string    // who wrote it
	written time.Time // when, by this machine's clock
	file    string    // where it was read
}

// Outcome is what became of a request. Of one that was refused, no entry is left.
type Outcome string

// What may become of a request.
const (
	Open     Outcome = "open"     // it is about to be sent, under way, or its process ended before it was over
	Accepted Outcome = "accepted" // the portal took it
	Lost     Outcome = "lost"     // it was sent, and nobody knows whether the portal took it
)

// entryFile is an entry on the disk, what is for people first.
type entryFile struct {
	About  string `json:"about"`
	Format int    `json:"format"`
	Entry
	Intent  string    `json:"intent"`
	Writer  string    `json:"writer"`
	Written time.Time `json:"written"`
}

const (
	format  = 1
	about   = "terraform-provider-mdx was about to ask the portal for this, and Terraform's state may not know it yet. The next terraform apply takes it up; see the guide \"When an apply is interrupted\"."
	maxSize = 1 << 20 // an entry has a few hundred bytes, or a hundred for each of its parts
)

// encode writes an entry so that decode reads it.
func (e Entry) encode() ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(entryFile{About: about, Format: format, Entry: e, Intent: e.id, Writer: e.writer, Written: e.written})
	return b.Bytes(), err
}

var (
	errForeign = errors.New("not an entry of this journal")
	errFormat  = errors.New("written by another version of the provider")
)

// decode reads an entry, and nothing that is not a whole one.
func decode(data []byte) (Entry, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	var f entryFile
	if err := decoder.Decode(&f); err != nil {
		return Entry{}, fmt.Errorf("%w: %w", errForeign, err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return Entry{}, fmt.Errorf("%w: something follows it", errForeign)
	}
	e := f.Entry
	e.id, e.writer, e.written = f.Intent, f.Writer, f.Written
	switch {
	case f.Format != 0 && f.Format != format:
		return Entry{}, fmt.Errorf("%w: format %d", errFormat, f.Format)
	case f.Format == 0, e.Portal == "", e.Project == "", e.Name == "", e.Workspace == "", e.Asked.IsZero(), !isID(e.id), !isID(e.writer),
		!slices.Contains([]Outcome{Open, Accepted, Lost}, e.Outcome):
		return Entry{}, fmt.Errorf("%w: something is missing", errForeign)
	}
	return e, nil
}

// isID tells whether a text is an id of this package's making, which is safe in a file's name.
func isID(s string) bool {
	return len(s) == idLength && strings.Trim(s, idLetters) == ""
}

// fileName is an entry's file: the machine's name for people, as far as a file can be called so, and the intent.
func (e Entry) fileName() string { return namePrefix(e.Name) + e.id + suffix }

const (
	suffix  = ".json"
	maxName = 80 // bytes of a machine's name in the name of its file
)

// namePrefix is how the names of a machine's files begin, and those of no other. A long name is cut, and told from others
// that begin like it by a digest: each character of a Japanese one takes nine bytes.
func namePrefix(name string) string {
	var b strings.Builder
	for _, c := range []byte(name) {
		if b.Len() >= maxName {
			sum := sha256.Sum256([]byte(name))
			b.WriteString("~" + hex.EncodeToString(sum[:8]))
			break
		}
		switch {
		case c == '-', c == '_', '0' <= c && c <= '9', 'A' <= c && c <= 'Z', 'a' <= c && c <= 'z':
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String() + "."
}
