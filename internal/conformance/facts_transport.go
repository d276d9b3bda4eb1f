package conformance

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
)

// nobody is an id that nothing has.
const nobody = "00000000-0000-4000-8000-000000000000"

// Readings are the facts that can be told by looking.
func Readings() []Fact {
	return slices.Concat(transport(), authentication(), lists(), projects(), machines(), tasks(), networks())
}

// transport is PORTAL.md §1.
func transport() []Fact {
	return []Fact{
		{"json", 1, Official, "Answers are JSON.", asking("/api/project/assigned/", func(r *reply) Finding {
			return holds(strings.HasPrefix(r.header.Get("Content-Type"), "application/json"), "Content-Type %q", r.header.Get("Content-Type"))
		})},
		{"slash-redirect", 1, CLI, "A path without its trailing slash is redirected with 301.", func(ctx context.Context, s *Session) Finding {
			vm, ok := s.anyVM(ctx)
			if !ok {
				return notSeen("the project has no VM")
			}
			path := "/api/vm/" + vm.text("uuid") + "/csv"
			return asking(path, func(r *reply) Finding {
				return holds(r.status == http.StatusMovedPermanently && strings.HasSuffix(r.header.Get("Location"), path+"/"),
					"status %d, Location %q", r.status, r.header.Get("Location"))
			})(ctx, s)
		}},
		{"slash-free-dnat", 1, Official, "The DNAT list answers without the slash.", func(ctx context.Context, s *Session) Finding {
			return asking("/api/dnat/project/"+s.projectID(), func(r *reply) Finding { return holds(r.status == http.StatusOK, "status %d", r.status) })(ctx, s)
		}},
		{"slash-free-segment", 1, Official, "A segment's summary answers without the slash.", func(ctx context.Context, s *Session) Finding {
			segment, ok := s.anySegment(ctx)
			if !ok {
				return notSeen("the project has no segment")
			}
			return asking("/api/segment/"+segment.text("uuid")+"/summary", func(r *reply) Finding {
				return holds(r.status == http.StatusOK, "status %d", r.status)
			})(ctx, s)
		}},
		{"error-shape", 1, Unknown, "What does an error's body look like?", asking("/api/vm/"+nobody+"/", func(r *reply) Finding {
			return answered("status %d, %s", r.status, r.shape())
		})},
		{"unknown-project", 1, Unknown, "How is a project answered that is not one's own?", asking("/api/vm/project/"+nobody+"/", func(r *reply) Finding {
			return answered("status %d, %s", r.status, r.shape())
		})},
	}
}

// authentication is PORTAL.md §2.
func authentication() []Fact {
	return []Fact{
		{"no-token", 2, Official, "Without a token nothing is told.", func(ctx context.Context, s *Session) Finding {
			r, err := s.ask(ctx, http.MethodGet, "/api/project/assigned/", nil, "")
			if err != nil {
				return notSeen("%v", err)
			}
			return holds(r.status == http.StatusUnauthorized || r.status == http.StatusForbidden, "status %d, %s", r.status, r.shape())
		}},
		{"refresh", 2, Official, "POST /api/refresh/ gives a new token for an old one.", func(ctx context.Context, s *Session) Finding {
			r, err := s.send(ctx, http.MethodPost, "/api/refresh/", object{"token": s.cfg.Token})
			if err != nil {
				return notSeen("%v", err)
			}
			token := r.object().text("token")
			if r.status != http.StatusOK || token == "" {
				return differs("status %d, %s", r.status, r.shape())
			}
			s.probe.fresh = token
			return recorded("status 200, %s", map[bool]string{true: "the same token", false: "another token"}[token == s.cfg.Token])
		}},
		{"token-exp", 2, Unknown, "Is the token a JWT that says when it expires, and how long does it live?", func(_ context.Context, s *Session) Finding {
			claims, is := claimsOf(s.probe.fresh)
			if !is {
				return answered("it is no JWT, or none was got")
			}
			expires, has := claims["exp"].(float64)
			if !has {
				return answered("a JWT without exp; claims %s", shapeOf(map[string]any(claims)))
			}
			left := time.Until(time.Unix(int64(expires), 0)).Round(time.Minute)
			return answered("a JWT with exp, good for %s more; claims %s", left, shapeOf(map[string]any(claims)))
		}},
		{"refresh-nonsense", 2, Unknown, "How is a token refused that never was?", func(ctx context.Context, s *Session) Finding {
			r, err := s.ask(ctx, http.MethodPost, "/api/refresh/", object{"token": "e30.e30.e30"}, "")
			if err != nil {
				return notSeen("%v", err)
			}
			return answered("status %d, %s", r.status, r.shape())
		}},
	}
}

// claimsOf reads a JWT's claims without trusting them.
func claimsOf(token string) (object, bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, false
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return nil, false
	}
	var claims object
	err = json.Unmarshal(text, &claims)
	return claims, err == nil
}

// asking makes a fact's question of a path and of what to make of the answer.
func asking(path string, judge func(*reply) Finding) func(context.Context, *Session) Finding {
	return func(ctx context.Context, s *Session) Finding {
		r, err := s.get(ctx, path)
		if err != nil {
			return notSeen("%v", err)
		}
		return judge(r)
	}
}

// ofProject is asking for a path with the project's id in place of {}.
func ofProject(path string, judge func(*reply) Finding) func(context.Context, *Session) Finding {
	return func(ctx context.Context, s *Session) Finding {
		return asking(strings.ReplaceAll(path, "{}", s.projectID()), judge)(ctx, s)
	}
}
