package mdxsim

import (
	"encoding/json"
	"net"
	"net/http"
	"slices"
)

// before is what a fault does to a request that has not been carried out; nil
// lets it go on.
func (s *Sim) before(f Fault) *answer {
	switch f.Kind {
	case TokenExpires:
		s.expireTokens()
		return new(unauthorized())
	case Unauthorized:
		return new(unauthorized())
	case SpotSleeps:
		s.sleepAny()
	case NotFound:
		if !f.After {
			return new(notFound())
		}
	case TooMany:
		return new(detail(http.StatusTooManyRequests, "リクエストの制限を超えました。"))
	case TaskFails:
		s.failing = 1
	}
	if !f.After {
		return f.instead()
	}
	return nil
}

// instead is the answer that a fault gives in place of the real one, if it does.
func (f Fault) instead() *answer {
	switch f.Kind {
	case Error500:
		return &answer{http.StatusInternalServerError, page("<h1>Server Error (500)</h1>")}
	case Error502:
		return &answer{http.StatusBadGateway, page("<h1>502 Bad Gateway</h1>")}
	case Error503:
		return &answer{http.StatusServiceUnavailable, page("<h1>503 Service Temporarily Unavailable</h1>")}
	case NotFound:
		return new(notFound())
	case HTML:
		return &answer{http.StatusOK, page("<h1>ただいまメンテナンス中です</h1>")}
	}
	return nil
}

// spoil changes what a request that was carried out is answered with.
func (f Fault) spoil(a *answer) *answer {
	if f.Kind == ListOmits {
		return omit(a, f.Element)
	}
	if f.After {
		if other := f.instead(); other != nil {
			return other
		}
	}
	return a
}

// omit leaves an element out of a list.
func omit(a *answer, element int) *answer {
	without := func(all []any) []any {
		if len(all) == 0 {
			return all
		}
		i := min(element, len(all)-1)
		return slices.Delete(slices.Clone(all), i, i+1)
	}
	switch body := a.body.(type) {
	case []any:
		return &answer{a.status, without(body)}
	case map[string]any:
		if results, is := body["results"].([]any); is {
			body["results"] = without(results)
		}
	}
	return a
}

// cut resets the connection so that the client sees it reset.
func cut(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	if tcp, is := conn.(*net.TCPConn); is {
		_ = tcp.SetLinger(0) // it is closed all the same
	}
	_ = conn.Close() // nobody is left to tell
}

// truncate writes the first half of an answer as if that were all.
func (a answer) truncate(w http.ResponseWriter) {
	text, err := json.Marshal(a.body)
	if err != nil || a.body == nil {
		text = []byte(`{"task_id": "`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(a.status)
	_, _ = w.Write(text[:max(1, len(text)/2)]) // the client's loss
}
