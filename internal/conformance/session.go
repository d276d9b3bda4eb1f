package conformance

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
	"strings"
	"time"
)

// Config says which portal to ask, and as whom.
type Config struct {
	// Endpoint is the portal's base URL. Plain http is taken for loopback
	// addresses only, since the token goes with every request.
	Endpoint string
	// Token is sent as "Authorization: JWT".
	Token string
	// Project is the id or name of the project to look at; empty: the first
	// that is neither expired nor suspended.
	Project string
	// Pace is the time between two polls. Zero: 5 s.
	Pace time.Duration
	// Patience bounds how long one thing is waited for, an address for
	// instance. Zero: 30 min.
	Patience time.Duration
	// Prefix begins the name of the VM that [Writings] makes. Empty:
	// "mdxprobe-".
	Prefix string
}

// Session is a run against one portal: raw HTTP, and what was found out so far.
type Session struct {
	cfg     Config
	base    *url.URL
	http    *http.Client
	project object
	names   map[string]bool // what Mask takes out
	probe   probe           // what the writing facts made
}

// Open checks the configuration and finds the project.
func Open(ctx context.Context, cfg Config) (*Session, error) {
	if cfg.Pace == 0 {
		cfg.Pace = 5 * time.Second
	}
	if cfg.Patience == 0 {
		cfg.Patience = 30 * time.Minute
	}
	if cfg.Prefix == "" {
		cfg.Prefix = "mdxprobe-"
	}
	base, err := url.Parse(strings.TrimSuffix(cfg.Endpoint, "/"))
	if err != nil || base.Host == "" {
		return nil, fmt.Errorf("endpoint %q: not a URL such as https://oprpl.mdx.jp", cfg.Endpoint)
	}
	if ip := net.ParseIP(base.Hostname()); base.Scheme != "https" && (ip == nil || !ip.IsLoopback()) && base.Hostname() != "localhost" {
		return nil, fmt.Errorf("endpoint %q: plain http would show your token to everyone on the way; use https", cfg.Endpoint)
	}
	s := &Session{cfg: cfg, base: base, http: newHTTP(), names: map[string]bool{}}
	if err := s.findProject(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

// newHTTP is a client that speaks IPv4, since the portal's name may resolve to
// an IPv6 address that cannot be reached (PORTAL.md §1), and follows nothing.
func newHTTP() *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone() //nolint:forcetypeassert // the standard library's own
	dialer := &net.Dialer{Timeout: 30 * time.Second}
	transport.DialContext = func(ctx context.Context, _, address string) (net.Conn, error) {
		return dialer.DialContext(ctx, "tcp4", address)
	}
	return &http.Client{
		Transport: transport, Timeout: 120 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Close gives connections back.
func (s *Session) Close() { s.http.CloseIdleConnections() }

func (s *Session) findProject(ctx context.Context) error {
	answer, err := s.get(ctx, "/api/project/assigned/")
	if err != nil {
		return err
	}
	if answer.status == http.StatusUnauthorized {
		return errors.New("the portal refuses the token: issue a new one on its page (menu on your name)")
	}
	var projects []object
	for _, row := range answer.rows() {
		s.learn(row.text("name"))
		if inner := row.objects("projects"); inner != nil {
			projects = append(projects, inner...)
		} else {
			projects = append(projects, row)
		}
	}
	var known []string
	for _, p := range projects {
		s.learn(p.text("name"))
		known = append(known, p.text("name"))
		closed := p["expired"] == true || p["suspended"] == true
		if s.project == nil && (s.cfg.Project == "" && !closed || s.cfg.Project != "" && (s.cfg.Project == p.text("uuid") || s.cfg.Project == p.text("name"))) {
			s.project = p
		}
	}
	if s.project == nil {
		return fmt.Errorf("no project %q among %q (status %d)", s.cfg.Project, known, answer.status)
	}
	return nil
}

func (s *Session) projectID() string { return s.project.text("uuid") }

// get asks with the token.
func (s *Session) get(ctx context.Context, path string) (*reply, error) {
	return s.ask(ctx, http.MethodGet, path, nil, s.cfg.Token)
}

// send asks with the token and a body as JSON.
func (s *Session) send(ctx context.Context, method, path string, body any) (*reply, error) {
	return s.ask(ctx, method, path, body, s.cfg.Token)
}

func (s *Session) ask(ctx context.Context, method, path string, body any, token string) (*reply, error) {
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		content = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(ctx, method, s.base.String()+path, content)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept", "application/json")
	r.Header.Set("Accept-Language", "ja")
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		r.Header.Set("Authorization", "JWT "+token)
	}
	answer, err := s.http.Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }() // it was only read
	text, err := io.ReadAll(io.LimitReader(answer.Body, 16<<20))
	if err != nil {
		return nil, err
	}
	return &reply{status: answer.StatusCode, header: answer.Header, body: text}, nil
}

// until polls until it holds, the patience is at its end, or the context is.
func (s *Session) until(ctx context.Context, holds func() bool) bool {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Patience)
	defer cancel()
	ticker := time.NewTicker(s.cfg.Pace)
	defer ticker.Stop()
	for {
		if holds() {
			return true
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return false
		}
	}
}
