package mdxsim_test

import (
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// A path without its slash is redirected, except where the official client
// leaves it out (PORTAL.md §1).
func TestTrailingSlash(t *testing.T) {
	p := frozen(t, fast())
	for path, want := range map[string]int{
		"/api/vm/" + sato + "/csv":                 301,
		"/api/vm/" + sato + "/csv/":                200,
		"/api/project/assigned":                    301,
		"/api/dnat/project/" + demoProject:         200,
		"/api/segment/" + demoSegment + "/summary": 200,
	} {
		got := p.get(path)
		if got.status != want {
			t.Errorf("%s: %d, want %d", path, got.status, want)
		}
		if want == 301 && got.header.Get("Location") != path+"/" {
			t.Errorf("%s: redirected to %q", path, got.header.Get("Location"))
		}
	}
	if got := p.post("/api/vm/deploy?x=1", deployBody("a", nil)).must(301).header.Get("Location"); got != "/api/vm/deploy/?x=1" {
		t.Errorf("deploy is redirected to %q", got)
	}
	if n := p.Stats().Deployed; n != 0 {
		t.Errorf("a redirected deploy made %d machines", n)
	}
}

func TestWhatDoesNotExist(t *testing.T) {
	p := frozen(t, fast())
	if page := p.get("/api/nothing/").must(404); !strings.Contains(page.header.Get("Content-Type"), "html") {
		t.Errorf("an unknown path is answered with %s", page.header.Get("Content-Type"))
	}
	p.del("/api/vm/deploy/").must(405)
	p.get("/api/project/nothing/summary/").must(403)
	p.get("/api/vm/nothing/").must(404)
	p.get("/api/task/nothing/").must(404)
	p.get("/api/history/vm/nothing/").must(404)
	p.get("/api/segment/nothing/summary").must(404)
	p.get("/api/acl/segment/nothing/").must(404)
	p.post("/api/vm/deploy/", "{").must(400)
	p.post("/api/vm/deploy/", "").must(400)
}

// The shapes of an error's body.
func TestErrorShapes(t *testing.T) {
	for shape, content := range map[string]string{"drf": "application/json", "text": "text/plain", "html": "text/html"} {
		cfg := fast()
		cfg.Quirks.Errors = shape
		p := frozen(t, cfg)
		refused := p.post("/api/vm/deploy/", deployBody("", nil)).must(400)
		if got := refused.header.Get("Content-Type"); !strings.HasPrefix(got, content) {
			t.Errorf("%s: content type %s", shape, got)
		}
		if !strings.Contains(refused.text, "vm_name") || !strings.Contains(refused.text, "必須") {
			t.Errorf("%s: %s", shape, refused.text)
		}
	}
}

// Everything but refresh and login needs a token that has not run out.
func TestTokens(t *testing.T) {
	p := frozen(t, fast())
	fresh := p.post("/api/refresh/", map[string]any{"token": "t0"}).must(200).object()["token"].(string)
	claims := jwt.MapClaims{}
	if _, _, err := jwt.NewParser().ParseUnverified(fresh, claims); err != nil {
		t.Fatal(err)
	}
	if expires, err := claims.GetExpirationTime(); err != nil || expires == nil || time.Until(expires.Time) > time.Hour {
		t.Errorf("exp: %v, %v", expires, err)
	}
	p.get("/api/project/assigned/").must(200) // the old one still counts
	p.token = fresh
	p.get("/api/project/assigned/").must(200)

	p.ExpireTokens()
	p.get("/api/project/assigned/").must(401)
	p.post("/api/refresh/", map[string]any{"token": fresh}).must(401)
	p.post("/api/refresh/", map[string]any{}).must(400)
	p.post("/api/login/", map[string]any{"username": "demo", "password": "wrong"}).must(400)
	p.token = p.post("/api/login/", map[string]any{"username": "demo", "password": "demo"}).must(200).object()["token"].(string)
	p.get("/api/project/assigned/").must(200)

	p.ExpireTokens()
	p.token = p.IssueToken()
	p.get("/api/project/assigned/").must(200)
	p.token = ""
	p.get("/api/project/assigned/").must(401)
}

func TestTokenRunsOut(t *testing.T) {
	cfg := fast()
	cfg.TokenLifetime = time.Nanosecond
	frozen(t, cfg).get("/api/project/assigned/").must(401)
}
