package mdx

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"
)

// masker is the one way from this package to a [Logger] and into errors: it takes out tokens, keys and
// passwords.
type masker struct {
	log Logger

	mu      sync.Mutex
	secrets []string // the tokens in use, oldest first
}

// maskedAs stands where a secret was.
const maskedAs = "***"

// protect adds a token to what is taken out of texts.
func (m *masker) protect(secret string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	const keep = 8 // tokens change, but not while their requests are under way
	if len(secret) >= 4 {
		m.secrets = append(m.secrets[max(0, len(m.secrets)-keep):len(m.secrets):len(m.secrets)], secret)
	}
}

// jwtPattern finds anything that looks like a token, whoever's it is.
var jwtPattern = regexp.MustCompile(`\b[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\b`)

// text takes secrets out of a text.
func (m *masker) text(s string) string {
	m.mu.Lock()
	secrets := m.secrets
	m.mu.Unlock()
	for _, secret := range secrets {
		s = strings.ReplaceAll(s, secret, maskedAs)
	}
	return jwtPattern.ReplaceAllString(s, maskedAs)
}

// error hides err's own text if a secret is in it.
func (m *masker) error(err error) error {
	if clean := m.text(err.Error()); clean != err.Error() {
		return &maskedError{text: clean, err: err}
	}
	return err
}

type maskedError struct {
	text string
	err  error
}

// Error is the text without secrets.
func (e *maskedError) Error() string { return e.text }

// Unwrap returns what the text is of.
func (e *maskedError) Unwrap() error { return e.err }

// write tells the logger, if there is one.
func (m *masker) write(ctx context.Context, level LogLevel, msg string, fields map[string]any) {
	if m.log == nil {
		return
	}
	for key, value := range fields {
		if s, ok := value.(string); ok {
			fields[key] = m.text(s)
		}
	}
	m.log(ctx, level, m.text(msg), fields)
}

// secretWords are in the names of JSON fields whose values must not be logged.
var secretWords = []string{"token", "key", "password", "secret", "authorization"}

// plainNames are names that hold such a word and no secret.
var plainNames = map[string]bool{"task_id": true, "device_key": true}

// body is a JSON body as it may be logged; anything else is told by its size only.
func (m *masker) body(data []byte) string {
	var value any
	if err := json.Unmarshal(data, &value); err != nil {
		if looksLikeHTML(data) {
			return "web page: " + m.title(data)
		}
		return ""
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(maskFields(value)); err != nil {
		return ""
	}
	return m.text(strings.TrimSpace(out.String()))
}

func maskFields(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for name, inner := range v {
			if isSecretName(name) {
				v[name] = maskedAs
			} else {
				v[name] = maskFields(inner)
			}
		}
	case []any:
		for i, inner := range v {
			v[i] = maskFields(inner)
		}
	}
	return value
}

func isSecretName(name string) bool {
	name = strings.ToLower(name)
	if plainNames[name] {
		return false
	}
	for _, word := range secretWords {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}

// logging tells the logger about every attempt.
type logging struct {
	next http.RoundTripper
	log  *masker
}

// RoundTrip tells of the request before, and of the answer after.
func (t *logging) RoundTrip(req *http.Request) (*http.Response, error) {
	if t.log.log == nil {
		return t.next.RoundTrip(req)
	}
	ctx := req.Context()
	f := flightOf(ctx)
	about := func(more map[string]any) map[string]any {
		more["method"], more["path"], more["operation"] = req.Method, req.URL.RequestURI(), f.op
		more["request_id"] = f.requestID
		if f.object != "" {
			more["object"] = f.object
		}
		return more
	}
	if req.GetBody != nil {
		if body, err := req.GetBody(); err == nil && req.ContentLength > 0 {
			data, _ := io.ReadAll(body)
			t.log.write(ctx, LogTrace, "request body", about(map[string]any{"body": t.log.body(data)}))
		}
	}
	start := time.Now()
	resp, err := t.next.RoundTrip(req)
	took := time.Since(start).Round(time.Millisecond).String()
	if err != nil {
		t.log.write(ctx, LogDebug, "no answer", about(map[string]any{"took": took, "error": err.Error()}))
		return nil, err
	}
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(data))
	t.log.write(ctx, LogDebug, "answer", about(map[string]any{"status": resp.StatusCode, "bytes": len(data), "took": took}))
	t.log.write(ctx, LogTrace, "answer body", about(map[string]any{"body": t.log.body(data)}))
	return resp, nil
}
