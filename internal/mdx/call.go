package mdx

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/hashicorp/go-retryablehttp"
)

// call is one request to the portal, in this package's words.
type call struct {
	op, object   string // for errors: what is done to what
	method, path string
	query        url.Values
	body         any // nil for none
	kind         callKind
	unpaged      bool    // the first page is asked for without saying so
	roster       *roster // the list that has what it is about, if it is known; see [Client.ask]
}

// callKind says which care a request needs.
type callKind int

const (
	kindPlain  callKind = iota
	kindDetail          // slow on the portal's side: few at once
	kindDeploy          // overloads the portal when sent in parallel: a 404 proves nothing
	kindToken           // asks for a token, so it can't wait for one
	kindRule            // makes a rule: once sent, its answer is waited for; a 404 proves nothing
)

// failed is the error of a call that got no usable answer.
func (r call) failed(err error) *Error {
	return &Error{Op: r.op, Object: r.object, Method: r.method, Path: r.path, Err: err}
}

// safe tells whether sending the request twice does what sending it once does.
func (r call) safe() bool { return r.method != http.MethodPost || r.kind == kindToken }

// flight is what the layers of the transport tell each other about a call while it is under way.
type flight struct {
	call
	sent     bool  // the last attempt may have reached the portal
	attempts int   // how many were made
	tokenErr error // why a refused token could not be replaced

	requestID string // of the last attempt
}

type flightKey struct{}

// flightOf is the flight a request belongs to.
func flightOf(ctx context.Context) *flight {
	if f, ok := ctx.Value(flightKey{}).(*flight); ok {
		return f
	}
	return &flight{}
}

// pathOf puts ids into a path, each for a %s.
func pathOf[ID ~string](format string, ids ...ID) string {
	escaped := make([]any, 0, len(ids))
	for _, id := range ids {
		escaped = append(escaped, url.PathEscape(string(id)))
	}
	return fmt.Sprintf(format, escaped...)
}

// check refuses a path that an id has turned into that of something else.
func (r call) check() error {
	for part := range strings.SplitSeq(strings.Trim(r.path, "/"), "/") {
		if part == "" || part == "." || part == ".." {
			return errors.New("an id is empty or is no id")
		}
	}
	return nil
}

// do sends r and decodes the answer into out, unless out is nil. An empty answer is one that says
// nothing: fine for a change, an error for a question.
func (c *Client) do(ctx context.Context, r call, out any) error {
	f := &flight{call: r}
	if r.method != http.MethodGet && r.kind != kindToken {
		c.changes.Add(1)
	}
	status, data, err := c.send(context.WithValue(ctx, flightKey{}, f), r)
	e := r.failed(err)
	e.Status, e.RequestID = status, f.requestID
	e.Ambiguous = f.sent && !r.safe()
	switch {
	case err != nil:
		return e
	case status/100 != 2:
		e.Message, e.Fields = c.log.message(data)
		e.Err = f.tokenErr
		e.Ambiguous = e.Ambiguous && (status >= 500 || status == http.StatusNotFound && (r.kind == kindDeploy || r.kind == kindRule))
		return e
	case looksLikeHTML(data):
		e.Message, e.Err = c.log.title(data), errMaintenance
		return e
	case out == nil, len(bytes.TrimSpace(data)) == 0 && r.method != http.MethodGet:
		return nil
	}
	if err := json.Unmarshal(data, out); err != nil {
		e.Err = fmt.Errorf("%w: %w", errUnreadable, err)
		return e
	}
	return nil
}

// errUnreadable is the cause when an answer is not what this package can read.
var errUnreadable = errors.New("the answer can't be read")

// send goes through the transport's layers and reads the answer.
func (c *Client) send(ctx context.Context, r call) (status int, data []byte, err error) {
	if err := r.check(); err != nil {
		return 0, nil, err
	}
	var body any
	if r.body != nil {
		if body, err = json.Marshal(r.body); err != nil {
			return 0, nil, err
		}
	}
	target := c.base.JoinPath(r.path)
	target.RawQuery = r.query.Encode()
	req, err := retryablehttp.NewRequestWithContext(ctx, r.method, target.String(), body)
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", c.cfg.UserAgent)
	resp, err := c.http.Do(req)
	if err != nil {
		if resp != nil {
			err = errors.Join(err, resp.Body.Close())
		}
		return 0, nil, c.log.error(reachability(err))
	}
	data, err = io.ReadAll(resp.Body)
	return resp.StatusCode, data, errors.Join(err, resp.Body.Close())
}
