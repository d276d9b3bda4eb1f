package mdxsim

import (
	"net/http"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// authentic says whether a request carries a token that is still good
// (PORTAL.md §2).
func (s *Sim) authentic(r *http.Request) bool {
	token, found := strings.CutPrefix(r.Header.Get("Authorization"), "JWT ")
	s.mu.Lock()
	defer s.mu.Unlock()
	return found && s.good(token)
}

// session is what a token stands for.
type session struct {
	user    string
	expires time.Time // on the wall
}

func (s *Sim) good(token string) bool {
	known, ok := s.tokens[token]
	return ok && time.Now().Before(known.expires)
}

// userOf is whose token a request carries.
func (s *Sim) userOf(r *http.Request) string {
	return s.tokens[strings.TrimPrefix(r.Header.Get("Authorization"), "JWT ")].user
}

// refresh answers POST /api/refresh/.
func refresh(c *call) answer {
	var body struct {
		Token string `json:"token"`
	}
	if no, ok := c.read(&body); !ok {
		return no
	}
	switch {
	case body.Token == "":
		return invalid("token", required)
	case !c.good(body.Token):
		return detail(http.StatusUnauthorized, "トークンの有効期限が切れています。")
	}
	return fine(map[string]any{"token": c.issue(c.tokens[body.Token].user)})
}

// login answers POST /api/login/, which is there for debugging (PORTAL.md §2).
func login(c *call) answer {
	var body struct {
		Username string `json:"username"`
		Password string `json:"password"`
	}
	if no, ok := c.read(&body); !ok {
		return no
	}
	if body.Username != c.cfg.Username || body.Password != c.cfg.Password {
		return detail(http.StatusBadRequest, "提供された認証情報でログインできません。")
	}
	return fine(map[string]any{"token": c.issue(body.Username)})
}

// expireTokens ends every token.
func (s *Sim) expireTokens() { clear(s.tokens) }

// ExpireTokens ends every token that was handed out, the first one included. To
// go on, a client needs one from IssueToken, as a user would issue one on the
// portal's page.
func (s *Sim) ExpireTokens() { s.do(s.expireTokens) }

// IssueToken makes a token, as the portal's page does for its user.
func (s *Sim) IssueToken() string { return s.IssueTokenFor(s.cfg.Username) }

// IssueTokenFor is IssueToken for another user, under whose name the history has what is done with it.
func (s *Sim) IssueTokenFor(user string) string {
	var token string
	s.do(func() { token = s.issue(user) })
	return token
}

// issue makes a token, a JWT. Its claim "exp" is in whole seconds and never
// later than the token's real end.
func (s *Sim) issue(user string) string {
	now := time.Now()
	expires := now.Add(s.cfg.TokenLifetime)
	claims := jwt.MapClaims{"user_id": 1, "username": user, "orig_iat": now.Unix(), "jti": s.newID()}
	if s.cfg.Quirks.TokenExp == "yes" {
		claims["exp"] = expires.Unix()
	}
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte("mdxsim"))
	if err != nil {
		return s.cfg.Token // cannot be: the key and the claims are ours
	}
	s.tokens[token] = session{user, expires}
	return token
}
