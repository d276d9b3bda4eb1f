package mdxsim

import (
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"strings"
)

// answer is what a request is answered with. A nil body is an empty one.
type answer struct {
	status int
	body   any
}

// page is an HTML body, plain one of mere text; anything else goes as JSON.
type (
	page  string
	plain string
)

func fine(body any) answer     { return answer{http.StatusOK, body} }
func accepted(body any) answer { return answer{http.StatusAccepted, body} }

// The portal is taken to be a Django REST framework that speaks Japanese
// (PORTAL.md §1).

func notFound() answer { return detail(http.StatusNotFound, "見つかりませんでした。") }

func forbidden() answer {
	return detail(http.StatusForbidden, "このアクションを実行する権限がありません。")
}

func unauthorized() answer {
	return detail(http.StatusUnauthorized, "認証情報が含まれていないか、トークンの有効期限が切れています。")
}

func notAllowed(method string) answer {
	return detail(http.StatusMethodNotAllowed, "メソッド \""+method+"\" は許されていません。")
}

func detail(status int, text string) answer {
	return answer{status, map[string]any{"detail": text}}
}

// invalid says what is wrong with a field of the body.
func invalid(field, text string) answer {
	return answer{http.StatusBadRequest, map[string]any{field: []string{text}}}
}

const (
	required   = "この項目は必須です。"
	wrongValue = "不正な値です。"
)

// dressed puts an error into the shape that the quirk asks for.
func (a answer) dressed(shape string) answer {
	said, is := a.body.(map[string]any)
	if a.status < http.StatusBadRequest || !is || shape == "drf" {
		return a
	}
	var text strings.Builder
	for field, what := range said {
		switch what := what.(type) {
		case []string:
			text.WriteString(field + ": " + strings.Join(what, " "))
		default:
			fmt.Fprint(&text, what)
		}
	}
	if shape == "html" {
		return answer{a.status, page("<h1>" + html.EscapeString(text.String()) + "</h1>")}
	}
	return answer{a.status, plain(text.String())}
}

func (a answer) write(w http.ResponseWriter) {
	switch body := a.body.(type) {
	case nil:
		w.WriteHeader(a.status)
	case plain:
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(a.status)
		_, _ = io.WriteString(w, string(body)) // the client's loss
	case page:
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(a.status)
		_, _ = io.WriteString(w, "<!doctype html><html lang=\"ja\"><body>"+string(body)+"</body></html>") // the client's loss
	default:
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(a.status)
		encoder := json.NewEncoder(w)
		encoder.SetEscapeHTML(false)
		_ = encoder.Encode(body) // the client's loss
	}
}
