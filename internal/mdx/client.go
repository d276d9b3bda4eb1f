package mdx

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"

	"golang.org/x/net/http/httpproxy"
)

// Client talks to one portal as one user. It is safe for concurrent use; make one with [New].
type Client struct {
	cfg     Config
	base    *url.URL
	http    *http.Client
	tokens  *tokenSource
	details chan struct{} // a slot for each detail that may be asked for at once

	mu      sync.Mutex
	deploys map[ProjectID]chan struct{} // one deploy at a time
}

// New makes a client. It checks the configuration and reads the token file, but sends nothing: the
// first request is the caller's.
func New(cfg Config) (*Client, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	base, err := parseEndpoint(cfg.Endpoint)
	if err != nil {
		return nil, err
	}
	tokens, err := newTokenSource(cfg)
	if err != nil {
		return nil, err
	}
	transport := cfg.Transport
	if transport == nil {
		transport = newTransport(cfg.IPVersion)
	}
	return &Client{
		cfg:     cfg,
		base:    base,
		http:    &http.Client{Transport: transport, Timeout: cfg.RequestTimeout},
		tokens:  tokens,
		details: make(chan struct{}, 8),
		deploys: map[ProjectID]chan struct{}{},
	}, nil
}

// newTransport verifies TLS, takes proxies from the environment as it is now, and dials as told.
func newTransport(version IPVersion) *http.Transport {
	proxy := httpproxy.FromEnvironment().ProxyFunc()
	dialer := &net.Dialer{}
	return &http.Transport{
		Proxy: func(r *http.Request) (*url.URL, error) { return proxy(r.URL) },
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			return dialer.DialContext(ctx, version.dialNetwork(network, address), address)
		},
		ForceAttemptHTTP2:   true,
		MaxIdleConnsPerHost: 30,
	}
}

// tokenSource holds the token.
type tokenSource struct{ token string }

func newTokenSource(cfg Config) (*tokenSource, error) {
	if cfg.Token != "" {
		return &tokenSource{token: cfg.Token}, nil
	}
	if cfg.TokenFile == "" {
		return nil, errors.New("no token: issue one on the portal (menu on your user name)")
	}
	data, err := os.ReadFile(cfg.TokenFile)
	if err != nil {
		return nil, fmt.Errorf("read token file: %w", err)
	}
	token := strings.TrimSpace(string(data))
	var object struct{ Token string }
	if json.Unmarshal(data, &object) == nil {
		token = object.Token
	}
	if token == "" {
		return nil, fmt.Errorf("token file %s holds no token", cfg.TokenFile)
	}
	return &tokenSource{token: token}, nil
}

// call is one request to the portal, in this package's words.
type call struct {
	op, object   string // for errors: what is done to what
	method, path string
	query        url.Values
	body         any // nil for none
	kind         callKind
}

// failed is the error of a call that got no usable answer.
func (r call) failed(err error) *Error {
	return &Error{Op: r.op, Object: r.object, Method: r.method, Path: r.path, Err: err}
}

// callKind says which care a request needs.
type callKind int

const (
	kindPlain  callKind = iota
	kindDetail          // slow on the portal's side: few at once
	kindDeploy          // overloads the portal when sent in parallel: a 404 proves nothing
)

// do sends c and decodes the answer into out, unless out is nil or the answer is empty.
func (c *Client) do(ctx context.Context, r call, out any) error {
	fail := func(status int, err error) *Error {
		return &Error{Op: r.op, Object: r.object, Method: r.method, Path: r.path, Status: status, Err: err}
	}
	var body io.Reader
	if r.body != nil {
		data, err := json.Marshal(r.body)
		if err != nil {
			return fail(0, err)
		}
		body = bytes.NewReader(data)
	}
	target := c.base.JoinPath(r.path)
	target.RawQuery = r.query.Encode()
	req, err := http.NewRequestWithContext(ctx, r.method, target.String(), body)
	if err != nil {
		return fail(0, err)
	}
	req.Header.Set("Authorization", "JWT "+c.tokens.token)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", c.cfg.UserAgent)
	resp, err := c.http.Do(req)
	if err != nil {
		e := fail(0, err)
		e.Ambiguous = r.method == http.MethodPost
		return e
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		e := fail(resp.StatusCode, err)
		e.Ambiguous = r.method == http.MethodPost
		return e
	}
	if resp.StatusCode/100 != 2 {
		e := fail(resp.StatusCode, nil)
		e.Message, e.Fields = portalMessage(data)
		e.Ambiguous = r.method == http.MethodPost && (resp.StatusCode >= 500 ||
			r.kind == kindDeploy && resp.StatusCode == http.StatusNotFound)
		return e
	}
	if looksLikeHTML(data) {
		e := fail(resp.StatusCode, errMaintenance)
		e.Message = htmlTitle(data)
		e.Ambiguous = r.method == http.MethodPost
		return e
	}
	if out == nil || len(bytes.TrimSpace(data)) == 0 {
		return nil
	}
	if err := json.Unmarshal(data, out); err != nil {
		e := fail(resp.StatusCode, fmt.Errorf("decode the answer: %w", err))
		e.Ambiguous = r.method == http.MethodPost
		return e
	}
	return nil
}

// acquire waits for a place in slots; release gives it back.
func acquire(ctx context.Context, slots chan struct{}) (release func(), err error) {
	select {
	case slots <- struct{}{}:
		return func() { <-slots }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// deploySlot is the one place for deploys and clones of a project.
func (c *Client) deploySlot(project ProjectID) chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	slot, ok := c.deploys[project]
	if !ok {
		slot = make(chan struct{}, 1)
		c.deploys[project] = slot
	}
	return slot
}
