package mdx

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// errNoToken says how to come by a token.
var errNoToken = errors.New("no token: issue one on the portal (menu on your user name, トークン発行)")

// tokenSource hands out the token that requests carry, and replaces it before it expires or when the
// portal refuses it. One caller at a time does so; the others wait, and share what came of it.
type tokenSource struct {
	file    string // where the token came from and goes back to; empty if nowhere
	log     *masker
	refresh func(ctx context.Context, token string) (string, error)
	lock    func(ctx context.Context, file string) (release func(), err error)

	turn chan struct{} // held by the caller that replaces the token

	mu       sync.Mutex
	token    knownToken
	quietTil time.Time // no early refresh before, since the last one failed
	attempts int       // replacements tried to the end
	lastErr  error     // what the last one came to
}

// knownToken is a token with what its claims tell.
type knownToken struct {
	text string
	exp  time.Time // zero if it doesn't say
	due  time.Time // when to replace it
}

// readToken looks at a token's claims. Only the expiry matters, so the signature is not checked: the
// portal does that.
func readToken(text string, now time.Time) knownToken {
	t := knownToken{text: text}
	var claims jwt.RegisteredClaims
	if _, _, err := jwt.NewParser().ParseUnverified(text, &claims); err != nil || claims.ExpiresAt == nil {
		// It may have an end all the same, and once expired it can't be refreshed any more (PORTAL.md §2).
		t.due = now.Add(5 * time.Minute)
		return t
	}
	t.exp = claims.ExpiresAt.Time
	// Early enough for a long request, but not on every request of a token that lives for a minute.
	t.due = t.exp.Add(-min(5*time.Minute, max(t.exp.Sub(now), 0)/5))
	return t
}

func newTokenSource(
	cfg Config, refresh func(context.Context, string) (string, error),
	lock func(context.Context, string) (func(), error), log *masker,
) (*tokenSource, error) {
	s := &tokenSource{log: log, refresh: refresh, lock: lock, turn: make(chan struct{}, 1)}
	text := strings.TrimSpace(cfg.Token)
	switch {
	case text != "":
	case cfg.TokenFile != "":
		s.file = cfg.TokenFile
		var err error
		if text, err = readTokenFile(s.file); err != nil {
			return nil, err
		}
	default:
		return nil, errNoToken
	}
	s.set(text)
	return s, nil
}

func (s *tokenSource) set(text string) {
	s.log.protect(text)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.token = readToken(text, time.Now())
}

// peek is the token as it is.
func (s *tokenSource) peek() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.token.text
}

// get is a token for a request, replaced first if it is about to expire. When that fails, the old one
// is tried: it may still be good, and the portal's refusal is the better error.
func (s *tokenSource) get(ctx context.Context) (string, error) {
	s.mu.Lock()
	now, t := time.Now(), s.token
	due := !now.Before(t.due) && !now.Before(s.quietTil)
	s.mu.Unlock()
	if !due {
		return t.text, nil
	}
	err := s.replace(ctx, t.text)
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	if err != nil {
		s.mu.Lock()
		s.quietTil = time.Now().Add(30 * time.Second)
		s.mu.Unlock()
		s.log.write(ctx, LogWarn, "token not refreshed ahead of its expiry", map[string]any{
			"expires": t.exp.Format(time.RFC3339), "error": err.Error(),
		})
	}
	return s.peek(), nil
}

// replace makes sure that the token is another one than stale.
func (s *tokenSource) replace(ctx context.Context, stale string) error {
	s.mu.Lock()
	current, seen := s.token.text, s.attempts
	s.mu.Unlock()
	if current != stale {
		return nil
	}
	release, err := acquire(ctx, s.turn)
	if err != nil {
		return err
	}
	defer release()
	s.mu.Lock()
	current, attempts, lastErr := s.token.text, s.attempts, s.lastErr
	s.mu.Unlock()
	switch {
	case current != stale:
		return nil
	case attempts != seen:
		return lastErr // tried for all of us while we waited
	}
	err = s.replaceNow(ctx, stale)
	if err == nil || ctx.Err() == nil { // a caller that gave up speaks for itself only
		s.mu.Lock()
		s.attempts++
		s.lastErr = err
		s.mu.Unlock()
	}
	return err
}

func (s *tokenSource) replaceNow(ctx context.Context, stale string) error {
	if s.file != "" {
		release, err := s.lock(ctx, s.file)
		if err != nil {
			return err
		}
		defer release()
		// Another process may have been here first.
		if text, err := readTokenFile(s.file); err == nil && text != stale {
			s.set(text)
			return nil
		}
	}
	fresh, err := s.refresh(ctx, stale)
	if err != nil {
		if IsUnauthorized(err) {
			return fmt.Errorf("the token has expired and can't be refreshed: issue a new one on the portal "+
				"(menu on your user name, トークン発行): %w", err)
		}
		return err
	}
	s.set(fresh)
	if s.file != "" {
		if err := writeTokenFile(s.file, fresh); err != nil {
			s.log.write(ctx, LogWarn, "refreshed token not written back", map[string]any{"error": err.Error()})
		}
	}
	return nil
}

// wireToken is a token as the portal sends and takes it.
type wireToken struct {
	Token string `json:"token"`
}

// refresh asks for a new token in exchange for one (PORTAL.md §2).
func (c *Client) refresh(ctx context.Context, token string) (string, error) {
	return c.askToken(ctx, call{op: "refresh token", path: "/api/refresh/", body: wireToken{token}})
}

func (c *Client) askToken(ctx context.Context, r call) (string, error) {
	r.method, r.kind = http.MethodPost, kindToken
	var w wireToken
	if err := c.do(ctx, r, &w); err != nil {
		return "", err
	}
	if w.Token == "" {
		return "", r.failed(errors.New("the answer holds no token"))
	}
	c.log.protect(w.Token)
	return w.Token, nil
}

// RefreshToken replaces the token now (PORTAL.md §2), as the client does by itself when it must: before work during
// which it should not expire, for instance. It answers with an error that [IsUnauthorized] knows when
// a new token has to be issued on the portal.
func (c *Client) RefreshToken(ctx context.Context) error {
	return c.tokens.replace(ctx, c.tokens.peek())
}

// Login asks for a token by name and password. The portal offers this for debugging (PORTAL.md §2):
// people log in on its pages, and programs use a token that was issued there. The configuration's
// token and token file are not used, and not changed.
func Login(ctx context.Context, cfg Config, username, password string) (string, error) {
	cfg.Token, cfg.TokenFile = cmp.Or(cfg.Token, "-"), ""
	c, err := New(cfg)
	if err != nil {
		return "", err
	}
	c.tokens.token = knownToken{}
	c.log.protect(password)
	return c.askToken(ctx, call{
		op: "log in as", object: username, path: "/api/login/",
		body: map[string]string{"username": username, "password": password},
	})
}
