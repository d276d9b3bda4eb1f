package mdx

import (
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// Error is a request that the portal refused, failed, or did not answer.
//
// Use it with [errors.As], or ask the predicates of this package.
type Error struct {
	// Op is what was being done, such as "deploy VM".
	Op string
	// Object is the name or id it was done to; empty for lists.
	Object string
	// Method and Path tell the request.
	Method, Path string
	// Status is the HTTP status, or 0 if no answer arrived.
	Status int
	// RequestID is what the last attempt was sent with as X-Request-Id, for those who look after the portal.
	RequestID string
	// Message is the portal's own text, in its own language; empty if there was none.
	Message string
	// Fields holds the portal's complaints by the name of the field they are about.
	Fields map[string][]string
	// Ambiguous is set on a change that may have been carried out although its answer was lost or
	// says otherwise (PORTAL.md §8). It must not be sent again before the portal was asked.
	Ambiguous bool
	// Err is the cause below, such as a connection error; nil if the portal answered.
	Err error
}

// Error tells operation, object, the portal's words and the next step.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Op)
	if e.Object != "" {
		fmt.Fprintf(&b, " %q", e.Object)
	}
	b.WriteString(": ")
	if e.Status != 0 {
		fmt.Fprintf(&b, "the portal answered %d %s to %s %s", e.Status, http.StatusText(e.Status), e.Method, e.Path)
		if e.Status >= http.StatusInternalServerError && e.RequestID != "" {
			fmt.Fprintf(&b, " (request %s)", e.RequestID)
		}
	} else {
		fmt.Fprintf(&b, "no usable answer to %s %s", e.Method, e.Path)
	}
	if e.Message != "" {
		fmt.Fprintf(&b, ": %s", e.Message)
	}
	if e.Err != nil {
		fmt.Fprintf(&b, ": %v", e.Err)
	}
	if e.Status == http.StatusUnauthorized && e.Err == nil {
		b.WriteString(" (is the token still good? Issue one on the portal: menu on your user name, トークン発行)")
	}
	if e.Ambiguous {
		b.WriteString(" (it may have been carried out all the same: look at the portal before repeating it)")
	}
	return b.String()
}

// Unwrap returns the cause below.
func (e *Error) Unwrap() error { return e.Err }

// IsNotFound tells whether err says that the object does not exist. From [Client.VM] it is proof; from
// any other call a single 404 may be the portal under load (PORTAL.md §8).
func IsNotFound(err error) bool { return hasStatus(err, http.StatusNotFound, http.StatusGone) }

// IsConflict tells whether err says that the object's state, or another object, is in the way.
func IsConflict(err error) bool { return hasStatus(err, http.StatusConflict) }

// IsUnauthorized tells whether err says that the token is missing, wrong or expired, or that its owner
// may not do this.
func IsUnauthorized(err error) bool {
	return hasStatus(err, http.StatusUnauthorized, http.StatusForbidden)
}

// IsOverloaded tells whether err says that the portal is too busy or down for the moment.
func IsOverloaded(err error) bool {
	return hasStatus(err, http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusBadGateway,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout) ||
		errors.Is(err, errMaintenance) || errors.Is(err, errContradiction)
}

// IsAmbiguous tells whether err, or one of the errors that it joins, is about a change that may have been
// carried out. Ask the portal before sending it again.
func IsAmbiguous(err error) bool {
	if e, ok := err.(*Error); ok && e.Ambiguous { //nolint:errorlint // what it wraps is looked at below
		return true
	}
	switch err := err.(type) { //nolint:errorlint // this walks the tree
	case interface{ Unwrap() error }:
		return IsAmbiguous(err.Unwrap())
	case interface{ Unwrap() []error }:
		return slices.ContainsFunc(err.Unwrap(), IsAmbiguous)
	}
	return false
}

// mayPass tells whether asking again later may do better.
func mayPass(err error) bool {
	return isOutage(err) || IsNotFound(err)
}

// isOutage tells whether err is of a request that was repeated in vain, or that no answer came to: asking
// again at once will do no better.
func isOutage(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && (e.Status == 0 || e.Status/100 == 2 || IsOverloaded(err))
}

func hasStatus(err error, codes ...int) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && slices.Contains(codes, e.Status)
}

// errMaintenance is the cause when a page for people came where JSON was due.
var errMaintenance = errors.New("the portal sent a web page in place of data: maintenance?")

// message reads the portal's words out of an error's body, whatever its shape: {"detail": ...},
// {"field": [...]}, a list, bare text or an HTML page (PORTAL.md §1).
//
// Both come without secrets. They are taken out before a message is shortened: half a token would not be known as one.
func (m *masker) message(body []byte) (message string, fields map[string][]string) {
	text := strings.TrimSpace(string(body))
	if looksLikeHTML(body) {
		return m.title(body), nil
	}
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		return shorten(m.text(text)), nil
	}
	object, ok := value.(map[string]any)
	if !ok {
		return shorten(m.text(strings.Join(flattenText(value), "; "))), nil
	}
	var parts []string
	for _, key := range slices.Sorted(maps.Keys(object)) {
		texts := flattenText(object[key])
		switch key {
		case "detail", "message", "error", "error_message", "non_field_errors":
			parts = append(parts, texts...)
		default:
			if fields == nil {
				fields = map[string][]string{}
			}
			for i := range texts {
				texts[i] = m.text(texts[i])
			}
			fields[key] = texts
			parts = append(parts, key+": "+strings.Join(texts, ", "))
		}
	}
	return shorten(m.text(strings.Join(parts, "; "))), fields
}

// flattenText lists the scalars in a JSON value.
func flattenText(value any) []string {
	switch v := value.(type) {
	case nil:
		return nil
	case []any:
		var out []string
		for _, item := range v {
			out = append(out, flattenText(item)...)
		}
		return out
	case map[string]any:
		var out []string
		for _, key := range slices.Sorted(maps.Keys(v)) {
			out = append(out, key+": "+strings.Join(flattenText(v[key]), ", "))
		}
		return out
	default:
		return []string{fmt.Sprint(v)}
	}
}

func looksLikeHTML(body []byte) bool {
	head := strings.ToLower(strings.TrimSpace(string(body[:min(len(body), 256)])))
	return strings.HasPrefix(head, "<!doctype html") || strings.HasPrefix(head, "<html")
}

var titlePattern = regexp.MustCompile(`(?is)<title[^>]*>(.*?)</title>`)

// title is what a web page says it is.
func (m *masker) title(body []byte) string {
	match := titlePattern.FindSubmatch(body)
	if match == nil {
		return ""
	}
	return shorten(m.text(strings.Join(strings.Fields(html.UnescapeString(string(match[1]))), " ")))
}

// shorten keeps a message at a length that a person reads.
func shorten(s string) string {
	const limit = 500
	if runes := []rune(s); len(runes) > limit {
		return string(runes[:limit]) + "…"
	}
	return s
}
